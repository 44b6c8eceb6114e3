import type { MetricName } from "../../../protocol/leaderboard.ts";
import {
  type Moments,
  moments,
  outside,
  tost,
  twoSided,
} from "./statistics.ts";
import { paired, type SwappedPair, valuesOf } from "../study_data.ts";

/** A swapped pair's paired differences by one metric, put to the test. */
export interface PairTests {
  /** The lower rate first less the higher rate first. */
  readonly differences: readonly number[];
  readonly moments: Moments;
  /** p-values, not adjusted: of no difference, */
  readonly none: number;
  /** of one as large as the margin, */
  readonly equivalent: number;
  /** and of one within the margin. */
  readonly different: number;
}

/** A study has thousands of pairs, and a result changes one of them. */
const kept = new WeakMap<SwappedPair, Map<string, PairTests>>();

/** Tests one pair; done once for as long as neither of its points changes. */
export function pairTests(
  pair: SwappedPair,
  metric: MetricName,
  margin: number,
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
