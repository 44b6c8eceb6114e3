import type { Verdict } from "../../../protocol/leaderboard.ts";
import type { Text } from "../../../protocol/study.ts";
import { round6 } from "../statistics/statistics.ts";
import { cautionWords, type TrialCounts } from "../summary.ts";
import type { JudgedClaim } from "./judge.ts";
import { lowestWords } from "./lowest.ts";
import { combinedWords, orderWords, swapWords } from "./pairs.ts";
import { trendWords } from "./trend.ts";
import { type ClaimWords, quotedConstants, verdictWords } from "./words.ts";

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

const word = verdictWords["not-enough-evidence"];

const nothingYet: Text = {
  en: `${word.en}: no replicate has all the results that it compares.`,
  zh: `${word.zh}：没有一次重复具备它要比较的全部结果。`,
};

/** Says what the data say of a claim, quoting the numbers. */
export function claimWords(judged: JudgedClaim): ClaimWords {
  if (judged.kind === "combined") return combinedWords(judged);
  const { detail, effect } = judged.evidence;
  if (effect === null) return { headline: nothingYet, evidence: nothingYet };
  switch (detail.kind) {
    case "trend":
      return trendWords(judged, detail, effect);
    case "lowest":
      return lowestWords(judged, detail, effect);
    case "swap":
      return swapWords(judged, detail, effect);
    case "order":
      return orderWords(judged, detail, effect);
    default:
      return detail satisfies never;
  }
}
