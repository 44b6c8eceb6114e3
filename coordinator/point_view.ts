import type { Comparison, Leaderboard } from "./protocol/leaderboard.ts";
import { pointKey } from "./protocol/point.ts";
import type { Params } from "./protocol/study.ts";
import type { PointView, TrialCurve } from "./protocol/views.ts";

/**
 * A grid point as its page shows it: the leaderboard's figures, so that both
 * pages say the same, beside the point's own trials.
 *
 * @returns Null for a point that the study does not have.
 */
export function pointView(
  leaderboard: Leaderboard,
  params: Params,
  trials: readonly TrialCurve[],
): PointView | null {
  const rowOf = (point: Params) => {
    const key = pointKey(point);
    return leaderboard.rows.find((row) => pointKey(row.params) === key) ?? null;
  };
  const row = rowOf(params);
  if (row === null) return null;
  const { dropout1, dropout2 } = params;
  const partner = { dropout1: dropout2, dropout2: dropout1 };
  const swapped = dropout1 === dropout2 ? null : rowOf(partner);
  const { study, verdicts } = leaderboard;
  return {
    studyId: study.id,
    title: study.title,
    recipe: study.recipe,
    row,
    trials: trials.toSorted((a, b) => a.replicate - b.replicate),
    swapped,
    comparisons: swapped === null
      ? []
      : distinct(verdicts.flatMap((verdict) => verdict.comparisons))
        .filter((comparison) => isBetween(comparison, params, partner)),
  };
}

/** Two claims may compare the same points by the same metric. */
function distinct(comparisons: readonly Comparison[]): Comparison[] {
  return [...new Map(comparisons.map((c) => [JSON.stringify(c), c])).values()];
}

function isBetween(
  { first, second }: Comparison,
  one: Params,
  other: Params,
): boolean {
  if (first.length !== 1 || second.length !== 1) return false;
  const sides = [...first, ...second].map(pointKey).toSorted();
  const wanted = [one, other].map(pointKey).toSorted();
  return sides.every((key, i) => key === wanted[i]);
}
