import type { Curves } from "../../protocol/leaderboard.ts";
import { byMetric, type MetricName, metrics } from "../../protocol/metrics.ts";
import type { Params } from "../../protocol/study.ts";
import { d2lChecks, type TrialResult } from "../../protocol/training.ts";
import type { TrialState } from "../../protocol/views.ts";

/** One replicate of a grid point. */
export interface Cell {
  readonly state: TrialState;
  /** Null until a result is accepted. */
  readonly figures: TrialFigures | null;
}

/**
 * A grid point and its replicates, by number. It is immutable: a change makes a
 * new object, so that results can be cached by the object.
 */
export interface PointData {
  readonly params: Params;
  readonly cells: readonly Cell[];
}

/** 1 where a lower figure is the better one, else -1. */
export function signOf(metric: MetricName): 1 | -1 {
  return metrics[metric].better === "lower" ? 1 : -1;
}

/**
 * The point with one replicate changed. The cache of the old point moves to the
 * new one and is updated for that replicate: reading hundreds of replicates
 * again would be most of a leaderboard's work. The old point stays valid; it
 * fills its cache again when it is asked.
 */
export function withCell(
  point: PointData,
  replicate: number,
  cell: Cell,
): PointData {
  const { params, cells } = point;
  const changed = { params, cells: cells.with(replicate, cell) };
  const known = kept.get(point);
  if (known === undefined) return changed;
  kept.delete(point);
  kept.set(changed, known);
  known.diverged += Number(hasDiverged(cell)) -
    Number(hasDiverged(cells[replicate]));
  for (const [metric, column] of known.columns) {
    column[replicate] = valueOf(cell, metric);
  }
  return changed;
}

const hasDiverged = (cell: Cell | undefined) =>
  cell?.figures?.diverged ?? false;

function valueOf({ figures }: Cell, metric: MetricName): number {
  if (figures === null) return NaN;
  if (!figures.diverged) return figures.metrics[metric];
  return signOf(metric) * Infinity;
}

/** Whether the loss of some replicate stopped being finite. */
export function diverged(point: PointData): boolean {
  return keptOf(point).diverged > 0;
}

/**
 * A metric by replicate: NaN without a figure, infinitely bad if the replicate
 * diverged.
 */
export function valuesOf(
  point: PointData,
  metric: MetricName,
): readonly number[] {
  const { columns } = keptOf(point);
  let column = columns.get(metric);
  if (column === undefined) {
    column = point.cells.map((cell) => valueOf(cell, metric));
    columns.set(metric, column);
  }
  return column;
}

interface Kept {
  /** Number of replicates that diverged. */
  diverged: number;
  readonly columns: Map<MetricName, number[]>;
}

/** Cached, because each result makes the analysis read every point again. */
const kept = new WeakMap<PointData, Kept>();

function keptOf(point: PointData): Kept {
  let found = kept.get(point);
  if (found === undefined) {
    found = {
      diverged: point.cells.filter(hasDiverged).length,
      columns: new Map(),
    };
    kept.set(point, found);
  }
  return found;
}

/** `sign * (a - b)` by replicate, without replicates that one side lacks. */
export function paired(
  a: readonly number[],
  b: readonly number[],
  sign: 1 | -1 = 1,
): number[] {
  const differences: number[] = [];
  for (let replicate = 0; replicate < a.length; replicate++) {
    const difference = (a[replicate] ?? NaN) - (b[replicate] ?? NaN);
    if (!Number.isNaN(difference)) differences.push(sign * difference);
  }
  return differences;
}

/** Mean over points, replicate by replicate; NaN where one point lacks it. */
export function meanOver(columns: readonly (readonly number[])[]): number[] {
  const sums = new Float64Array(columns[0]?.length ?? 0);
  for (const values of columns) {
    for (let replicate = 0; replicate < sums.length; replicate++) {
      sums[replicate] = (sums[replicate] ?? 0) + (values[replicate] ?? NaN);
    }
  }
  return Array.from(sums, (sum) => sum / columns.length);
}

/** What the analysis keeps of a trial's result. */
export interface TrialFigures {
  readonly diverged: boolean;
  /** NaN where the trial does not yield the metric; all NaN if it diverged. */
  readonly metrics: Readonly<Record<MetricName, number>>;
  /** All three of d2l's checks. */
  readonly passedChecks: boolean;
  /** d2l's check of the training loss alone. */
  readonly passedLossCheck: boolean;
  readonly curves: Curves;
}

const nothing = byMetric(() => NaN);

/** Works out the metrics of one trial from its epochs. */
export function trialFigures(result: TrialResult): TrialFigures {
  const { epochs } = result;
  const curves: Curves = {
    trainLoss: epochs.map(({ trainLoss }) => trainLoss),
    trainAccuracy: epochs.map(({ trainAccuracy }) => trainAccuracy),
    testAccuracy: epochs.map(({ testAccuracy }) => testAccuracy),
  };
  const last = epochs.at(-1);
  if (result.outcome === "diverged" || last === undefined) {
    return {
      diverged: result.outcome === "diverged",
      metrics: nothing,
      passedChecks: false,
      passedLossCheck: false,
      curves,
    };
  }
  const checks = d2lChecks(last);
  return {
    diverged: false,
    metrics: byMetric((_, metric) => metric.of(epochs)),
    passedChecks: checks.trainLoss && checks.trainAccuracy &&
      checks.testAccuracy,
    passedLossCheck: checks.trainLoss,
    curves,
  };
}
