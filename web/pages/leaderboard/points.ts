import {
  parsePoint,
  pointKey,
  pointText,
} from "../../../protocol/grid_point.ts";
import type { Params } from "../../../protocol/recipe.ts";
import { localized } from "../../components/language.ts";
import { axesOf, axisValues, formatValue, pointOrder } from "./axes.ts";

export { parsePoint, pointKey };

/** The label of a grid point: `(0.2, 0.5)`, `learning rate = 0.1`. */
export function pointLabel(params: Params): string {
  return localized(pointText(params));
}

/** Maximum number of curves. More colours would be hard to tell apart. */
export const MAX_CHOSEN = 8;

/**
 * The points whose curves are shown by default: up to four, evenly spread from
 * the lowest values to the highest. The choice depends only on the axes, so it
 * stays the same when results arrive.
 */
export function defaultPoints(points: readonly Params[]): string[] {
  // Each axis has the same weight: its values become places from 0 to 1.
  const axes = axesOf(points);
  const places = axes.map((axis) => {
    const values = axisValues(points, axis);
    const most = values.at(-1);
    const place = new Map(values.map((value, i) => [
      formatValue(value),
      typeof value === "number" && typeof most === "number" && most > 0
        ? value / most
        : i / Math.max(1, values.length - 1),
    ]));
    return ({ [axis]: value }: Params) =>
      value === undefined ? 0 : place.get(formatValue(value)) ?? 0;
  });
  const height = (point: Params) =>
    Math.round(1e9 * places.reduce((sum, of) => sum + of(point), 0));
  const order = pointOrder(axes);
  const sorted = points.toSorted((a, b) =>
    height(a) - height(b) || order(a, b)
  );
  const count = Math.min(4, sorted.length);
  const chosen = Array.from({ length: count }, (_, i) => {
    const at = count === 1
      ? 0
      : Math.round(i * (sorted.length - 1) / (count - 1));
    return sorted[at];
  });
  return chosen.filter((params) => params !== undefined).map(pointKey);
}

/** Adds or removes a point; at the limit, the oldest one is removed. */
export function togglePoint(chosen: readonly string[], key: string): string[] {
  if (chosen.includes(key)) return chosen.filter((other) => other !== key);
  return [...chosen, key].slice(-MAX_CHOSEN);
}

/**
 * Gives each chosen point one of the colours 0 … MAX_CHOSEN - 1. A point keeps
 * its colour while it is chosen.
 */
export function assignColours(
  chosen: readonly string[],
  before: ReadonlyMap<string, number>,
): Map<string, number> {
  const kept = new Map(
    chosen.flatMap((key) => {
      const colour = before.get(key);
      return colour === undefined ? [] : [[key, colour] as const];
    }),
  );
  const taken = new Set(kept.values());
  const free = Array.from({ length: MAX_CHOSEN }, (_, i) => i)
    .filter((colour) => !taken.has(colour));
  for (const key of chosen) {
    if (!kept.has(key)) kept.set(key, free.shift() ?? 0);
  }
  return kept;
}
