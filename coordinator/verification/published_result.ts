import { d2lChecks, type TrialResult } from "../protocol/training.ts";
import type { RecomputedFigures } from "../swarm/trial.ts";

/**
 * The result that counts: as its worker delivered it, with what the coordinator
 * computed from the final weights itself in the last epoch's place.
 */
export function publishedResult(
  result: TrialResult,
  recomputed: RecomputedFigures | null,
): TrialResult {
  const last = result.epochs.at(-1);
  if (
    recomputed === null || result.outcome !== "trained" || last === undefined
  ) return result;
  const { testLoss, testAccuracy } = recomputed;
  const final = { ...last, testLoss, testAccuracy };
  return {
    ...result,
    epochs: [...result.epochs.slice(0, -1), final],
    checks: d2lChecks(final),
  };
}
