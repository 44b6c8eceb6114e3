import type { Verdict } from "../protocol/leaderboard.ts";
import type { JudgedClaim } from "./judge.ts";
import { round6 } from "./statistics.ts";
import { cautionWords, type TrialCounts } from "./words/caution_words.ts";
import { claimWords } from "./words/claim_words.ts";
import { quotedConstants } from "./words/shared.ts";

/** The numbers that a claim's words may quote and that stand nowhere else. */
function factsOf(judged: JudgedClaim, counts: TrialCounts) {
  const facts: Record<string, number> = { ...quotedConstants };
  const add = (name: string, value: number | null | undefined) => {
    if (typeof value === "number") facts[name] = round6(value);
  };
  add("trialsPlanned", counts.total);
  add("trialsDone", counts.completed);
  add("trialsQuarantined", counts.quarantined);
  if (judged.replicates >= 2) add("degreesOfFreedom", judged.replicates - 1);
  if (judged.kind === "combined") {
    for (const { claim, effect } of judged.parts) {
      add(claim.id, effect?.estimate);
    }
    return facts;
  }
  const { detail } = judged.evidence;
  add("leftOut", detail.leftOut.length);
  switch (detail.kind) {
    case "trend":
      add("points", detail.points);
      add("comparablePairs", detail.comparable);
      add("pairsInOrder", detail.inOrder);
      add("failing", detail.failing.length);
      add("sometimesFailing", detail.sometimesFailing.length);
      break;
    case "lowest":
      add("cutoff", detail.cutoff);
      add("lowMean", detail.lowMean);
      add("rivalMean", detail.rivalMean);
      add("likeliestProbability", detail.likeliest?.probability);
      add("controlMean", detail.controlMean);
      break;
    case "swap":
      add("pairs", detail.pairs);
      add("differing", detail.differing);
      add("equivalent", detail.equivalent);
      break;
    case "order":
      add("pairs", detail.pairs);
      add("better", detail.better);
      break;
    default:
      detail satisfies never;
  }
  return facts;
}

/** A judged claim as the leaderboard shows it, in numbers and in words. */
export function verdictOf(judged: JudgedClaim, counts: TrialCounts): Verdict {
  const { claim, verdict, effect, replicates, pAdjusted, moreReplicates } =
    judged;
  return {
    claimId: claim.id,
    claim: claim.sentence,
    verdict,
    provisional: counts.completed + counts.quarantined < counts.total,
    ...claimWords(judged),
    caution: cautionWords(judged, counts),
    effect,
    replicates,
    pAdjusted,
    comparisons: judged.kind === "tested" ? judged.evidence.comparisons() : [],
    moreReplicates,
    facts: factsOf(judged, counts),
  };
}
