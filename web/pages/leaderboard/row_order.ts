import {
  type LeaderboardRow,
  MetricName,
} from "../../../protocol/leaderboard.ts";
import {
  type RecipeFieldName,
  recipeFields,
} from "../../../protocol/recipe.ts";
import { axesOf, compareValues, pointOrder, type RecipeValue } from "./axes.ts";
import { pointKey } from "./points.ts";
import type { SortKey } from "./view_state.ts";

/** The figure by which a column sorts; null without one. */
export function sortValue(
  row: LeaderboardRow,
  key: Exclude<SortKey, RecipeFieldName>,
): number | null {
  switch (key) {
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

/** Groups of rows: ranked ones first, then diverged ones, then no figure. */
function group(
  row: LeaderboardRow,
  key: Exclude<SortKey, RecipeFieldName>,
): number {
  if (sortValue(row, key) === null) return 2;
  // The mean leaves out diverged replicates and would rank the point too high.
  return MetricName.safeParse(key).success && row.diverged > 0 ? 1 : 0;
}

/**
 * Keys of the rows in their order. In both directions, points with a diverged
 * replicate come after all others, as in the analysis, and rows without a
 * figure come last. The axes break ties, so that the order is deterministic. An
 * axis that the study does not vary has no effect.
 */
export function rowOrder(
  rows: readonly LeaderboardRow[],
  key: SortKey,
  descending: boolean,
): string[] {
  const sign = descending ? -1 : 1;
  const by = isAxis(key)
    ? (a: LeaderboardRow, b: LeaderboardRow) =>
      sign * compareAxis(a.params[key], b.params[key])
    : (a: LeaderboardRow, b: LeaderboardRow) =>
      group(a, key) - group(b, key) ||
      sign * ((sortValue(a, key) ?? 0) - (sortValue(b, key) ?? 0));
  const ties = pointOrder(axesOf(rows.map(({ params }) => params)));
  return rows.toSorted((a, b) => by(a, b) || ties(a.params, b.params))
    .map((row) => pointKey(row.params));
}

const isAxis = (key: SortKey): key is RecipeFieldName => key in recipeFields;

const compareAxis = (
  a: RecipeValue | undefined,
  b: RecipeValue | undefined,
) => a === undefined || b === undefined ? 0 : compareValues(a, b);

/**
 * The order while the pointer is on a row: shown rows keep their order, new
 * rows come at the end, and removed rows leave no gap.
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
