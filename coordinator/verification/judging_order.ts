import type { Trust } from "../storage/storage.ts";
import { checkProbability } from "./spot_checks.ts";

/** A result that waits for its verdict, as far as its turn is concerned. */
export interface Candidate {
  /** Whether it comes with weights: without, all of it is trained again. */
  readonly hasWeights: boolean;
  /** Null: a worker of the coordinator's own. */
  readonly trust: Trust | null;
}

/** Verdicts of which one is given to whoever has waited longest. */
const LONGEST_WAIT_EVERY = 4;

/**
 * Whose turn it is, the first one first: what is quick, and of that what comes
 * from workers that have been found true most often. Nearly every result of a
 * stranger is trained again, so a crowd of strangers with nothing but lies
 * would keep the results of honest volunteers waiting for hours. Now and then
 * it is the turn of whoever has waited longest, so that nobody waits for ever.
 *
 * @param waiting The longest waiting first.
 * @param turn Counts the verdicts, from 0.
 */
export function judgingOrder<T extends Candidate>(
  waiting: readonly T[],
  turn: number,
): T[] {
  const effort = ({ hasWeights, trust }: T) =>
    hasWeights ? trust === null ? 0 : checkProbability(trust) : 2;
  const ordered = [...waiting].sort((a, b) => effort(a) - effort(b));
  const [longest] = waiting;
  return longest === undefined || (turn + 1) % LONGEST_WAIT_EVERY !== 0
    ? ordered
    : [longest, ...ordered.filter((w) => w !== longest)];
}
