import type { Text } from "../../protocol/study.ts";
import type { Effect } from "../evidence.ts";
import type { TestedClaim } from "../judge.ts";
import { difference, pointList, sentences, withInterval } from "./format.ts";
import {
  basis,
  type ClaimWords,
  type DetailOf,
  quotedConstants,
  verdictWords,
} from "./shared.ts";

const { rateStep, lossLimit } = quotedConstants;

/** Which points fail d2l's check of the training loss. */
function checkWords({ failing, sometimesFailing }: DetailOf<"trend">): Text {
  const always = pointList(failing);
  const partly = pointList(sometimesFailing);
  const check = {
    en: `d2l's check (loss below ${lossLimit})`,
    zh: `d2l 的检查（损失低于 ${lossLimit}）`,
  };
  if (failing.length + sometimesFailing.length === 0) {
    return {
      en: `Every point passes ${check.en}.`,
      zh: `所有点都通过 ${check.zh}。`,
    };
  }
  const parts = [
    failing.length === 0 ? null : {
      en: `in every replicate at ${always.en}`,
      zh: `在 ${always.zh} 的每次重复中都不通过`,
    },
    sometimesFailing.length === 0 ? null : {
      en: `in some replicates at ${partly.en}`,
      zh: `在 ${partly.zh} 的部分重复中不通过`,
    },
  ].filter((part) => part !== null);
  return {
    en: `${check.en} fails ${parts.map(({ en }) => en).join(" and ")}.`,
    zh: `${check.zh}${parts.map(({ zh }) => zh).join("，")}。`,
  };
}

/** Of the claim that high rates keep the loss high. */
export function trendWords(
  judged: TestedClaim,
  detail: DetailOf<"trend">,
  effect: Effect,
): ClaimWords {
  const word = verdictWords[judged.verdict];
  const { metric } = judged.claim;
  const size = difference(metric, Math.abs(effect.estimate));
  const up = effect.estimate >= 0;
  const measured = withInterval(metric, effect);
  const of = basis(judged);
  const { comparable, inOrder, points } = detail;
  return {
    headline: {
      en: `${word.en}: adding ${rateStep} to both rates ` +
        `${up ? "raises" : "lowers"} the final training loss by ${size.en}.`,
      zh: `${word.zh}：两层概率各提高 ${rateStep}，最终训练损失` +
        `${up ? "上升" : "下降"} ${size.zh}。`,
    },
    evidence: sentences([
      {
        en: `Slope over ${points} points: ${measured.en}${of.en}.`,
        zh: `${points} 个点上的斜率：${measured.zh}${of.zh}。`,
      },
      comparable === 0 ? null : {
        en: `Of ${comparable} pairs of points in which one has no lower and ` +
          `some higher rate, ${inOrder} have the higher mean loss there.`,
        zh:
          `在 ${comparable} 对可比较的点（一方的两个概率都不低于另一方）中，` +
          `有 ${inOrder} 对是概率较高的一方平均损失较高。`,
      },
      checkWords(detail),
    ]),
  };
}
