import type { Estimate } from "../../../protocol/leaderboard.ts";
import { headsTail, tQuantile, tUpperTail } from "./distributions.ts";

/** Significance level: the largest accepted probability of a wrong verdict. */
export const ALPHA = 0.05;

/**
 * Smaller spreads are rounding errors: the figures are losses and shares of
 * thousands of examples, which differ by at least 1e-6.
 */
const NO_SPREAD = 1e-9;

/** Rounds to six decimals, more than the measurement's precision. */
export function round6(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

/** @returns NaN without values */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const high = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1
    ? high
    : ((sorted[middle - 1] ?? NaN) + high) / 2;
}

/** Size, mean and standard deviation (n - 1) of a sample. */
export interface Moments {
  readonly n: number;
  /** NaN without values. */
  readonly mean: number;
  /** NaN with fewer than 2 values. */
  readonly sd: number;
}

/** Moments of a sample, in two passes. */
export function moments(values: readonly number[]): Moments {
  const n = values.length;
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / n;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return { n, mean, sd: spread(n, squares) };
}

/** Moments of the finite values of a sample. */
export function finiteMoments(values: readonly number[]): Moments {
  let [n, sum] = [0, 0];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    n += 1;
    sum += value;
  }
  const mean = sum / n;
  let squares = 0;
  for (const value of values) {
    if (Number.isFinite(value)) squares += (value - mean) ** 2;
  }
  return { n, mean, sd: spread(n, squares) };
}

function spread(n: number, squares: number): number {
  const sd = n < 2 ? NaN : Math.sqrt(squares / (n - 1));
  return sd < NO_SPREAD ? 0 : sd;
}

/**
 * The moments of the first `length` columns of a table. Each row is read only
 * once, so sums are of differences from the first row instead of the mean.
 */
export function columnMoments(
  rows: readonly (readonly number[])[],
  length: number,
): Moments[] {
  const n = rows.length;
  const origin = Float64Array.from({ length }, (_, i) => rows[0]?.[i] ?? NaN);
  const sums = new Float64Array(length);
  const squares = new Float64Array(length);
  for (const row of rows) {
    for (let i = 0; i < length; i++) {
      const distance = (row[i] ?? NaN) - (origin[i] ?? NaN);
      sums[i] = (sums[i] ?? NaN) + distance;
      squares[i] = (squares[i] ?? NaN) + distance ** 2;
    }
  }
  return Array.from(sums, (sum, i) => ({
    n,
    mean: (origin[i] ?? NaN) + sum / n,
    sd: spread(n, Math.max(0, (squares[i] ?? NaN) - sum * sum / n)),
  }));
}

/** Half the width of the mean's t interval; NaN with fewer than 2 values. */
export function halfWidth(
  { n, sd }: Moments,
  confidence: number = 1 - ALPHA,
): number {
  if (n < 2) return NaN;
  return tQuantile((1 + confidence) / 2, n - 1) * sd / Math.sqrt(n);
}

/** The estimate of `n` replicates that have no mean. */
export function noEstimate(n: number): Estimate {
  return { n, mean: null, sd: null, low: null, high: null };
}

/** Mean, standard deviation and 95% t interval, as shown on the leaderboard. */
export function estimate(values: readonly number[]): Estimate {
  return estimateOf(moments(values));
}

/** The same, from a sample's moments. */
export function estimateOf(sample: Moments): Estimate {
  const { n, mean, sd } = sample;
  if (n === 0) return noEstimate(n);
  if (n < 2) return { ...noEstimate(n), mean: round6(mean) };
  const half = halfWidth(sample);
  return {
    n,
    mean: round6(mean),
    sd: round6(sd),
    low: round6(mean - half),
    high: round6(mean + half),
  };
}

/** p-values of the two one-sided tests about a mean. */
export interface OneSided {
  /** For a mean at or below the boundary: small if the mean is above. */
  readonly above: number;
  /** For a mean at or above the boundary: small if the mean is below. */
  readonly below: number;
}

const untested: OneSided = { above: 1, below: 1 };

/**
 * Tests on which side of `boundary` the mean of a population lies, from a
 * sample without NaN. Uses Student's t test. If t is undefined, because all
 * values are equal or some are infinite (a replicate diverged), uses the exact
 * sign test, which makes no assumption about the distribution. With fewer than
 * 2 values nothing is tested and both p-values are 1.
 *
 * @param known the sample's moments, if already computed
 */
export function oneSided(
  values: readonly number[],
  boundary: number,
  known: Moments = moments(values),
): OneSided {
  const { n, mean, sd } = known;
  if (n < 2) return untested;
  if (sd > 0 && Number.isFinite(mean)) {
    const t = (mean - boundary) / (sd / Math.sqrt(n));
    const tail = tUpperTail(Math.abs(t), n - 1);
    return t > 0
      ? { above: tail, below: 1 - tail }
      : { above: 1 - tail, below: tail };
  }
  const over = values.filter((value) => value > boundary).length;
  const under = values.filter((value) => value < boundary).length;
  return {
    above: headsTail(over, over + under),
    below: headsTail(under, over + under),
  };
}

/** Two-sided p-value for a mean of 0. */
export function twoSided(values: readonly number[]): number {
  const { above, below } = oneSided(values, 0);
  return Math.min(1, 2 * Math.min(above, below));
}

/**
 * Two one-sided tests (TOST): the p-value for a mean at or outside
 * -margin..margin; small if the data show that the mean is inside.
 *
 * Source: Schuirmann (1987), J. Pharmacokinet. Biopharm. 15, 657-680.
 */
export function tost(values: readonly number[], margin: number): number {
  return Math.max(
    oneSided(values, -margin).above,
    oneSided(values, margin).below,
  );
}

/**
 * p-value for a mean inside -margin..margin; small if the data show that the
 * mean is outside. It is twice the smaller one-sided p-value, so the error rate
 * stays within the nominal one even if the margin is small compared with the
 * spread.
 */
export function outside(values: readonly number[], margin: number): number {
  return Math.min(
    1,
    2 * Math.min(
      oneSided(values, margin).above,
      oneSided(values, -margin).below,
    ),
  );
}

/** A p-value adjusted for a family of tests, and its factor. */
export interface Adjusted {
  readonly p: number;
  readonly multiplier: number;
}

/**
 * Holm's step-down adjustment, in the order of the input.
 *
 * Source: Holm (1979), Scand. J. Statist. 6, 65-70.
 */
export function holm(pValues: readonly number[]): Adjusted[] {
  const order = pValues.map((p, index) => ({ p, index }))
    .sort((a, b) => a.p - b.p);
  const adjusted: Adjusted[] = [];
  let running = 0;
  order.forEach(({ p, index }, rank) => {
    const multiplier = pValues.length - rank;
    running = Math.max(running, Math.min(1, p * multiplier));
    adjusted[index] = { p: running, multiplier };
  });
  return adjusted;
}

/** Parameters of a power calculation for a one-sided test of a mean. */
export interface Showing {
  /** Distance of the mean from the boundary, on the tested side; positive. */
  readonly distance: number;
  readonly sd: number;
  /** Significance level of the one-sided test. */
  readonly alpha: number;
  readonly power: number;
}

/** More replicates than this are not practicable. */
export const MOST_REPLICATES = 200;

/**
 * The smallest number of replicates, at most `MOST_REPLICATES`, with which a t
 * test has the wanted power for the given mean and spread; null if more are
 * needed. Uses the usual approximation by central t quantiles: distance *
 * sqrt(n) / sd >= t(1 - alpha, n - 1) + t(power, n - 1).
 */
export function replicatesToShow(
  { distance, sd, alpha, power }: Showing,
): number | null {
  if (!(distance > 0) || !(sd > 0) || distance / sd === Infinity) return null;
  const enough = (n: number) =>
    distance * Math.sqrt(n) / sd >=
      tQuantile(1 - alpha, n - 1) + tQuantile(power, n - 1);
  let [low, high] = [1, MOST_REPLICATES];
  if (!enough(high)) return null;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (enough(middle)) high = middle;
    else low = middle;
  }
  return high;
}
