import type { Params } from "../../../protocol/study.ts";
import { parsePoint, pointKey, ratesOf } from "../../../protocol/grid_point.ts";

export { parsePoint, pointKey };

/** As people read it: `(0.2, 0.5)`. */
export function pointLabel(params: Params): string {
  return `(${params.dropout1}, ${params.dropout2})`;
}

/** Curves drawn at once: as many colours as the eye tells apart. */
export const MAX_CHOSEN = 8;

/**
 * The points whose curves are shown before anybody chose: up to four, spread
 * evenly from the lowest rates to the highest. It looks at the rates alone, so
 * that the choice stays while results come in.
 */
export function defaultPoints(points: readonly Params[]): string[] {
  const sumOf = (params: Params) => {
    const { dropout1, dropout2 } = ratesOf(params);
    return dropout1 + dropout2;
  };
  const sorted = points.toSorted((a, b) =>
    sumOf(a) - sumOf(b) || ratesOf(a).dropout1 - ratesOf(b).dropout1
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

/** Adds the point, or takes it out; at the limit the oldest makes room. */
export function togglePoint(chosen: readonly string[], key: string): string[] {
  if (chosen.includes(key)) return chosen.filter((other) => other !== key);
  return [...chosen, key].slice(-MAX_CHOSEN);
}

/**
 * Gives each chosen point one of the colours 0 … MAX_CHOSEN - 1. A point keeps
 * its colour for as long as it is chosen.
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
