import type { Verdict } from "../../../protocol/leaderboard.ts";
import { metrics } from "../../../protocol/metrics.ts";
import type { Text } from "../../../protocol/study.ts";
import { round6 } from "../statistics/statistics.ts";
import type { TrialCounts } from "../summary.ts";
import type { ClaimWords, JudgedClaim } from "./claim.ts";
import {
  marginText,
  plural,
  quotedConstants,
  sentences,
  verdictWords,
} from "./words.ts";

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
  const { evidence } = judged;
  add("leftOut", evidence.leftOut.length);
  for (const [name, value] of Object.entries(evidence.facts)) add(name, value);
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

/** What the data say about a claim, with the numbers. */
function claimWords(judged: JudgedClaim): ClaimWords {
  const nothing = { headline: nothingYet, evidence: nothingYet };
  if (judged.kind === "combined") {
    return judged.claimKind.combined?.(judged) ?? nothing;
  }
  const { effect, words } = judged.evidence;
  return effect === null ? nothing : words(judged, effect);
}

/** With fewer replicates, only large effects show. */
const FEW_REPLICATES = 5;

const { leastReplicates, mostReplicates } = quotedConstants;

function provisionalWords(
  { total, completed, quarantined }: TrialCounts,
): readonly (Text | null)[] {
  return [
    completed + quarantined >= total ? null : {
      en: `Provisional: ${completed} of ${total} trials are in, and a look ` +
        `before the end finds things by chance; the verdict is final when ` +
        `all are in.`,
      zh:
        `暂定：${total} 次试验已完成 ${completed} 次，提前查看容易碰巧得出结论；` +
        `全部完成后才是最终结论。`,
    },
    quarantined === 0 ? null : {
      en: `${plural(quarantined, "trial is", "trials are")} missing: ` +
        `no worker could train ${quarantined === 1 ? "it" : "them"}.`,
      zh: `缺少 ${quarantined} 次试验：没有工作节点能完成。`,
    },
  ];
}

function replicateWords(judged: JudgedClaim): readonly (Text | null)[] {
  const { replicates, verdict, moreReplicates } = judged;
  const open = verdict === "not-enough-evidence";
  const few = replicates < leastReplicates
    ? {
      en: `A spread takes at least ${leastReplicates} replicates ` +
        `of everything compared; here it is ${replicates}.`,
      zh: `要估计离散程度，所比较的每个点至少需要 ${leastReplicates} 次重复；` +
        `目前为 ${replicates} 次。`,
    }
    : replicates < FEW_REPLICATES
    ? {
      en: `${replicates} replicates leave ` +
        `${
          plural(replicates - 1, "degree", "degrees")
        } of freedom: only large effects can be shown.`,
      zh: `${replicates} 次重复只有 ${replicates - 1} 个自由度：` +
        `只能证实很大的效应。`,
    }
    : null;
  const settle = !open || replicates < leastReplicates
    ? null
    : moreReplicates === null
    ? {
      en: `Up to ${mostReplicates} replicates would probably not settle it: ` +
        `what is measured is too close to the boundary.`,
      zh: `即使增加到 ${mostReplicates} 次重复也很可能无法定论：` +
        `测得的值太接近判断界限。`,
    }
    : {
      en: `If the effect is as measured, about ` +
        `${plural(moreReplicates, "more replicate", "more replicates")} a ` +
        `point would probably settle it.`,
      zh:
        `若效应确如所测，每个点再增加约 ${moreReplicates} 次重复很可能就能定论。`,
    };
  return [few, settle];
}

function smallWords({ verdict, effect, claimKind }: JudgedClaim): Text | null {
  if (effect === null || verdict === "not-enough-evidence") return null;
  if (claimKind.assertsNoDifference) return null;
  if (Math.abs(effect.estimate) >= effect.margin) return null;
  const margin = marginText(effect.metric);
  return {
    en: `The difference is below ${margin.en}, the least that matters here.`,
    zh: `该差异低于 ${margin.zh}，即此处认为有意义的最小差异。`,
  };
}

/** What a reader must bear in mind with a verdict. */
function cautionWords(judged: JudgedClaim, counts: TrialCounts): Text {
  return sentences([
    ...provisionalWords(counts),
    ...replicateWords(judged),
    judged.kind === "tested" ? judged.evidence.caution : null,
    smallWords(judged),
    judged.claimKind.caution,
    metrics[judged.claim.metric].caution,
  ]);
}
