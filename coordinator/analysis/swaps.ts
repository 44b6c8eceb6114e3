import type { Swap, SwapFigures } from "../../protocol/leaderboard.ts";
import { marginOf, type RankedMetric } from "./claims/claims.ts";
import { MOST_COMPARISONS } from "./claims/evidence.ts";
import { pairTests } from "./statistics/pair_tests.ts";
import { ALPHA, estimate, holm, round6 } from "./statistics/statistics.ts";
import {
  diverged,
  type PointData,
  type SwappedPair,
  swappedPairs,
  valuesOf,
} from "./study_data.ts";

const finite = (value: number | undefined) =>
  value !== undefined && Number.isFinite(value) ? round6(value) : null;

/** Holm over those that could be tested; null for the rest. */
function adjusted(pValues: readonly (number | null)[]): (number | null)[] {
  const tested = pValues.flatMap((p, index) =>
    p === null ? [] : [{ p, index }]
  );
  const found = new Map(
    holm(tested.map(({ p }) => p)).map(({ p }, i) => [tested[i]?.index, p]),
  );
  return pValues.map((_, index) => found.get(index) ?? null);
}

function verdictOf(
  pDifference: number | null,
  pEquivalence: number | null,
): SwapFigures["verdict"] {
  if (pEquivalence !== null && pEquivalence <= ALPHA) return "equivalent";
  return pDifference !== null && pDifference <= ALPHA ? "different" : "open";
}

function divergedAt({ lowerFirst, higherFirst }: SwappedPair) {
  const [lower, higher] = [diverged(lowerFirst), diverged(higherFirst)];
  if (lower && higher) return "both";
  return lower ? "lowerFirst" : higher ? "higherFirst" : null;
}

/** But for the values themselves, which only pairs that are shown need. */
type Summed = Omit<SwapFigures, "replicates">;

function withValues(
  { lowerFirst, higherFirst }: SwappedPair,
  metric: RankedMetric,
  figures: Summed,
): SwapFigures {
  const higher = valuesOf(higherFirst, metric);
  return {
    replicates: valuesOf(lowerFirst, metric).map((value, replicate) => [
      finite(value),
      finite(higher[replicate]),
    ]),
    ...figures,
  };
}

/** Every pair by one metric, adjusted over all of them. */
function figuresOf(
  pairs: readonly SwappedPair[],
  metric: RankedMetric,
): Summed[] {
  const margin = marginOf(metric);
  const tests = pairs.map((pair) => pairTests(pair, metric, margin));
  const testable = (p: "none" | "equivalent") =>
    adjusted(
      tests.map((one) => one.differences.length < 2 ? null : one[p]),
    );
  const different = testable("none");
  const equivalent = testable("equivalent");
  return pairs.map((pair, index) => {
    const values = tests[index]?.differences ?? [];
    const [pDifference, pEquivalence] = [
      different[index] ?? null,
      equivalent[index] ?? null,
    ];
    const at = divergedAt(pair);
    return {
      difference: at === null ? estimate(values) : {
        n: values.length,
        mean: null,
        sd: null,
        low: null,
        high: null,
      },
      pDifference,
      pEquivalence,
      margin,
      verdict: verdictOf(pDifference, pEquivalence),
      diverged: at,
    };
  });
}

/**
 * Sets the two orders of each pair of rates against each other, replicate by
 * replicate, by each metric for which a margin matters. The p-values are
 * adjusted over all pairs of the study, also those that are not shown.
 */
export function swapsOf(points: readonly PointData[]): Swap[] {
  const pairs = swappedPairs(points);
  const metrics = {
    trainLoss: figuresOf(pairs, "trainLoss"),
    trainLossDropoutOff: figuresOf(pairs, "trainLossDropoutOff"),
    testLoss: figuresOf(pairs, "testLoss"),
    testAccuracy: figuresOf(pairs, "testAccuracy"),
  };
  const size = (index: number) => {
    const { difference, diverged } = metrics.trainLoss[index] ?? {};
    // A pair that diverged has no mean, and is no less telling for it.
    if (diverged) return Infinity;
    const mean = difference?.mean ?? null;
    return mean === null ? -1 : Math.abs(mean);
  };
  return pairs
    .map((pair, index) => ({ pair, index }))
    .sort((a, b) => size(b.index) - size(a.index) || a.index - b.index)
    .slice(0, MOST_COMPARISONS)
    .flatMap(({ pair, index }) => {
      const trainLoss = metrics.trainLoss[index];
      const trainLossDropoutOff = metrics.trainLossDropoutOff[index];
      const testLoss = metrics.testLoss[index];
      const testAccuracy = metrics.testAccuracy[index];
      if (!trainLoss || !trainLossDropoutOff || !testLoss || !testAccuracy) {
        return [];
      }
      return [{
        lowerFirst: pair.lowerFirst.params,
        higherFirst: pair.higherFirst.params,
        metrics: {
          trainLoss: withValues(pair, "trainLoss", trainLoss),
          trainLossDropoutOff: withValues(
            pair,
            "trainLossDropoutOff",
            trainLossDropoutOff,
          ),
          testLoss: withValues(pair, "testLoss", testLoss),
          testAccuracy: withValues(pair, "testAccuracy", testAccuracy),
        },
      }];
    });
}
