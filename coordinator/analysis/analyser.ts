import type {
  Leaderboard,
  LeaderboardRow,
  Progress,
  SeedRemark,
} from "../protocol/leaderboard.ts";
import type { TrialId } from "../protocol/ids.ts";
import type { StudyDefinition, TrialSpec } from "../protocol/study.ts";
import type { TrialResult } from "../protocol/training.ts";
import type { TrialState } from "../protocol/views.ts";
import { aggregateRow, compareRows, type RowFigures } from "./aggregate.ts";
import { checkRemarks } from "./check_remarks.ts";
import type { RankedMetric, rankedMetrics } from "./claims.ts";
import { type BestByMetric, judgeClaims, type JudgedClaim } from "./judge.ts";
import { probabilityBest } from "./probability_best.ts";
import { round6 } from "./statistics.ts";
import {
  type Cell,
  diverged,
  lowerIsBetter,
  type PointData,
  pointKey,
  valuesOf,
} from "./study_data.ts";
import { trialFigures } from "./trial_figures.ts";
import { verdictOf } from "./verdict.ts";
import { summaryWords } from "./words/summary_words.ts";

/** Where a trial stands, and its accepted result if it has one. */
export interface TrialOutcome {
  /** Queued, leased, completed or quarantined. */
  readonly state: TrialState;
  /** Null until a result is accepted. */
  readonly result: TrialResult | null;
}

/**
 * Keeps a study's figures up to date. A change costs the work of its own grid
 * point; verdicts are worked out anew when a leaderboard is asked for and some
 * result has come in since the last one.
 */
export interface Analyser {
  /**
   * Takes over where a trial stands now.
   *
   * @throws {RangeError} for a trial that is not of this study.
   */
  set(trialId: TrialId, outcome: TrialOutcome): void;
  /** The leaderboard of what has been set so far. */
  leaderboard(progress: Progress, revision: number): Leaderboard;
}

interface MutablePoint extends PointData {
  readonly cells: Cell[];
  row: RowFigures | null;
}

const queued: Cell = { state: "queued", figures: null };

/** Of each point, by each metric: null for those that cannot be ranked. */
function bestByMetric(points: readonly PointData[]): BestByMetric {
  const forMetric = (metric: RankedMetric) => {
    const sign = lowerIsBetter[metric] ? 1 : -1;
    const columns = points.map((point) =>
      diverged(point)
        ? []
        : valuesOf(point, metric).map((value) => sign * value)
    );
    const ranked = columns.flatMap((column, index) =>
      column.filter((value) => !Number.isNaN(value)).length >= 2 ? [index] : []
    );
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
  return {
    trainLoss: forMetric("trainLoss"),
    trainLossDropoutOff: forMetric("trainLossDropoutOff"),
    testLoss: forMetric("testLoss"),
    testAccuracy: forMetric("testAccuracy"),
  };
}

function rowProbabilities(best: BestByMetric, index: number) {
  const of = (metric: typeof rankedMetrics[number]) =>
    best[metric][index] ?? null;
  return {
    trainLoss: of("trainLoss"),
    trainLossDropoutOff: of("trainLossDropoutOff"),
    testLoss: of("testLoss"),
    testAccuracy: of("testAccuracy"),
  };
}

/** What only a new result changes. */
interface Findings {
  readonly best: BestByMetric;
  readonly judged: readonly JudgedClaim[];
  readonly remarks: SeedRemark[];
}

/**
 * An analyser of a planned study, all of whose trials are still queued.
 *
 * @param trials as `planStudy` lays them out
 */
export function createAnalyser(
  definition: StudyDefinition,
  trials: readonly TrialSpec[],
): Analyser {
  const points: MutablePoint[] = [];
  const byKey = new Map<string, MutablePoint>();
  const places = new Map<TrialId, { point: MutablePoint; replicate: number }>();
  for (const { trialId, params, replicate } of trials) {
    const key = pointKey(params);
    let point = byKey.get(key);
    if (point === undefined) {
      point = { params, cells: [], row: null };
      byKey.set(key, point);
      points.push(point);
    }
    while (point.cells.length <= replicate) point.cells.push(queued);
    places.set(trialId, { point, replicate });
  }
  let findings: Findings | null = null;

  return {
    set(trialId, { state, result }) {
      const place = places.get(trialId);
      if (place === undefined) {
        throw new RangeError(
          `no such trial: ${trialId}; study ${definition.id} did not plan it`,
        );
      }
      const { point, replicate } = place;
      const before = point.cells[replicate] ?? queued;
      // A result is accepted once; what follows is the same one again.
      const figures = result === null
        ? null
        : before.figures ?? trialFigures(result);
      if (before.state === state && before.figures === figures) return;
      point.cells[replicate] = { state, figures };
      point.row = null;
      const counts = (cell: Cell) =>
        cell.figures !== null || cell.state === "quarantined";
      if (counts(before) || counts({ state, figures })) findings = null;
    },

    leaderboard(progress, revision) {
      if (findings === null) {
        const best = bestByMetric(points);
        findings = {
          best,
          judged: judgeClaims(points, best),
          remarks: checkRemarks(definition, points),
        };
      }
      const { best, judged, remarks } = findings;
      const rows = points.map((point, index): LeaderboardRow => {
        point.row ??= aggregateRow(point);
        return { ...point.row, probabilityBest: rowProbabilities(best, index) };
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
        },
        progress,
        rows,
        verdicts: judged.map((entry) => verdictOf(entry, progress)),
        remarks,
        summary: summaryWords(definition, rows, judged, progress),
        revision,
      };
    },
  };
}
