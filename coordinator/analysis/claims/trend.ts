import { isRatePair, ratesOf } from "../../../protocol/grid_point.ts";
import type { RankedMetric } from "../../../protocol/metrics.ts";
import type { Params, Text } from "../../../protocol/study.ts";
import { concordance } from "../statistics/concordance.ts";
import { finiteMoments, moments } from "../statistics/statistics.ts";
import { diverged, type PointData, valuesOf } from "../study_data.ts";
import {
  type ClaimKind,
  type ClaimWords,
  type Effect,
  type Evidence,
  type Judgement,
  testMean,
} from "./claim.ts";
import {
  basis,
  difference,
  leftOutWords,
  notAveraged,
  pointList,
  quotedConstants,
  sentences,
  verdictWords,
  withInterval,
} from "./words.ts";

const { rateStep, lossLimit } = quotedConstants;

function meanRate(params: Params): number {
  const { dropout1, dropout2 } = ratesOf(params);
  return (dropout1 + dropout2) / 2;
}

/**
 * For each replicate that all points have: the least-squares slope of the metric
 * on the mean of the two rates, for a step of `rateStep`.
 */
function slopes(points: readonly PointData[], metric: RankedMetric): number[] {
  const rates = points.map(({ params }) => meanRate(params));
  const centre = moments(rates).mean;
  const squares = rates.reduce((sum, rate) => sum + (rate - centre) ** 2, 0);
  const columns = points.map((point) => valuesOf(point, metric));
  const replicates = columns[0]?.length ?? 0;
  const found: number[] = [];
  for (let replicate = 0; replicate < replicates; replicate++) {
    let sum = 0;
    rates.forEach((rate, index) => {
      sum += (rate - centre) * (columns[index]?.[replicate] ?? NaN);
    });
    if (!Number.isNaN(sum)) found.push(sum / squares * rateStep);
  }
  return found;
}

function checkedPoints(points: readonly PointData[]) {
  const failing: Params[] = [];
  const sometimesFailing: Params[] = [];
  for (const { params, cells } of points) {
    let [done, fails] = [0, 0];
    for (const { figures } of cells) {
      if (figures === null) continue;
      done += 1;
      if (!figures.passedLossCheck) fails += 1;
    }
    if (fails === 0) continue;
    (fails === done ? failing : sometimesFailing).push(params);
  }
  return { failing, sometimesFailing };
}

function haveThreeRates(points: readonly PointData[]): boolean {
  const rates = new Set<number>();
  for (const { params } of points) {
    rates.add(Math.round(meanRate(params) * 1e9));
    if (rates.size >= 3) return true;
  }
  return false;
}

/**
 * Does the metric rise with the rates? Each replicate gives one slope over all
 * points; a t test over replicates asks whether their mean is 0. Null where
 * the points have fewer than three different mean rates.
 */
function evidence(
  points: readonly PointData[],
  metric: RankedMetric,
): Evidence | null {
  if (!haveThreeRates(points)) return null;
  // Slopes need a replicate at every point: a point that will never have all of
  // its replicates would exclude the missing ones everywhere.
  const incomplete = (point: PointData) =>
    diverged(point) || point.cells.some(({ state }) => state === "quarantined");
  const used = points.filter((point) => !incomplete(point));
  const leftOut = points.filter(diverged).map(({ params }) => params);
  const test = testMean(haveThreeRates(used) ? slopes(used, metric) : []);
  // A point of low rates that diverges speaks against the claim; leaving it
  // out must not help the claim.
  const middle = moments(used.map(({ params }) => meanRate(params))).mean;
  const flattering = leftOut.some((params) => meanRate(params) < middle);
  const check = checkedPoints(points);
  const pairs = concordance(used.map((point) => {
    const { dropout1: first, dropout2: second } = ratesOf(point.params);
    return { first, second, mean: finiteMoments(valuesOf(point, metric)).mean };
  }));
  return {
    ...test,
    support: flattering ? 1 : test.support,
    facts: {
      points: used.length,
      comparablePairs: pairs.comparable,
      pairsInOrder: pairs.inOrder,
      failing: check.failing.length,
      sometimesFailing: check.sometimesFailing.length,
    },
    leftOut,
    caution: leftOutWords(leftOut, notAveraged),
    words: (judged, effect) =>
      wordsOf(judged, effect, {
        points: used.length,
        ...pairs,
        checks: checkWords(check),
      }),
  };
}

/** Which points fail d2l's check of the training loss. */
function checkWords(
  { failing, sometimesFailing }: ReturnType<typeof checkedPoints>,
): Text {
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

interface Said {
  readonly points: number;
  readonly comparable: number;
  readonly inOrder: number;
  readonly checks: Text;
}

function wordsOf(
  judged: Judgement,
  effect: Effect,
  { points, comparable, inOrder, checks }: Said,
): ClaimWords {
  const word = verdictWords[judged.verdict];
  const { metric } = judged.claim;
  const size = difference(metric, Math.abs(effect.estimate));
  const up = effect.estimate >= 0;
  const measured = withInterval(metric, effect);
  const of = basis(judged);
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
      checks,
    ]),
  };
}

/** The metric rises with the mean of the two rates. */
export const trend: ClaimKind = {
  topic: {
    en: "Rates too high keep the training loss high",
    zh: "概率过高使训练损失居高不下",
  },
  claims: [{
    id: "high-rates",
    sentence: {
      en: "Dropout rates that are too high keep the training loss high.",
      zh: "暂退概率过高会使训练损失居高不下。",
    },
    metric: "trainLoss",
    allOf: null,
  }],
  appliesTo: isRatePair,
  evidence,
  summarySize: ({ estimate }) => {
    const size = difference("trainLoss", estimate);
    return {
      en: `${rateStep} on both rates adds ${size.en} to it`,
      zh: `两层概率各加 ${rateStep}，损失增加 ${size.zh}`,
    };
  },
  caution: null,
  assertsNoDifference: false,
};
