import { metricWords } from "../claims.ts";
import type { Effect } from "../evidence.ts";
import type { TestedClaim } from "../judge.ts";
import {
  difference,
  figure,
  percent,
  pointText,
  sentences,
  withInterval,
} from "./format.ts";
import {
  basis,
  type ClaimWords,
  type DetailOf,
  rankedMetric,
  verdictWords,
} from "./shared.ts";

/** The effect as a size with its interval: the words say better or worse. */
function sized({ estimate, low, high }: Effect): Effect {
  return estimate >= 0 ? { estimate, low, high } : {
    estimate: -estimate,
    low: high === null ? null : -high,
    high: low === null ? null : -low,
  };
}

/** Of the claim that the lowest rates train best, on one metric. */
export function lowestWords(
  judged: TestedClaim,
  detail: DetailOf<"lowest">,
  effect: Effect,
): ClaimWords {
  const metric = rankedMetric(judged);
  const name = metricWords[metric];
  const word = verdictWords[judged.verdict];
  const { cutoff, rival, lowMean, rivalMean, likeliest, controlMean } = detail;
  const ahead = effect.estimate >= 0;
  const at = pointText(rival);
  const size = difference(metric, Math.abs(effect.estimate));
  const measured = withInterval(metric, sized(effect));
  const of = basis(judged);
  const low = {
    en: `the points with both rates at most ${cutoff}`,
    zh: `两个概率都不超过 ${cutoff} 的点`,
  };
  const headline = {
    supported: {
      en:
        `${low.en} beat every point with a higher rate; the closest, ${at}, by ${size.en}`,
      zh: `${low.zh}优于所有概率更高的点，领先最接近的 ${at} ${size.zh}`,
    },
    contradicted: {
      en: `${at} beats ${low.en} by ${size.en}`,
      zh: `${at} 优于${low.zh}，领先 ${size.zh}`,
    },
    "not-enough-evidence": {
      en: `against ${at}, ${low.en} are ${ahead ? "ahead" : "behind"} by ` +
        size.en,
      zh: `与 ${at} 相比，${low.zh}${ahead ? "领先" : "落后"} ${size.zh}`,
    },
  }[judged.verdict];
  return {
    headline: {
      en: `${word.en} on ${name.en}: ${headline.en}.`,
      zh: `${word.zh}（按${name.zh}）：${headline.zh}。`,
    },
    evidence: sentences([
      lowMean === null || rivalMean === null ? null : {
        en: `Mean ${name.en}: ${figure(metric, lowMean)} over ${low.en}, ` +
          `${figure(metric, rivalMean)} at ${at}; the low rates are ` +
          `${ahead ? "better" : "worse"} by ${measured.en}${of.en}.`,
        zh:
          `${name.zh}的均值：${low.zh}为 ${
            figure(metric, lowMean)
          }，${at} 为 ` +
          `${figure(metric, rivalMean)}；低概率${ahead ? "较好" : "较差"}，` +
          `相差 ${measured.zh}${of.zh}。`,
      },
      likeliest === null ? null : {
        en: `Most likely the best of all points: ` +
          `${pointText(likeliest.params)}, probability ` +
          `${percent(likeliest.probability)}.`,
        zh: `最可能是最优的点：${pointText(likeliest.params)}，概率 ` +
          `${percent(likeliest.probability)}。`,
      },
      controlMean === null ? null : {
        en: `Without dropout: ${figure(metric, controlMean)}.`,
        zh: `不用暂退时为 ${figure(metric, controlMean)}。`,
      },
    ]),
  };
}
