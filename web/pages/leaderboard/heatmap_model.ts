import { ratesOf } from "../../../protocol/grid_point.ts";
import type {
  LeaderboardRow,
  MetricName,
} from "../../../protocol/leaderboard.ts";
import { pointKey } from "./points.ts";

/** What a cell of the heatmap is. */
export type CellState =
  /** It has a figure. */
  | "value"
  /** No figure yet, and somebody trains it. */
  | "running"
  | "queued"
  /** No figure that counts, and none to come: diverged or set aside. */
  | "failed"
  /** Trained, but not so that it yields this figure. */
  | "none";

export interface HeatmapCell {
  readonly key: string;
  readonly row: LeaderboardRow;
  readonly state: CellState;
  readonly value: number | null;
  /** Step of the colour scale, 0 … HEAT_STEPS - 1; null without a value. */
  readonly step: number | null;
}

export interface Heatmap {
  /** Rates along each side, ascending: rows are dropout1, columns dropout2. */
  readonly rates1: readonly number[];
  readonly rates2: readonly number[];
  /** By point key; a pair that is not in the study is absent. */
  readonly cells: ReadonlyMap<string, HeatmapCell>;
  /** Ends of the colour scale; null while there is no value. */
  readonly extent: readonly [number, number] | null;
}

export const HEAT_STEPS = 9;

/** Lays the grid points out by their rates, with a colour step for each. */
export function heatmapOf(
  rows: readonly LeaderboardRow[],
  metric: MetricName,
): Heatmap {
  const values = rows.map((row) => valueOf(row, metric))
    .filter((mean) => mean !== null);
  const extent = values.length === 0 ? null : [
    values.reduce((a, b) => Math.min(a, b)),
    values.reduce((a, b) => Math.max(a, b)),
  ] as const;
  const cells = rows.map((row): HeatmapCell => {
    const value = valueOf(row, metric);
    return {
      key: pointKey(row.params),
      row,
      state: value !== null ? "value" : stateOf(row),
      value,
      step: value === null || extent === null ? null : heatStep(value, extent),
    };
  });
  return {
    rates1: ascending(rows.map((row) => ratesOf(row.params).dropout1)),
    rates2: ascending(rows.map((row) => ratesOf(row.params).dropout2)),
    cells: new Map(cells.map((cell) => [cell.key, cell])),
    extent,
  };
}

/** The step of a value between the ends; in the middle where they are one. */
export function heatStep(
  value: number,
  [low, high]: readonly [number, number],
): number {
  if (low === high) return Math.floor(HEAT_STEPS / 2);
  const step = Math.floor((value - low) / (high - low) * HEAT_STEPS);
  return Math.min(HEAT_STEPS - 1, Math.max(0, step));
}

/** A replicate that diverged is not averaged away: the point has no figure. */
function valueOf(row: LeaderboardRow, metric: MetricName): number | null {
  return row.diverged > 0 ? null : row.metrics[metric].mean;
}

function stateOf(row: LeaderboardRow): CellState {
  if (row.diverged > 0) return "failed";
  if (row.replicatesDone > 0) return "none";
  if (row.replicatesRunning > 0) return "running";
  return row.replicatesQuarantined > 0 &&
      row.replicatesQuarantined >= row.replicatesPlanned
    ? "failed"
    : "queued";
}

function ascending(values: readonly number[]): number[] {
  return [...new Set(values)].toSorted((a, b) => a - b);
}
