import type { Comparison, MetricName } from "../../../protocol/leaderboard.ts";
import type { Params } from "../../../protocol/study.ts";
import {
  estimate,
  estimateOf,
  finiteMoments,
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

/** An effect with its 95% interval; null ends under 2 replicates. */
export interface Effect {
  readonly estimate: number;
  readonly low: number | null;
  readonly high: number | null;
}

/** What the words say besides the figures that all claims have. */
export type Detail =
  | {
    readonly kind: "trend";
    readonly points: number;
    /** Points whose every finished replicate fails d2l's loss check. */
    readonly failing: readonly Params[];
    /** Points of which some replicates fail it. */
    readonly sometimesFailing: readonly Params[];
    /** Pairs of points where one has no lower and some higher rate, */
    readonly comparable: number;
    /** and of these, those where it has the higher mean loss. */
    readonly inOrder: number;
    readonly leftOut: readonly Params[];
  }
  | {
    readonly kind: "lowest";
    /** Both rates of the low points are at most this. */
    readonly cutoff: number;
    readonly lowMean: number | null;
    /** The rival that decides the verdict. */
    readonly rival: Params;
    readonly rivalMean: number | null;
    readonly likeliest: {
      readonly params: Params;
      readonly probability: number;
    } | null;
    /** Mean without any dropout, if the study has that point. */
    readonly controlMean: number | null;
    readonly leftOut: readonly Params[];
    /** A low point with a diverged replicate. */
    readonly lowDiverged: boolean;
  }
  | {
    readonly kind: "swap";
    readonly pairs: number;
    /** Pairs that differ from 0, and that are equivalent, each at 5% alone. */
    readonly differing: number;
    readonly equivalent: number;
    readonly worst: readonly [Params, Params] | null;
    readonly leftOut: readonly Params[];
  }
  | {
    readonly kind: "order";
    readonly pairs: number;
    /** Pairs whose mean is better with the lower rate nearer the input. */
    readonly better: number;
    readonly leftOut: readonly Params[];
  };

/** What the data say of one claim, before it is judged beside the others. */
export interface Evidence {
  /** p-value against the claim being false: small supports it. */
  readonly support: number;
  /** p-value against the claim being true: small contradicts it. */
  readonly contradict: number;
  /** Positive where it speaks for the claim; a swap's is a plain difference. */
  readonly effect: Effect | null;
  readonly replicates: number;
  /** What was compared, the most telling first; worked out when asked. */
  readonly comparisons: () => Comparison[];
  /**
   * Replicates a point, in all, that would probably settle the claim where
   * Holm's procedure multiplies its p-value by `multiplier`.
   */
  readonly needed: (multiplier: number) => number | null;
  readonly detail: Detail;
}

/** At most this many comparisons go into a verdict. */
export const MOST_COMPARISONS = 64;

/** The mean of a sample with its 95% interval; null for none. */
export function effectOf(values: readonly number[]): Effect | null {
  const { mean, low, high } = estimateOf(finiteMoments(values));
  return mean === null ? null : { estimate: mean, low, high };
}

/** Sets two groups of points against each other, paired by replicate. */
export function compare(
  metric: MetricName,
  first: readonly PointData[],
  second: readonly PointData[],
  margin: number,
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
      ? { n: differences.length, mean: null, sd: null, low: null, high: null }
      : estimate(differences),
    pDifference: tested ? twoSided(differences) : null,
    pEquivalence: tested ? tost(differences, margin) : null,
    diverged: firstFails && secondFails
      ? "both"
      : firstFails
      ? "first"
      : secondFails
      ? "second"
      : null,
  };
}
