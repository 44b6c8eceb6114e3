import { isRatePair, ratesOf } from "../../../protocol/grid_point.ts";
import { metrics, type RankedMetric } from "../../../protocol/metrics.ts";
import type { Params } from "../../../protocol/study.ts";
import {
  ALPHA,
  finiteMoments,
  type Moments,
  moments,
  oneSided,
  replicatesToShow,
} from "../statistics/statistics.ts";
import {
  diverged,
  meanOver,
  paired,
  type PointData,
  signOf,
  valuesOf,
} from "../study_data.ts";
import {
  type ClaimKind,
  claimsBy,
  type ClaimWords,
  compare,
  type Effect,
  effectOf,
  type Evidence,
  type Judgement,
  MOST_COMPARISONS,
} from "./claim.ts";
import {
  basis,
  difference,
  figure,
  headlineOn,
  percent,
  pointList,
  ratesText,
  sentences,
  withInterval,
} from "./words.ts";

/** Rates up to this count as the lowest ones, if the study has any. */
const LOW_RATE = 0.05;

const highestRate = (params: Params) =>
  Math.max(...Object.values(ratesOf(params)));

/** The study's low points, the others, and the one without dropout. */
export function lowPoints(points: readonly PointData[]) {
  const withDropout = points.filter(({ params }) => highestRate(params) > 0);
  const least = Math.min(
    ...withDropout.map(({ params }) => highestRate(params)),
  );
  const cutoff = least <= LOW_RATE ? LOW_RATE : least;
  const isLow = ({ params }: PointData) => highestRate(params) <= cutoff;
  return {
    cutoff,
    low: withDropout.filter(isLow),
    rivals: withDropout.filter((point) => !isLow(point)),
    control: points.find(({ params }) => highestRate(params) === 0),
  };
}

interface Rival {
  readonly point: PointData;
  /** By replicate: how much better the low points are; positive is better. */
  readonly leads: readonly number[];
  readonly moments: Moments;
  /** p-values of the low points not being better, and not being worse. */
  readonly better: number;
  readonly worse: number;
}

/** Comparisons with a point, and the low points' figures that each used. */
const kept = new WeakMap<
  PointData,
  Map<RankedMetric, readonly [string, Rival]>
>();

/** Cached: a study has thousands of rivals, and few of them change at once. */
function rivalOf(
  point: PointData,
  low: readonly number[],
  beside: string,
  metric: RankedMetric,
): Rival {
  let known = kept.get(point);
  if (known === undefined) kept.set(point, known = new Map());
  const [before, found] = known.get(metric) ?? [];
  if (found !== undefined && before === beside) return found;
  const rival = compareWith(point, low, metric);
  known.set(metric, [beside, rival]);
  return rival;
}

function compareWith(
  point: PointData,
  low: readonly number[],
  metric: RankedMetric,
): Rival {
  const leads = paired(valuesOf(point, metric), low, signOf(metric));
  const sample = moments(leads);
  // A point that can diverge has no finite mean loss, so seeing it diverge
  // once settles that it is worse: there is nothing left to test.
  const { above, below } = diverged(point)
    ? { above: 0, below: 1 }
    : oneSided(leads, 0, sample);
  return {
    point,
    leads,
    moments: sample,
    better: above,
    worse: below,
  };
}

/**
 * Replicates that would settle the claim: against every rival if the low points
 * lead everywhere, else against the rival that leads them most clearly.
 */
function replicatesNeeded(
  rivals: readonly Rival[],
  multiplier: number,
): number | null {
  const open = rivals.filter(({ point }) => !diverged(point));
  const ratios = open.map(({ moments: { mean, sd } }) => mean / sd);
  const behind = Math.min(...ratios);
  const alpha = ALPHA / 2 / multiplier;
  // With sd 1 the distance is in standard deviations.
  return replicatesToShow({
    distance: Math.abs(behind),
    sd: 1,
    alpha: behind < 0 ? alpha / rivals.length : alpha,
    power: 0.8,
  });
}

/** The finite mean of a point's metric; null for none. */
function meanOf(values: readonly number[]): number | null {
  const { n, mean } = finiteMoments(values);
  return n === 0 ? null : mean;
}

interface Likeliest {
  readonly params: Params;
  readonly probability: number;
}

/** The first of the points that are most probably the best. */
function likeliestOf(
  points: readonly PointData[],
  probabilityBest: readonly (number | null)[],
): Likeliest | null {
  let likeliest: Likeliest | null = null;
  for (const [index, { params }] of points.entries()) {
    const probability = probabilityBest[index] ?? null;
    if (probability === null) continue;
    if (likeliest === null || probability > likeliest.probability) {
      likeliest = { params, probability };
    }
  }
  return likeliest;
}

/**
 * Do the lowest rates give the best figures? Supported when every rival is
 * shown to be worse than the mean of the low points (an intersection-union
 * test: the largest p-value counts), contradicted when some rival is shown to
 * be better (the smallest, times their number). The point without dropout is
 * no rival: it has no rates to be low. Null where there are no rivals.
 *
 * @param probabilityBest of each point, in the order of `points`
 */
function evidence(
  points: readonly PointData[],
  metric: RankedMetric,
  probabilityBest: readonly (number | null)[],
): Evidence | null {
  const { cutoff, low, rivals, control } = lowPoints(points);
  if (low.length === 0 || rivals.length === 0) return null;
  const lowValues = meanOver(low.map((point) => valuesOf(point, metric)));
  const beside = lowValues.join();
  const lowDiverged = low.some(diverged);
  const against = rivals.map((point) =>
    rivalOf(point, lowValues, beside, metric)
  );
  const hardest = against.reduce((a, b) => (b.better > a.better ? b : a));
  const strongest = against.reduce((a, b) => (b.worse < a.worse ? b : a));
  // Without trained low points, a diverged rival proves nothing.
  const lowTrained = lowValues.filter(Number.isFinite).length;
  const support = lowDiverged || lowTrained < 2
    ? 1
    : Math.min(1, 2 * hardest.better);
  const contradict = Math.min(1, 2 * against.length * strongest.worse);
  // Where all have diverged or nothing is tested, the closest one is shown.
  const closest = against.reduce((a, b) =>
    b.moments.mean < a.moments.mean ? b : a
  );
  const rival = contradict < support
    ? strongest
    : hardest.better < 1 && !diverged(hardest.point)
    ? hardest
    : closest;
  const said: Said = {
    cutoff,
    lowMean: meanOf(lowValues),
    rival: rival.point.params,
    rivalMean: meanOf(valuesOf(rival.point, metric)),
    likeliest: likeliestOf(points, probabilityBest),
    controlMean: control === undefined
      ? null
      : meanOf(valuesOf(control, metric)),
  };
  const leftOut = rivals.filter(diverged).map(({ params }) => params);
  return {
    support,
    contradict,
    effect: effectOf(rival.leads),
    replicates: Math.min(...against.map(({ leads }) => leads.length)),
    comparisons: () =>
      [...against].sort((a, b) => a.moments.mean - b.moments.mean)
        .slice(0, MOST_COMPARISONS)
        .map(({ point }) => compare(metric, low, [point])),
    needed: (multiplier) =>
      lowDiverged ? null : replicatesNeeded(against, multiplier),
    facts: {
      cutoff,
      lowMean: said.lowMean,
      rivalMean: said.rivalMean,
      likeliestProbability: said.likeliest?.probability ?? null,
      controlMean: said.controlMean,
    },
    leftOut,
    caution: lowDiverged
      ? {
        en: "A replicate with the lowest rates diverged: these rates can " +
          "fail to learn.",
        zh: "概率最低的点有一次重复发散：这些概率可能学不起来。",
      }
      : leftOut.length === 0
      ? null
      : {
        en: "Counted as beaten, because a replicate diverged: " +
          `${pointList(leftOut).en}.`,
        zh: `因有重复发散而视为落败：${pointList(leftOut).zh}。`,
      },
    words: (judged, effect) => wordsOf(judged, effect, said),
  };
}

interface Said {
  /** Both rates of the low points are at most this. */
  readonly cutoff: number;
  readonly lowMean: number | null;
  /** The rival that decides the verdict. */
  readonly rival: Params;
  readonly rivalMean: number | null;
  readonly likeliest: Likeliest | null;
  /** Mean without any dropout, if the study has that point. */
  readonly controlMean: number | null;
}

/** The effect without its sign: the words say better or worse. */
function sized({ estimate, low, high }: Effect): Effect {
  return estimate >= 0 ? { estimate, low, high } : {
    estimate: -estimate,
    low: high === null ? null : -high,
    high: low === null ? null : -low,
  };
}

function wordsOf(
  judged: Judgement,
  effect: Effect,
  { cutoff, rival, lowMean, rivalMean, likeliest, controlMean }: Said,
): ClaimWords {
  const { metric } = judged.claim;
  const name = metrics[metric].phrase;
  const ahead = effect.estimate >= 0;
  const at = ratesText(rival);
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
    headline: headlineOn(judged, headline),
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
          `${ratesText(likeliest.params)}, probability ` +
          `${percent(likeliest.probability)}.`,
        zh: `最可能是最优的点：${ratesText(likeliest.params)}，概率 ` +
          `${percent(likeliest.probability)}。`,
      },
      controlMean === null ? null : {
        en: `Without dropout: ${figure(metric, controlMean)}.`,
        zh: `不用暂退时为 ${figure(metric, controlMean)}。`,
      },
    ]),
  };
}

/** The points with the lowest rates beat every other point. */
export const lowest: ClaimKind = {
  topic: { en: "The lowest rates train best", zh: "最低的概率训练效果最好" },
  claims: claimsBy(
    "lowest",
    ["trainLoss", "trainLossDropoutOff", "testLoss", "testAccuracy"],
    {
      en: "The lowest dropout rates train best",
      zh: "两层暂退概率最低时训练效果最好",
    },
  ),
  appliesTo: isRatePair,
  evidence,
  caution: null,
  assertsNoDifference: false,
};
