import type { MetricName } from "../protocol/leaderboard.ts";
import {
  compare,
  effectOf,
  type Evidence,
  MOST_COMPARISONS,
} from "./evidence.ts";
import { pairTests } from "./pair_tests.ts";
import {
  ALPHA,
  finiteMoments,
  moments,
  oneSided,
  replicatesToShow,
} from "./statistics.ts";
import {
  diverged,
  lowerIsBetter,
  meanOver,
  type PointData,
  type SwappedPair,
  swappedPairs,
  valuesOf,
} from "./study_data.ts";

const pairDiverged = ({ lowerFirst, higherFirst }: SwappedPair) =>
  diverged(lowerFirst) || diverged(higherFirst);

const paramsOf = (pairs: readonly SwappedPair[]) =>
  pairs.flatMap(({ lowerFirst, higherFirst }) =>
    [lowerFirst, higherFirst].filter(diverged).map(({ params }) => params)
  );

/**
 * Does swapping the rates change nothing? Supported when every pair is shown
 * to be equivalent within the margin (TOST; intersection-union, so the largest
 * p-value counts), contradicted when some pair is shown to differ by more than
 * the margin (the smallest, times their number). Null without a swapped pair.
 */
export function swapEvidence(
  points: readonly PointData[],
  metric: MetricName,
  margin: number,
): Evidence | null {
  const pairs = swappedPairs(points).map((pair) => ({
    pair,
    ...pairTests(pair, metric, margin),
  }));
  if (pairs.length === 0) return null;
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
        compare(metric, [pair.lowerFirst], [pair.higherFirst], margin)
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
    detail: {
      kind: "swap",
      pairs: pairs.length,
      differing: pairs.filter(({ none }) => none <= ALPHA).length,
      equivalent: pairs.filter(({ equivalent }) => equivalent <= ALPHA).length,
      worst: worst === undefined
        ? null
        : [worst.pair.lowerFirst.params, worst.pair.higherFirst.params],
      leftOut: paramsOf(pairs.map(({ pair }) => pair)),
    },
  };
}

/**
 * Is the lower rate better nearer the input? By replicate, the mean over the
 * swapped pairs of how much better that order is; a t test over replicates.
 * Null without a swapped pair.
 */
export function orderEvidence(
  points: readonly PointData[],
  metric: MetricName,
): Evidence | null {
  const pairs = swappedPairs(points);
  if (pairs.length === 0) return null;
  const sign = lowerIsBetter[metric] ? 1 : -1;
  const used = pairs.filter((pair) => !pairDiverged(pair));
  const leads = used.map(({ lowerFirst, higherFirst }) => {
    const other = valuesOf(lowerFirst, metric);
    return valuesOf(higherFirst, metric).map((value, replicate) =>
      sign * (value - (other[replicate] ?? NaN))
    );
  });
  const values = meanOver(leads).filter((value) => !Number.isNaN(value));
  const { above, below } = oneSided(values, 0);
  const { mean, sd } = moments(values);
  return {
    support: Math.min(1, 2 * above),
    contradict: Math.min(1, 2 * below),
    effect: effectOf(values),
    replicates: values.length,
    comparisons: () => [],
    needed: (multiplier) =>
      replicatesToShow({
        distance: Math.abs(mean),
        sd,
        alpha: ALPHA / 2 / multiplier,
        power: 0.8,
      }),
    detail: {
      kind: "order",
      pairs: used.length,
      better: leads.filter((lead) => finiteMoments(lead).mean > 0)
        .length,
      leftOut: paramsOf(pairs),
    },
  };
}
