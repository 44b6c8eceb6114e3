import type { VerdictName } from "../../../protocol/leaderboard.ts";
import { isRatePair } from "../../../protocol/grid_point.ts";
import { metrics, type RankedMetric } from "../../../protocol/metrics.ts";
import type { Text } from "../../../protocol/study.ts";
import {
  ALPHA,
  finiteMoments,
  replicatesToShow,
} from "../statistics/statistics.ts";
import {
  diverged,
  meanOver,
  type PointData,
  signOf,
  valuesOf,
} from "../study_data.ts";
import {
  type Claim,
  type ClaimKind,
  claimsBy,
  type ClaimWords,
  type CombinedClaim,
  compare,
  type Effect,
  effectOf,
  type Evidence,
  type Judgement,
  MOST_COMPARISONS,
  testMean,
} from "./claim.ts";
import { pairTests, type SwappedPair, swappedPairs } from "./swapped_pairs.ts";
import {
  basis,
  difference,
  headlineOn,
  leftOutWords,
  marginText,
  notAveraged,
  plural,
  quotedConstants,
  ratesText,
  sentences,
  verdictWords,
  withInterval,
} from "./words.ts";

const pairDiverged = ({ lowerFirst, higherFirst }: SwappedPair) =>
  diverged(lowerFirst) || diverged(higherFirst);

const divergedPoints = (pairs: readonly SwappedPair[]) =>
  pairs.flatMap(({ lowerFirst, higherFirst }) =>
    [lowerFirst, higherFirst].filter(diverged).map(({ params }) => params)
  );

/**
 * Does swapping the rates change nothing? Supported when every pair is shown
 * to be equivalent within the margin (TOST; intersection-union, so the largest
 * p-value counts), contradicted when some pair is shown to differ by more than
 * the margin (the smallest, times their number). Null without a swapped pair.
 */
function swapEvidence(
  points: readonly PointData[],
  metric: RankedMetric,
): Evidence | null {
  const pairs = swappedPairs(points).map((pair) => ({
    pair,
    ...pairTests(pair, metric),
  }));
  if (pairs.length === 0) return null;
  const { margin } = metrics[metric];
  const support = Math.max(...pairs.map(({ equivalent }) => equivalent));
  const contradict = Math.min(
    1,
    pairs.length * Math.min(...pairs.map(({ different }) => different)),
  );
  const finite = pairs.filter(({ moments: { mean } }) => Number.isFinite(mean));
  const bySize = [...finite].sort((a, b) =>
    Math.abs(b.moments.mean) - Math.abs(a.moments.mean)
  );
  const [worst] = bySize;
  const differing = pairs.filter(({ none }) => none <= ALPHA).length;
  const equivalent =
    pairs.filter(({ equivalent }) => equivalent <= ALPHA).length;
  const leftOut = divergedPoints(pairs.map(({ pair }) => pair));
  const most = (ratio: (pair: typeof pairs[number]) => number) =>
    Math.max(...finite.map(ratio));
  return {
    support,
    contradict,
    effect: worst === undefined ? null : effectOf(worst.differences),
    replicates: Math.min(...pairs.map(({ differences }) => differences.length)),
    comparisons: () =>
      bySize.concat(
        pairs.filter(({ moments: { mean } }) => !Number.isFinite(mean)),
      ).slice(0, MOST_COMPARISONS).map(({ pair }) =>
        compare(metric, [pair.lowerFirst], [pair.higherFirst])
      ),
    needed: (multiplier) => {
      // Distances in standard deviations, hence sd 1.
      const beyond = most(({ moments: { mean, sd } }) =>
        (Math.abs(mean) - margin) / sd
      );
      if (beyond > 0) {
        const alpha = ALPHA / 2 / multiplier / pairs.length;
        return replicatesToShow({ distance: beyond, sd: 1, alpha, power: 0.8 });
      }
      const within = -most(({ moments: { mean, sd } }) =>
        -(margin - Math.abs(mean)) / sd
      );
      // Both one-sided tests must succeed: half of the 20% for each.
      const alpha = ALPHA / multiplier;
      return finite.length < pairs.length
        ? null
        : replicatesToShow({ distance: within, sd: 1, alpha, power: 0.9 });
    },
    facts: { pairs: pairs.length, differing, equivalent },
    leftOut,
    caution: leftOutWords(leftOut, {
      en: "that pair counts by signs alone",
      zh: "该对只按符号检验",
    }),
    words: (judged, effect) =>
      swapWords(judged, effect, {
        pairs: pairs.length,
        differing,
        equivalent,
        worst: worst?.pair ?? null,
      }),
  };
}

/**
 * Is the lower rate better nearer the input? By replicate, the mean over the
 * swapped pairs of how much better that order is; a t test over replicates.
 * Null without a swapped pair.
 */
function orderEvidence(
  points: readonly PointData[],
  metric: RankedMetric,
): Evidence | null {
  const pairs = swappedPairs(points);
  if (pairs.length === 0) return null;
  const sign = signOf(metric);
  const used = pairs.filter((pair) => !pairDiverged(pair));
  const leads = used.map(({ lowerFirst, higherFirst }) => {
    const other = valuesOf(lowerFirst, metric);
    return valuesOf(higherFirst, metric).map((value, replicate) =>
      sign * (value - (other[replicate] ?? NaN))
    );
  });
  const values = meanOver(leads).filter((value) => !Number.isNaN(value));
  const better = leads.filter((lead) => finiteMoments(lead).mean > 0).length;
  const leftOut = divergedPoints(pairs);
  return {
    ...testMean(values),
    facts: { pairs: used.length, better },
    leftOut,
    caution: leftOutWords(leftOut, notAveraged),
    words: (judged, effect) =>
      orderWords(judged, effect, { pairs: used.length, better }),
  };
}

const { levelPercent } = quotedConstants;

interface SaidOfSwaps {
  readonly pairs: number;
  /** Pairs that differ, and that are equivalent, each tested alone at 5%. */
  readonly differing: number;
  readonly equivalent: number;
  readonly worst: SwappedPair | null;
}

function swapWords(
  judged: Judgement,
  effect: Effect,
  { pairs, differing, equivalent, worst }: SaidOfSwaps,
): ClaimWords {
  const { metric } = judged.claim;
  const margin = marginText(metric);
  const size = difference(metric, Math.abs(effect.estimate));
  const first = worst === null ? "" : ratesText(worst.lowerFirst.params);
  const second = worst === null ? "" : ratesText(worst.higherFirst.params);
  const measured = withInterval(metric, effect);
  const of = basis(judged);
  const headline = {
    supported: {
      en: `every swapped pair, of ${pairs}, differs by less than ${margin.en}`,
      zh: `全部 ${pairs} 对交换点的差异都低于 ${margin.zh}`,
    },
    contradicted: {
      en: `${first} and ${second} differ by ${size.en}`,
      zh: `${first} 与 ${second} 相差 ${size.zh}`,
    },
    "not-enough-evidence": {
      en: `the largest difference, between ${first} and ${second}, is ` +
        size.en,
      zh: `最大的差异在 ${first} 与 ${second} 之间，为 ${size.zh}`,
    },
  }[judged.verdict];
  return {
    headline: headlineOn(judged, headline),
    evidence: sentences([
      {
        en: `Largest difference: ${first} less ${second}, ` +
          `${measured.en}${of.en}.`,
        zh: `最大差异：${first} 减 ${second} 为 ${measured.zh}${of.zh}。`,
      },
      judged.replicates < 2 ? null : {
        en: `Of ${plural(pairs, "pair", "pairs")}, each tested alone at ` +
          `${levelPercent}%: ${differing} ` +
          `${differing === 1 ? "differs" : "differ"} and ${equivalent} ` +
          `${equivalent === 1 ? "is" : "are"} equivalent within ${margin.en}.`,
        zh:
          `${pairs} 对各自按 ${levelPercent}% 水平检验：${differing} 对有差异，` +
          `${equivalent} 对等效（界限 ${margin.zh}）。`,
      },
    ]),
  };
}

function orderWords(
  judged: Judgement,
  effect: Effect,
  { pairs, better }: { readonly pairs: number; readonly better: number },
): ClaimWords {
  const { metric } = judged.claim;
  const size = difference(metric, Math.abs(effect.estimate));
  const good = effect.estimate >= 0;
  const measured = withInterval(metric, effect);
  const of = basis(judged);
  return {
    headline: headlineOn(judged, {
      en: `with the lower rate nearer the input it is ` +
        `${good ? "better" : "worse"} by ${size.en} on average`,
      zh: `较低的概率靠近输入时平均${good ? "较好" : "较差"}，` +
        `相差 ${size.zh}`,
    }),
    evidence: {
      en: `Mean advantage over ` +
        `${plural(pairs, "swapped pair", "swapped pairs")}: ` +
        `${measured.en}${of.en}; that order has the better mean in ${better} ` +
        `of them.`,
      zh: `${pairs} 对交换点上的平均优势：${measured.zh}${of.zh}；` +
        `其中 ${better} 对是这种顺序的均值较好。`,
    },
  };
}

const partWords: Readonly<Record<VerdictName, Text>> = {
  supported: { en: "holds", zh: "成立" },
  contradicted: { en: "fails", zh: "不成立" },
  "not-enough-evidence": { en: "is open", zh: "尚无定论" },
};

function joined(names: readonly Text[], en: string): Text {
  return {
    en: names.map((name) => name.en).join(en),
    zh: names.map((name) => name.zh).join("和"),
  };
}

/** The words of the whole claim about swapping: what its parts say. */
function combinedWords({ verdict, parts }: CombinedClaim): ClaimWords {
  const word = verdictWords[verdict];
  const names = parts.filter((part) => part.verdict === verdict)
    .map((part) => metrics[part.claim.metric].phrase);
  const [and, nor] = [joined(names, " and "), joined(names, " nor ")];
  const headline = {
    supported: {
      en: `swapping the two rates changes neither ${nor.en}`,
      zh: `交换两层概率不改变${and.zh}`,
    },
    contradicted: {
      en: `swapping the two rates changes ${and.en}`,
      zh: `交换两层概率会改变${and.zh}`,
    },
    "not-enough-evidence": {
      en: `whether swapping the two rates changes ${and.en} is open`,
      zh: `交换两层概率是否改变${and.zh}，尚无定论`,
    },
  }[verdict];
  const each = parts.map((part): Text => {
    const name = metrics[part.claim.metric].phrase;
    const is = partWords[part.verdict];
    const size = part.effect &&
      difference(part.claim.metric, Math.abs(part.effect.estimate));
    return {
      en: `on ${name.en} it ${is.en}` +
        (size ? ` (largest difference ${size.en})` : ""),
      zh: `按${name.zh}${is.zh}` + (size ? `（最大差异 ${size.zh}）` : ""),
    };
  });
  const first = each.map(({ en }) => en).join("; ");
  return {
    headline: {
      en: `${word.en}: ${headline.en}.`,
      zh: `${word.zh}：${headline.zh}。`,
    },
    evidence: {
      en: `${first.charAt(0).toUpperCase()}${first.slice(1)}.`,
      zh: `该结论${each.map(({ zh }) => zh).join("；")}。`,
    },
  };
}

/** Metrics by which the two orders of a pair are compared. */
const compared = ["trainLoss", "testAccuracy"] as const;

const nothingChanges: Text = {
  en: "Swapping the two dropout rates changes nothing",
  zh: "交换两层的暂退概率，模型表现不变",
};

const swapClaims = claimsBy("swap", compared, nothingChanges);

const wholeClaim: Claim = {
  id: "swap",
  sentence: { en: `${nothingChanges.en}.`, zh: `${nothingChanges.zh}。` },
  metric: "trainLoss",
  allOf: swapClaims.map(({ id }) => id),
};

/** Each swapped pair is equivalent within the margin. */
export const swap: ClaimKind = {
  topic: {
    en: "Swapping the two rates changes nothing",
    zh: "交换两层概率没有影响",
  },
  claims: [wholeClaim, ...swapClaims],
  appliesTo: isRatePair,
  evidence: swapEvidence,
  combined: combinedWords,
  caution: null,
  assertsNoDifference: true,
};

/** Over the swapped pairs, the lower rate nearer the input is better. */
export const order: ClaimKind = {
  topic: {
    en: "The lower rate belongs nearer the input",
    zh: "较低的概率应靠近输入",
  },
  claims: claimsBy("order", compared, {
    en: "The lower dropout rate belongs nearer the input",
    zh: "较低的暂退概率应放在靠近输入的一层",
  }),
  appliesTo: isRatePair,
  evidence: orderEvidence,
  caution: {
    en: "This is an average: single pairs may go the other way.",
    zh: "这是平均结果：个别交换对可能相反。",
  },
  assertsNoDifference: false,
};
