import { ratesOf } from "../../../protocol/grid_point.ts";
import {
  type LeaderboardRow,
  MetricName,
} from "../../../protocol/leaderboard.ts";
import { pointKey } from "./points.ts";
import type { SortKey } from "./view_state.ts";

/** What a column sorts by; null where there is no figure yet. */
export function sortValue(row: LeaderboardRow, key: SortKey): number | null {
  switch (key) {
    case "dropout1":
      return ratesOf(row.params).dropout1;
    case "dropout2":
      return ratesOf(row.params).dropout2;
    case "replicates":
      return row.replicatesDone;
    case "checks":
      return row.replicatesDone === 0
        ? null
        : row.checksPassed / row.replicatesDone;
    default:
      return row.metrics[key].mean;
  }
}

/** Rows with a figure first, those that cannot be ranked by it after them. */
function group(row: LeaderboardRow, key: SortKey): number {
  if (sortValue(row, key) === null) return 2;
  // The mean of the replicates that trained would flatter the point.
  return MetricName.safeParse(key).success && row.diverged > 0 ? 1 : 0;
}

/**
 * Keys of the rows in the order to show. Whichever the direction, points with
 * a diverged replicate come after all that trained, as the analysis ranks them,
 * and rows without a figure last; ties go by the two rates, so that the order
 * is always the same.
 */
export function rowOrder(
  rows: readonly LeaderboardRow[],
  key: SortKey,
  descending: boolean,
): string[] {
  const sign = descending ? -1 : 1;
  const ties = (a: LeaderboardRow, b: LeaderboardRow) =>
    ratesOf(a.params).dropout1 - ratesOf(b.params).dropout1 ||
    ratesOf(a.params).dropout2 - ratesOf(b.params).dropout2;
  return rows.toSorted((a, b) => {
    const [x, y] = [sortValue(a, key), sortValue(b, key)];
    return group(a, key) - group(b, key) ||
      sign * ((x ?? 0) - (y ?? 0)) || ties(a, b);
  }).map((row) => pointKey(row.params));
}

/**
 * The order while somebody points at a row: what was there stays where it was,
 * rows that are new come at the end, rows that are gone close up.
 */
export function heldOrder(
  shown: readonly string[],
  wanted: readonly string[],
): string[] {
  const [had, have] = [new Set(shown), new Set(wanted)];
  return [
    ...shown.filter((key) => have.has(key)),
    ...wanted.filter((key) => !had.has(key)),
  ];
}
