import type {
  Leaderboard,
  LeaderboardRow,
  Progress,
  SeedRemark,
  Swap,
} from "../../protocol/leaderboard.ts";
import { axesOf, pointKey } from "../../protocol/grid_point.ts";
import type { TrialId } from "../../protocol/ids.ts";
import { byRankedMetric, type RankedMetric } from "../../protocol/metrics.ts";
import type {
  Params,
  StudyDefinition,
  TrialSpec,
} from "../../protocol/study.ts";
import type { TrialResult } from "../../protocol/training.ts";
import type { TrialState } from "../../protocol/views.ts";
import {
  aggregateRow,
  byReplicate,
  compareRows,
  type RowFigures,
} from "./aggregate.ts";
import { checkRemarks } from "./remarks.ts";
import type { JudgedClaim } from "./claims/claim.ts";
import { type BestByMetric, judgeClaims } from "./claims/judge.ts";
import { swapsOf } from "./claims/swapped_pairs.ts";
import { probabilityBest } from "./statistics/probability_best.ts";
import { round6 } from "./statistics/statistics.ts";
import {
  type Cell,
  diverged,
  type PointData,
  signOf,
  trialFigures,
  valuesOf,
  withCell,
} from "./study_data.ts";
import { verdictOf } from "./claims/verdict.ts";
import { summaryWords } from "./summary.ts";

/** Where a trial stands, and its accepted result if it has one. */
export interface TrialOutcome {
  /** The trial's state. */
  readonly state: TrialState;
  /** Null until a result is accepted. */
  readonly result: TrialResult | null;
}

/**
 * Keeps a study's figures up to date. A change costs only the work of its grid
 * point; verdicts are computed again when a leaderboard is asked for after a new
 * result.
 */
export interface Analyser {
  /**
   * Records a trial's new state and result.
   *
   * @throws {RangeError} for a trial that is not of this study.
   */
  set(trialId: TrialId, outcome: TrialOutcome): void;
  /** The leaderboard of what has been set so far. */
  leaderboard(progress: Progress, revision: number): Leaderboard;
}

const queued: Cell = { state: "queued", figures: null };

/** Each point's probability of being best, by metric; null: not ranked. */
function bestByMetric(points: readonly PointData[]): BestByMetric {
  const forMetric = (metric: RankedMetric) => {
    const sign = signOf(metric);
    const columns = points.map((point) => {
      if (diverged(point)) return [];
      const values = valuesOf(point, metric);
      return sign === 1 ? values : values.map((value) => -value);
    });
    const ranked: number[] = [];
    columns.forEach((column, index) => {
      let found = 0;
      for (const value of column) if (!Number.isNaN(value)) found += 1;
      if (found >= 2) ranked.push(index);
    });
    const found: (number | null)[] = points.map((point) =>
      diverged(point) && ranked.length >= 2 ? 0 : null
    );
    if (ranked.length >= 2) {
      const probabilities = probabilityBest(
        ranked.map((index) => columns[index] ?? []),
      );
      ranked.forEach((index, rank) => {
        found[index] = round6(probabilities[rank] ?? 0);
      });
    }
    return found;
  };
  return byRankedMetric(forMetric);
}

/** The parts of a leaderboard that only a new result changes. */
interface Findings {
  readonly best: BestByMetric;
  readonly judged: readonly JudgedClaim[];
  readonly swaps: Swap[];
  readonly remarks: SeedRemark[];
}

function findingsOf(
  definition: StudyDefinition,
  points: readonly PointData[],
): Findings {
  const best = bestByMetric(points);
  return {
    best,
    judged: judgeClaims(points, best),
    swaps: swapsOf(points),
    remarks: checkRemarks(definition, points),
  };
}

/** The points of these trials, all queued, and each trial's place. */
function laidOut(trials: readonly TrialSpec[]) {
  const points: { params: Params; cells: Cell[] }[] = [];
  const byKey = new Map<string, number>();
  const places = new Map<TrialId, { index: number; replicate: number }>();
  for (const { trialId, params, replicate } of trials) {
    const key = pointKey(params);
    let index = byKey.get(key);
    if (index === undefined) {
      byKey.set(key, index = points.length);
      points.push({ params, cells: [] });
    }
    const cells = points[index]?.cells ?? [];
    while (cells.length <= replicate) cells.push(queued);
    places.set(trialId, { index, replicate });
  }
  return { points: points as PointData[], places };
}

/** Most trials that a chart draws one by one; more would hide each other. */
const MOST_DRAWN = 2_000;

/**
 * An analyser of a planned study, all of whose trials are still queued.
 *
 * @param trials as `planStudy` lays them out
 */
export function createAnalyser(
  definition: StudyDefinition,
  trials: readonly TrialSpec[],
): Analyser {
  const { points, places } = laidOut(trials);
  const axes = axesOf(points.map(({ params }) => params));
  const rowOf = new WeakMap<PointData, RowFigures>();
  // A chart of a single axis draws every replicate; no other chart does.
  const drawn = axes.length === 1 && trials.length <= MOST_DRAWN;
  let findings: Findings | null = null;

  return {
    set(trialId, { state, result }) {
      const place = places.get(trialId);
      if (place === undefined) {
        throw new RangeError(
          `no such trial: ${trialId}; study ${definition.id} did not plan it`,
        );
      }
      const { index, replicate } = place;
      const point = points[index];
      const before = point?.cells[replicate] ?? queued;
      // A trial has one accepted result, so a later call repeats it.
      const figures = result === null
        ? null
        : before.figures ?? trialFigures(result);
      if (before.state === state && before.figures === figures) return;
      if (point !== undefined) {
        points[index] = withCell(point, replicate, { state, figures });
      }
      const counts = (cell: Cell) =>
        cell.figures !== null || cell.state === "quarantined";
      if (counts(before) || counts({ state, figures })) findings = null;
    },

    leaderboard(progress, revision) {
      findings ??= findingsOf(definition, [...points]);
      const { best, judged, swaps, remarks } = findings;
      const rows = points.map((point, index): LeaderboardRow => {
        let row = rowOf.get(point);
        if (row === undefined) {
          row = aggregateRow(point);
          if (drawn) row = { ...row, byReplicate: byReplicate(point) };
          rowOf.set(point, row);
        }
        return {
          ...row,
          probabilityBest: byRankedMetric((name) => best[name][index] ?? null),
        };
      }).sort(compareRows);
      const { id, title, dataset, replicates, seed, recipe } = definition;
      return {
        study: {
          id,
          title,
          dataset: typeof dataset === "string" ? dataset : dataset.name,
          replicates,
          seed,
          recipe,
          axes: [...axes],
        },
        progress,
        rows,
        verdicts: judged.map((entry) => verdictOf(entry, progress)),
        swaps,
        remarks,
        summary: summaryWords(definition, axes, rows, judged, progress),
        revision,
      };
    },
  };
}
