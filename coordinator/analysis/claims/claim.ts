import type {
  Comparison,
  Verdict,
  VerdictName,
} from "../../../protocol/leaderboard.ts";
import {
  type MetricName,
  metrics,
  type RankedMetric,
} from "../../../protocol/metrics.ts";
import type { RecipeFieldName } from "../../../protocol/recipe.ts";
import type { Params, Text } from "../../../protocol/study.ts";
import {
  ALPHA,
  estimate,
  estimateOf,
  finiteMoments,
  moments,
  noEstimate,
  oneSided,
  replicatesToShow,
  tost,
  twoSided,
} from "../statistics/statistics.ts";
import {
  diverged,
  meanOver,
  paired,
  type PointData,
  valuesOf,
} from "../study_data.ts";

/** A claim as data. */
export interface Claim {
  readonly id: string;
  readonly sentence: Text;
  readonly metric: RankedMetric;
  /** Claims of its kind that must all hold for it. Null: it is tested itself. */
  readonly allOf: readonly string[] | null;
}

/**
 * A kind of claim: its claims, its test, and its words. docs/statistics.md
 * explains each test.
 */
export interface ClaimKind {
  /** What its claims say, as the summary puts it. */
  readonly topic: Text;
  /** In the order in which they are shown. */
  readonly claims: readonly Claim[];
  /** Whether it applies to a study that varies these fields. */
  readonly appliesTo: (axes: readonly RecipeFieldName[]) => boolean;
  /**
   * Null where the points do not allow the test.
   *
   * @param probabilityBest By the claim's metric, in the order of `points`.
   */
  readonly evidence: (
    points: readonly PointData[],
    metric: RankedMetric,
    probabilityBest: readonly (number | null)[],
  ) => Evidence | null;
  /** The words of a claim that combines others. */
  readonly combined?: (judged: CombinedClaim) => ClaimWords;
  /** The size of the effect, as the summary shows it for a single claim. */
  readonly summarySize?: (effect: Effect) => Text;
  /** What a reader must know with each of its verdicts. */
  readonly caution: Text | null;
  /** Whether the claim asserts that no difference exceeds the margin. */
  readonly assertsNoDifference: boolean;
}

/** Headline and evidence of a verdict. */
export interface ClaimWords {
  readonly headline: Text;
  readonly evidence: Text;
}

/** An effect and its 95% interval, which is null under 2 replicates. */
export interface Effect {
  readonly estimate: number;
  readonly low: number | null;
  readonly high: number | null;
}

/** What the data say about one claim, before the adjustment over all. */
export interface Evidence {
  /** p-value against the claim being false: small supports it. */
  readonly support: number;
  /** p-value against the claim being true: small contradicts it. */
  readonly contradict: number;
  /** Positive if it supports the claim; for a swap, a plain difference. */
  readonly effect: Effect | null;
  readonly replicates: number;
  /** The comparisons, the most informative first; computed on request. */
  readonly comparisons: () => Comparison[];
  /**
   * Replicates per point, in total, that would probably settle the claim if
   * Holm's procedure multiplies its p-value by `multiplier`.
   */
  readonly needed: (multiplier: number) => number | null;
  /** Other numbers that the words quote, by name; null: it does not exist. */
  readonly facts: Readonly<Record<string, number | null>>;
  /** Points that a diverged replicate keeps out of the averages. */
  readonly leftOut: readonly Params[];
  /** What a reader must know about replicates that diverged. */
  readonly caution: Text | null;
  readonly words: (judged: Judgement, effect: Effect) => ClaimWords;
}

/** A claim's verdict and the figures behind it. */
export interface Judgement {
  readonly claim: Claim;
  readonly claimKind: ClaimKind;
  readonly verdict: VerdictName;
  readonly effect: Verdict["effect"];
  readonly replicates: number;
  readonly pAdjusted: number | null;
  readonly moreReplicates: number | null;
}

/** A claim tested on its own data. */
export interface TestedClaim extends Judgement {
  readonly kind: "tested";
  readonly evidence: Evidence;
}

/** A claim that holds if others do. */
export interface CombinedClaim extends Judgement {
  readonly kind: "combined";
  readonly parts: readonly TestedClaim[];
}

/** A claim with its verdict. */
export type JudgedClaim = TestedClaim | CombinedClaim;

/** At most this many comparisons go into a verdict. */
export const MOST_COMPARISONS = 64;

/** `testLoss` as it stands in a claim's id: `test-loss`. */
const inId = (metric: RankedMetric) =>
  metric.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** One claim for each metric; the claims differ in nothing else. */
export function claimsBy(
  kind: string,
  by: readonly RankedMetric[],
  sentence: Text,
): Claim[] {
  return by.map((metric) => {
    const { en, zh } = metrics[metric].phrase;
    return {
      id: `${kind}-${inId(metric)}`,
      sentence: {
        en: `${sentence.en}, judged by ${en}.`,
        zh: `${sentence.zh}（按${zh}）。`,
      },
      metric,
      allOf: null,
    };
  });
}

/** The mean of a sample with its 95% interval; null for none. */
export function effectOf(values: readonly number[]): Effect | null {
  const { mean, low, high } = estimateOf(finiteMoments(values));
  return mean === null ? null : { estimate: mean, low, high };
}

/** A two-sided t test over replicates: positive values support the claim. */
export function testMean(values: readonly number[]) {
  const { above, below } = oneSided(values, 0);
  const { mean, sd } = moments(values);
  return {
    support: Math.min(1, 2 * above),
    contradict: Math.min(1, 2 * below),
    effect: effectOf(values),
    replicates: values.length,
    comparisons: () => [],
    needed: (multiplier: number) =>
      replicatesToShow({
        distance: Math.abs(mean),
        sd,
        alpha: ALPHA / 2 / multiplier,
        power: 0.8,
      }),
  };
}

/** Compares two groups of points, paired by replicate. */
export function compare(
  metric: MetricName,
  first: readonly PointData[],
  second: readonly PointData[],
): Comparison {
  const column = (points: readonly PointData[]) =>
    meanOver(points.map((point) => valuesOf(point, metric)));
  const differences = paired(column(first), column(second));
  const [firstFails, secondFails] = [
    first.some(diverged),
    second.some(diverged),
  ];
  const tested = differences.length >= 2;
  return {
    metric,
    first: first.map(({ params }) => params),
    second: second.map(({ params }) => params),
    difference: firstFails || secondFails
      ? noEstimate(differences.length)
      : estimate(differences),
    pDifference: tested ? twoSided(differences) : null,
    pEquivalence: tested ? tost(differences, metrics[metric].margin) : null,
    diverged: firstFails && secondFails
      ? "both"
      : firstFails
      ? "first"
      : secondFails
      ? "second"
      : null,
  };
}
