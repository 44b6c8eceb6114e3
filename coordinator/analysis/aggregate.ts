import type {
  Curves,
  Estimate,
  LeaderboardRow,
} from "../../protocol/leaderboard.ts";
import { byMetric, type MetricName, metrics } from "../../protocol/metrics.ts";
import { type Params, recipeFieldNames } from "../../protocol/recipe.ts";
import type { TrialState } from "../../protocol/views.ts";
import {
  columnMoments,
  estimateOf,
  finiteMoments,
  noEstimate,
  round6,
} from "./statistics/statistics.ts";
import { type PointData, type TrialFigures, valuesOf } from "./study_data.ts";

/** A row without the figures that depend on other points. */
export type RowFigures = Omit<LeaderboardRow, "probabilityBest">;

const curveNames = ["trainLoss", "trainAccuracy", "testAccuracy"] as const;

/** @param trained Number of replicates that trained to their end. */
function metricEstimate(
  point: PointData,
  metric: MetricName,
  trained: number,
): Estimate {
  const sample = finiteMoments(valuesOf(point, metric));
  const { n } = sample;
  return metrics[metric].needsAll && n < trained
    ? noEstimate(n)
    : estimateOf(sample);
}

const noCurves = (): Curves => ({
  trainLoss: [],
  trainAccuracy: [],
  testAccuracy: [],
});

/** Means and standard deviations over replicates by epoch. */
function curvesOf(trained: readonly TrialFigures[]) {
  const [curves, curveSds] = [noCurves(), noCurves()];
  if (trained.length === 0) return { curves, curveSds };
  // Results of one point have the same epochs. If one were short, a mean over
  // fewer replicates would make a jump, so the curves end there.
  const epochs = Math.min(
    ...trained.map(({ curves: { trainLoss } }) => trainLoss.length),
  );
  for (const name of curveNames) {
    const byEpoch = columnMoments(
      trained.map((one) => one.curves[name]),
      epochs,
    );
    for (const { n, mean, sd } of byEpoch) {
      curves[name].push(round6(mean));
      if (n > 1) curveSds[name].push(round6(sd));
    }
  }
  return { curves, curveSds };
}

/** Sums up the replicates of one grid point. */
export function aggregateRow(point: PointData): RowFigures {
  const { params, cells } = point;
  const trained: TrialFigures[] = [];
  let [done, passed] = [0, 0];
  const states: Record<TrialState, number> = {
    queued: 0,
    leased: 0,
    verifying: 0,
    completed: 0,
    quarantined: 0,
  };
  for (const { state, figures } of cells) {
    states[state] += 1;
    if (figures === null) continue;
    done += 1;
    if (figures.passedChecks) passed += 1;
    if (!figures.diverged) trained.push(figures);
  }
  return {
    params,
    replicatesPlanned: cells.length,
    replicatesDone: done,
    // As in the study's progress, a trial being verified counts as running.
    replicatesRunning: states.leased + states.verifying,
    replicatesQuarantined: states.quarantined,
    diverged: done - trained.length,
    checksPassed: passed,
    metrics: byMetric((name) => metricEstimate(point, name, trained.length)),
    ...curvesOf(trained),
  };
}

/** Each metric by replicate; null where there is no figure, or it diverged. */
export function byReplicate(point: PointData): LeaderboardRow["byReplicate"] {
  return byMetric((name) =>
    valuesOf(point, name).map((value) =>
      Number.isFinite(value) ? round6(value) : null
    )
  );
}

/**
 * The leaderboard's order: by mean final training loss, then points with a
 * diverged replicate, then points without a result.
 */
export function compareRows(a: RowFigures, b: RowFigures): number {
  const group = (row: RowFigures) =>
    row.replicatesDone === 0 ? 2 : row.diverged > 0 ? 1 : 0;
  const loss = (row: RowFigures) => row.metrics.trainLoss.mean ?? Infinity;
  const [lossA, lossB] = [loss(a), loss(b)];
  return group(a) - group(b) ||
    (lossA === lossB ? 0 : lossA - lossB) ||
    comparePoints(a.params, b.params);
}

/** By each axis in turn: numbers and lists by size, names alphabetically. */
function comparePoints(a: Params, b: Params): number {
  for (const name of recipeFieldNames) {
    const [x, y] = [a[name], b[name]].map((value) => [value ?? []].flat());
    for (const [index, first] of x?.entries() ?? []) {
      const second = y?.[index];
      if (second === undefined || first === second) continue;
      return first < second ? -1 : 1;
    }
  }
  return 0;
}
