import type {
  Curves,
  Estimate,
  LeaderboardRow,
  MetricName,
} from "../protocol/leaderboard.ts";
import type { TrialState } from "../protocol/views.ts";
import { estimate, moments, round6 } from "./statistics.ts";
import type { PointData } from "./study_data.ts";
import type { TrialFigures } from "./trial_figures.ts";

/** A row but for what takes the other points to know. */
export type RowFigures = Omit<LeaderboardRow, "probabilityBest">;

const curveNames = ["trainLoss", "trainAccuracy", "testAccuracy"] as const;

function metricEstimate(
  trained: readonly TrialFigures[],
  metric: MetricName,
): Estimate {
  const values: number[] = [];
  for (const { metrics } of trained) {
    const value = metrics[metric];
    if (!Number.isNaN(value)) values.push(value);
  }
  if (metric === "epochsToHalf" && values.length < trained.length) {
    // The mean over those that got there would flatter the point.
    return { n: values.length, mean: null, sd: null, low: null, high: null };
  }
  return estimate(values);
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
  // Accepted results of one recipe have the same epochs; if one were short, a
  // mean over fewer replicates would make a jump, so the curves end there.
  const epochs = Math.min(
    ...trained.map(({ curves: { trainLoss } }) => trainLoss.length),
  );
  const values: number[] = [];
  for (const name of curveNames) {
    for (let epoch = 0; epoch < epochs; epoch++) {
      trained.forEach(({ curves }, index) => {
        values[index] = curves[name][epoch] ?? NaN;
      });
      const { mean, sd } = moments(values);
      curves[name].push(round6(mean));
      if (values.length > 1) curveSds[name].push(round6(sd));
    }
  }
  return { curves, curveSds };
}

/** Sums up the replicates of one grid point. */
export function aggregateRow({ params, cells }: PointData): RowFigures {
  const done = cells.map(({ figures }) => figures)
    .filter((figures) => figures !== null);
  const trained = done.filter(({ diverged }) => !diverged);
  const count = (state: TrialState) =>
    cells.filter((cell) => cell.state === state).length;
  const metrics = (name: MetricName) => metricEstimate(trained, name);
  return {
    params,
    replicatesPlanned: cells.length,
    replicatesDone: done.length,
    // As in the study's progress: what is being verified is not to go any more.
    replicatesRunning: count("leased") + count("verifying"),
    replicatesQuarantined: count("quarantined"),
    diverged: done.length - trained.length,
    checksPassed: done.filter(({ passedChecks }) => passedChecks).length,
    metrics: {
      trainLoss: metrics("trainLoss"),
      trainAccuracy: metrics("trainAccuracy"),
      testAccuracy: metrics("testAccuracy"),
      testLoss: metrics("testLoss"),
      generalisationGap: metrics("generalisationGap"),
      trainLossDropoutOff: metrics("trainLossDropoutOff"),
      lossArea: metrics("lossArea"),
      epochsToHalf: metrics("epochsToHalf"),
      testAccuracyFluctuation: metrics("testAccuracyFluctuation"),
    },
    ...curvesOf(trained),
  };
}

/**
 * The leaderboard's order: by mean final training loss; points with a diverged
 * replicate after all that trained, points without a result last.
 */
export function compareRows(a: RowFigures, b: RowFigures): number {
  const group = (row: RowFigures) =>
    row.replicatesDone === 0 ? 2 : row.diverged > 0 ? 1 : 0;
  const loss = (row: RowFigures) => row.metrics.trainLoss.mean ?? Infinity;
  const [lossA, lossB] = [loss(a), loss(b)];
  return group(a) - group(b) ||
    (lossA === lossB ? 0 : lossA - lossB) ||
    a.params.dropout1 - b.params.dropout1 ||
    a.params.dropout2 - b.params.dropout2;
}
