import type { VerdictName } from "../../protocol/leaderboard.ts";
import type { Text } from "../../protocol/study.ts";
import { marginOf, metricWords } from "../claims.ts";
import type { Effect } from "../evidence.ts";
import type { CombinedClaim, TestedClaim } from "../judge.ts";
import {
  difference,
  marginText,
  plural,
  pointText,
  sentences,
  withInterval,
} from "./format.ts";
import {
  basis,
  type ClaimWords,
  type DetailOf,
  quotedConstants,
  rankedMetric,
  verdictWords,
} from "./shared.ts";

const { levelPercent } = quotedConstants;

/** Of the claim that swapping the rates changes nothing, on one metric. */
export function swapWords(
  judged: TestedClaim,
  detail: DetailOf<"swap">,
  effect: Effect,
): ClaimWords {
  const metric = rankedMetric(judged);
  const name = metricWords[metric];
  const word = verdictWords[judged.verdict];
  const { pairs, differing, equivalent, worst } = detail;
  const margin = marginText(metric, marginOf(metric));
  const size = difference(metric, Math.abs(effect.estimate));
  const [first = "", second = ""] = worst?.map(pointText) ?? [];
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
    headline: {
      en: `${word.en} on ${name.en}: ${headline.en}.`,
      zh: `${word.zh}（按${name.zh}）：${headline.zh}。`,
    },
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

/** Of the remark that the lower rate belongs nearer the input. */
export function orderWords(
  judged: TestedClaim,
  { pairs, better }: DetailOf<"order">,
  effect: Effect,
): ClaimWords {
  const metric = rankedMetric(judged);
  const name = metricWords[metric];
  const word = verdictWords[judged.verdict];
  const size = difference(metric, Math.abs(effect.estimate));
  const good = effect.estimate >= 0;
  const measured = withInterval(metric, effect);
  const of = basis(judged);
  return {
    headline: {
      en: `${word.en} on ${name.en}: with the lower rate nearer the input it ` +
        `is ${good ? "better" : "worse"} by ${size.en} on average.`,
      zh: `${word.zh}（按${name.zh}）：较低的概率靠近输入时平均` +
        `${good ? "较好" : "较差"}，相差 ${size.zh}。`,
    },
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

/** Of the claim about swapping as a whole: what its parts say. */
export function combinedWords({ verdict, parts }: CombinedClaim): ClaimWords {
  const word = verdictWords[verdict];
  const names = parts.filter((part) => part.verdict === verdict)
    .map((part) => metricWords[rankedMetric(part)]);
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
    const name = metricWords[rankedMetric(part)];
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
