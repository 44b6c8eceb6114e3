import {
  chiSquareUpperTail,
  normalQuantile,
  tUpperTail,
} from "./statistics/distributions.ts";
import { median } from "./statistics/statistics.ts";

/**
 * Finds workers and backends whose results differ from all others' at the same
 * grid points more than chance explains. Recomputing a trial proves a false
 * result only where backends agree bit for bit. This test needs no agreement of
 * bits, but it judges all results of a worker together: it proves nothing about
 * a single result and revokes none.
 */

/** A figure of a result, and who gave it. */
export interface Given {
  /** Whose results are looked at together: a worker's, a backend's. */
  readonly group: string;
  readonly point: string;
  readonly replicate: number;
  /** More than 0. */
  readonly figure: number;
}

/** How far a group's results lie from the others'. */
export interface Deviation {
  /** Sum over the grid points; each adds about 1 if all is well. */
  readonly chiSquare: number;
  /** Grid points where both the group and others have results. */
  readonly points: number;
  /** The group's results there. */
  readonly results: number;
  /** Probability of a chi-square of at least this size by chance. */
  readonly pValue: number;
}

/** A trained result's figures, and who gave it. */
export interface GivenResult extends Omit<Given, "figure"> {
  readonly trainLoss: number;
  readonly testLoss: number;
}

/** The figures that are compared. */
const figures = ["trainLoss", "testLoss"] as const;

/** A group's deviation by the figure that deviates more. */
export interface JudgedDeviation extends Deviation {
  readonly figure: typeof figures[number];
  /** Adjusted for all groups and figures that were compared (Bonferroni). */
  readonly pValue: number;
  /** Whether it is more than chance explains. */
  readonly odd: boolean;
}

/** Level of the test: one study in a thousand has an odd group by chance. */
const ALPHA = 0.001;

/** Compares each group with all others, by the figure that deviates more. */
export function judgeDeviations(
  given: readonly GivenResult[],
): ReadonlyMap<string, JudgedDeviation> {
  const tests = figures.flatMap((figure) =>
    [...deviations(given.map((g) => ({ ...g, figure: g[figure] })))]
      .map(([group, deviation]) => ({ group, figure, deviation }))
  );
  const judged = new Map<string, JudgedDeviation>();
  for (const { group, figure, deviation } of tests) {
    const pValue = Math.min(1, deviation.pValue * tests.length);
    if (pValue >= (judged.get(group)?.pValue ?? Infinity)) continue;
    judged.set(group, { ...deviation, figure, pValue, odd: pValue < ALPHA });
  }
  return judged;
}

/**
 * Limit for one result, in standard deviations. Now and then a trial ends with
 * a loss far from the others without anybody's fault: one such result must not
 * mark its worker as odd, three of them should.
 */
const MOST = 3;
/** Weight of the common spread in a point's spread, as a number of results. */
const PRIOR = 4;
/** One and a half standard errors of a spread estimated from a median. */
const MARGIN = 1.5 * 1.17;
/** A smaller share of all results hardly changes their spread. */
const SMALL_SHARE = 0.05;
/** With fewer residuals the common spread is a guess. */
const LEAST_RESIDUALS = 20;
/** The median's variance divided by the mean's, for normal numbers (Laplace). */
const MEDIAN = Math.PI / 2;

/**
 * Compares logarithms of each group's figures with all others', point by point,
 * without what replicates have in common. A point where only one side has results
 * is ignored; a group with only such points is not in the answer.
 */
export function deviations(
  given: readonly Given[],
): ReadonlyMap<string, Deviation> {
  const results = withoutReplicates(given);
  const byPoint = Map.groupBy(results, ({ point }) => point);
  const common = commonSpread(results);
  if (common === null) return new Map();
  const sums: Sum[] = [];
  for (const [group, mine] of Map.groupBy(results, ({ group }) => group)) {
    const sum = { group, chiSquare: 0, points: 0, results: 0 };
    // A small group hardly changes the spread; a large one is left out of it.
    const spread = mine.length < SMALL_SHARE * results.length
      ? common
      : commonSpread(results.filter((r) => r.group !== group)) ?? common;
    for (const [point, here] of Map.groupBy(mine, ({ point }) => point)) {
      const others = (byPoint.get(point) ?? [])
        .filter((r) => r.group !== group).map(({ value }) => value);
      if (others.length === 0) continue;
      const values = here.map(({ value }) => value);
      sum.chiSquare += oddness(values, others, spread) ** 2;
      sum.points++;
      sum.results += here.length;
    }
    if (sum.points > 0) sums.push(sum);
  }
  return new Map(sums.map((sum) => {
    const { group, points, results } = sum;
    const chiSquare = sum.chiSquare / usual(sums, sum);
    const pValue = chiSquareUpperTail(chiSquare, points);
    return [group, { chiSquare, points, results, pValue }];
  }));
}

interface Sum {
  readonly group: string;
  chiSquare: number;
  points: number;
  results: number;
}

/**
 * What a grid point adds on average for the other groups, at least 1. It is more
 * if results scatter more widely than normal numbers. With fewer than three
 * groups it is unknown, so it is 1.
 */
function usual(sums: readonly Sum[], but: Sum): number {
  if (sums.length < 3) return 1;
  let [chiSquare, points] = [0, 0];
  for (const sum of sums) {
    if (sum === but) continue;
    chiSquare += sum.chiSquare;
    points += sum.points;
  }
  return Math.max(1, chiSquare / points);
}

interface Value extends Given {
  /** The figure's logarithm, without its replicate's share. */
  readonly value: number;
}

/**
 * Replicates share initial weights and batches, so a worker that trained only one
 * of them would look odd at every point. Tukey's median polish removes this.
 */
function withoutReplicates(given: readonly Given[]): Value[] {
  let values: Value[] = given.map((g) => ({ ...g, value: Math.log(g.figure) }));
  for (let round = 0; round < 3; round++) {
    const points = new Map<string, number>();
    for (const [point, at] of Map.groupBy(values, ({ point }) => point)) {
      points.set(point, median(at.map(({ value }) => value)));
    }
    const residual = (v: Value) => v.value - (points.get(v.point) ?? 0);
    const shares = new Map<number, number>();
    for (const [r, of] of Map.groupBy(values, ({ replicate }) => replicate)) {
      // With fewer results, this would remove a real deviation.
      shares.set(r, of.length < 3 ? 0 : median(of.map(residual)));
    }
    values = values.map((v) => ({
      ...v,
      value: v.value - (shares.get(v.replicate) ?? 0),
    }));
  }
  return values;
}

/** The standard deviation within points; null: too little is known. */
function commonSpread(results: readonly Value[]): number | null {
  const points = [...Map.groupBy(results, ({ point }) => point).values()];
  const residuals = points.flatMap((at) => {
    const n = at.length;
    if (n < 2) return [];
    const mean = at.reduce((sum, { value }) => sum + value, 0) / n;
    const scale = Math.sqrt(n / (n - 1));
    return at.map(({ value }) => Math.abs(value - mean) * scale);
  });
  if (residuals.length < LEAST_RESIDUALS) return null;
  const spread = median(residuals) / normalQuantile(0.75);
  // With few residuals, the true spread may well be larger.
  const margin = 1 + MARGIN / Math.sqrt(residuals.length);
  return spread > 0 ? spread * margin : null;
}

/** How far these lie from the others at one point, as a normal deviate. */
function oddness(
  here: readonly number[],
  others: readonly number[],
  spread: number,
): number {
  const centre = median(others);
  const squares = others.reduce(
    (sum, value) =>
      sum + Math.min(MOST * spread, Math.abs(value - centre)) ** 2,
    0,
  );
  const freedom = PRIOR + others.length - 1;
  const variance = (PRIOR * spread ** 2 + squares) / freedom *
    (medianVariance(here.length) + medianVariance(others.length));
  const t = Math.abs(median(here) - centre) / Math.sqrt(variance);
  const most = MOST * Math.sqrt(Math.max(1, here.length - 1));
  return Math.min(most, -normalQuantile(tUpperTail(t, freedom)));
}

/** Variance of the median of n values of variance 1; of two it is the mean. */
function medianVariance(n: number): number {
  return (n < 3 ? 1 : MEDIAN) / n;
}
