import type {
  LeaderboardRow,
  MetricName,
} from "../../../protocol/leaderboard.ts";
import type { Params } from "../../../protocol/recipe.ts";
import {
  axisValues,
  formatValue,
  type RecipeFieldName,
  type RecipeValue,
} from "./axes.ts";
import { pointKey } from "./points.ts";
import type { ViewState } from "./view_state.ts";

/** What a chart shows for a grid point. */
export type CellState =
  /** The point has a figure. */
  | "value"
  /** The point has no figure yet, and workers train it. */
  | "running"
  | "queued"
  /** The point diverged or was set aside, so it gets no figure. */
  | "failed"
  /** The point was trained, but its results do not contain this metric. */
  | "none";

/** Signs that replace figures. */
export const stateSigns: Readonly<Record<CellState, string>> = {
  value: "",
  running: "…",
  queued: "·",
  failed: "×",
  none: "–",
};

export interface HeatmapCell {
  readonly key: string;
  readonly row: LeaderboardRow;
  readonly state: CellState;
  readonly value: number | null;
  /** Step of the colour scale, 0 … HEAT_STEPS - 1; null without a value. */
  readonly step: number | null;
}

/** A side of the heatmap: an axis and its values, in order. */
export interface HeatmapSide {
  readonly axis: RecipeFieldName;
  readonly values: readonly RecipeValue[];
}

/** An axis that is not drawn. The heatmap shows the points with `value`. */
export interface HeldAxis extends HeatmapSide {
  readonly value: RecipeValue;
}

export interface Heatmap {
  readonly down: HeatmapSide;
  readonly across: HeatmapSide;
  readonly held: readonly HeldAxis[];
  /** By row and column; null if the study does not have the point. */
  readonly cells: readonly (readonly (HeatmapCell | null)[])[];
  /** Smallest and largest value of the study's points; null without values. */
  readonly extent: readonly [number, number] | null;
}

export const HEAT_STEPS = 9;

/** Maximum number of labels along a side. */
export const MOST_LABELS = 12;

/** Whether a side with `count` labels shows the one at `index`. */
export function isLabelShown(index: number, count: number): boolean {
  return index % Math.ceil(count / MOST_LABELS) === 0;
}

/**
 * Arranges a study's grid points by two of its axes; null if it has fewer axes.
 * Points are never averaged: each other axis is fixed at one value.
 */
export function heatmapOf(
  rows: readonly LeaderboardRow[],
  axes: readonly RecipeFieldName[],
  { metric, down, across, slice }: Pick<
    ViewState,
    "metric" | "down" | "across" | "slice"
  >,
): Heatmap | null {
  const points = rows.map(({ params }) => params);
  const side = (axis: RecipeFieldName): HeatmapSide => ({
    axis,
    values: axisValues(points, axis),
  });
  const drawn = axes.filter((axis) => axis === down || axis === across);
  const wanted = (axis: RecipeFieldName | null, other: typeof axis) =>
    axes.find((one) => one === axis) ??
      axes.find((one) => !drawn.includes(one) && one !== other);
  const first = wanted(down, null);
  const second = wanted(across === down ? null : across, first ?? null);
  if (first === undefined || second === undefined || rows.length === 0) {
    return null;
  }
  const held = axes.filter((axis) => axis !== first && axis !== second)
    .map((axis): HeldAxis => {
      const { values } = side(axis);
      const chosen = slice?.[axis];
      const value = chosen !== undefined &&
          values.some((one) => formatValue(one) === formatValue(chosen))
        ? chosen
        : mostFrequent(points, axis, values);
      return { axis, values, value };
    });
  const means = rows.map((row) => valueOf(row, metric))
    .filter((mean) => mean !== null);
  const extent = means.length === 0 ? null : [
    means.reduce((a, b) => Math.min(a, b)),
    means.reduce((a, b) => Math.max(a, b)),
  ] as const;
  const byKey = new Map(rows.map((row) => [pointKey(row.params), row]));
  const [rowsOf, columns] = [side(first), side(second)];
  const base = Object.fromEntries(held.map(({ axis, value }) => [axis, value]));
  const cellOf = (params: Params): HeatmapCell | null => {
    const key = pointKey(params);
    const row = byKey.get(key);
    if (row === undefined) return null;
    const value = valueOf(row, metric);
    return {
      key,
      row,
      state: stateOf(row, metric),
      value,
      step: value === null || extent === null ? null : heatStep(value, extent),
    };
  };
  return {
    down: rowsOf,
    across: columns,
    held,
    cells: rowsOf.values.map((one) =>
      columns.values.map((other) =>
        cellOf({ ...base, [first]: one, [second]: other })
      )
    ),
    extent,
  };
}

/** The most frequent value: a study may list points instead of a full grid. */
function mostFrequent(
  points: readonly Params[],
  axis: RecipeFieldName,
  values: readonly RecipeValue[],
): RecipeValue {
  const counts = new Map<string, number>();
  for (const { [axis]: value } of points) {
    if (value === undefined) continue;
    const text = formatValue(value);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  const count = (value: RecipeValue) => counts.get(formatValue(value)) ?? 0;
  return values.reduce((a, b) => count(b) > count(a) ? b : a);
}

/** The step of a value between the ends; the middle one if they are equal. */
export function heatStep(
  value: number,
  [low, high]: readonly [number, number],
): number {
  if (low === high) return Math.floor(HEAT_STEPS / 2);
  const step = Math.floor((value - low) / (high - low) * HEAT_STEPS);
  return Math.min(HEAT_STEPS - 1, Math.max(0, step));
}

/** The mean; null if a replicate diverged. */
export function valueOf(
  row: LeaderboardRow,
  metric: MetricName,
): number | null {
  return row.diverged > 0 ? null : row.metrics[metric].mean;
}

/** What to show for a point and a metric. */
export function stateOf(row: LeaderboardRow, metric: MetricName): CellState {
  if (valueOf(row, metric) !== null) return "value";
  if (row.diverged > 0) return "failed";
  if (row.replicatesDone > 0) return "none";
  if (row.replicatesRunning > 0) return "running";
  return row.replicatesQuarantined > 0 &&
      row.replicatesQuarantined >= row.replicatesPlanned
    ? "failed"
    : "queued";
}
