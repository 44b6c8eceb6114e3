import { axesOf, isRatePair, ratesOf } from "../../../protocol/grid_point.ts";
import type {
  Estimate,
  Swap,
  SwapFigures,
} from "../../../protocol/leaderboard.ts";
import {
  byRankedMetric,
  metrics,
  type RankedMetric,
} from "../../../protocol/metrics.ts";
import {
  ALPHA,
  estimate,
  holm,
  type Moments,
  moments,
  noEstimate,
  outside,
  round6,
  tost,
  twoSided,
} from "../statistics/statistics.ts";
import { diverged, paired, type PointData, valuesOf } from "../study_data.ts";
import { MOST_COMPARISONS } from "./claim.ts";

/** Two points whose rates are each other's, swapped. */
export interface SwappedPair {
  /** The lower rate nearer the input. */
  readonly lowerFirst: PointData;
  readonly higherFirst: PointData;
}

/**
 * Every pair of points with swapped rates; none where a study varies other
 * fields than the two rates.
 */
export function swappedPairs(
  points: readonly PointData[],
): readonly SwappedPair[] {
  let pairs = pairsOf.get(points);
  if (pairs === undefined) pairsOf.set(points, pairs = findPairs(points));
  return pairs;
}

/** Cached, because several claims ask for the pairs of the same points. */
const pairsOf = new WeakMap<readonly PointData[], readonly SwappedPair[]>();

function findPairs(points: readonly PointData[]): SwappedPair[] {
  if (!isRatePair(axesOf(points.map(({ params }) => params)))) return [];
  // Short keys are fast: a study may have thousands of points.
  const keyOf = (first: number, second: number) => `${first},${second}`;
  const byKey = new Map(points.map((point) => {
    const { dropout1, dropout2 } = ratesOf(point.params);
    return [keyOf(dropout1, dropout2), point];
  }));
  const pairs: SwappedPair[] = [];
  for (const lowerFirst of points) {
    const { dropout1, dropout2 } = ratesOf(lowerFirst.params);
    if (dropout1 >= dropout2) continue;
    const higherFirst = byKey.get(keyOf(dropout2, dropout1));
    if (higherFirst === undefined) continue;
    let pair = pairOf.get(lowerFirst);
    if (pair?.higherFirst !== higherFirst) {
      pairOf.set(lowerFirst, pair = { lowerFirst, higherFirst });
    }
    pairs.push(pair);
  }
  return pairs;
}

/** Unchanged points keep their pair, so that its tests stay cached. */
const pairOf = new WeakMap<PointData, SwappedPair>();

/** A swapped pair's paired differences by one metric, and their tests. */
export interface PairTests {
  /** Lower rate first minus higher rate first. */
  readonly differences: readonly number[];
  readonly moments: Moments;
  /** p-value for no difference; not adjusted, like those below. */
  readonly none: number;
  /** p-value for a difference of at least the margin. */
  readonly equivalent: number;
  /** p-value for a difference within the margin. */
  readonly different: number;
}

/** Cached: a study has thousands of pairs, and a result changes one. */
const kept = new WeakMap<SwappedPair, Map<string, PairTests>>();

/** Tests one pair; computed once while its points do not change. */
export function pairTests(
  pair: SwappedPair,
  metric: RankedMetric,
  margin: number = metrics[metric].margin,
): PairTests {
  let known = kept.get(pair);
  if (known === undefined) kept.set(pair, known = new Map());
  const key = `${metric} ${margin}`;
  let tests = known.get(key);
  if (tests === undefined) {
    const differences = paired(
      valuesOf(pair.lowerFirst, metric),
      valuesOf(pair.higherFirst, metric),
    );
    tests = {
      differences,
      moments: moments(differences),
      none: twoSided(differences),
      equivalent: tost(differences, margin),
      different: outside(differences, margin),
    };
    known.set(key, tests);
  }
  return tests;
}

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

/** The p-values of every pair by one metric, adjusted over all of them. */
function adjustedTests(pairs: readonly SwappedPair[], metric: RankedMetric) {
  const tests = pairs.map((pair) => pairTests(pair, metric));
  const testable = (p: "none" | "equivalent") =>
    adjusted(tests.map((one) => one.differences.length < 2 ? null : one[p]));
  return { none: testable("none"), equivalent: testable("equivalent") };
}

function differenceOf(pair: SwappedPair, metric: RankedMetric): Estimate {
  const { differences } = pairTests(pair, metric);
  return divergedAt(pair) === null
    ? estimate(differences)
    : noEstimate(differences.length);
}

/**
 * Compares the two orders of each pair of rates, replicate by replicate, by each
 * ranked metric. The p-values are adjusted over all pairs of the study, including
 * those that are not shown.
 */
export function swapsOf(points: readonly PointData[]): Swap[] {
  const pairs = swappedPairs(points);
  const tests = byRankedMetric((metric) => adjustedTests(pairs, metric));
  const size = (pair: SwappedPair) => {
    // A diverged pair has no mean; it says most, so it is shown first.
    if (divergedAt(pair) !== null) return Infinity;
    const { mean } = differenceOf(pair, "trainLoss");
    return mean === null ? -1 : Math.abs(mean);
  };
  return pairs
    .map((pair, index) => ({ pair, index, size: size(pair) }))
    .sort((a, b) => b.size - a.size || a.index - b.index)
    .slice(0, MOST_COMPARISONS)
    .map(({ pair, index }) => ({
      lowerFirst: pair.lowerFirst.params,
      higherFirst: pair.higherFirst.params,
      metrics: byRankedMetric((metric) => {
        const higher = valuesOf(pair.higherFirst, metric);
        const pDifference = tests[metric].none[index] ?? null;
        const pEquivalence = tests[metric].equivalent[index] ?? null;
        return {
          replicates: valuesOf(pair.lowerFirst, metric).map((
            value,
            replicate,
          ) => [finite(value), finite(higher[replicate])]),
          difference: differenceOf(pair, metric),
          pDifference,
          pEquivalence,
          margin: metrics[metric].margin,
          verdict: verdictOf(pDifference, pEquivalence),
          diverged: divergedAt(pair),
        };
      }),
    }));
}
