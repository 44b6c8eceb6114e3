// @ts-types="./jstat.d.ts"
import jStat from "jstat";

/**
 * Student's t distribution, from jstat: its cumulative distribution function
 * at `x`, accurate to about 1e-7 of its value.
 */
export function tCdf(x: number, degreesOfFreedom: number): number {
  // Only the lower tail is computed without loss of precision; the upper one
  // follows by symmetry.
  return x <= 0
    ? jStat.studentt.cdf(x, degreesOfFreedom)
    : 1 - jStat.studentt.cdf(-x, degreesOfFreedom);
}

/** The probability of a value of at least `x`, precise even if tiny. */
export function tUpperTail(x: number, degreesOfFreedom: number): number {
  return x >= 0
    ? jStat.studentt.cdf(-x, degreesOfFreedom)
    : 1 - jStat.studentt.cdf(x, degreesOfFreedom);
}

/** Cached quantiles, by degrees of freedom, then by probability. */
const quantiles = new Map<number, Map<number, number>>();

/** The `p` quantile of Student's t distribution. */
export function tQuantile(p: number, degreesOfFreedom: number): number {
  let known = quantiles.get(degreesOfFreedom);
  if (known === undefined) {
    quantiles.set(degreesOfFreedom, known = new Map<number, number>());
  }
  let value = known.get(p);
  if (value === undefined) {
    value = jStat.studentt.inv(p, degreesOfFreedom);
    // Few distinct quantiles are needed, but the cache is bounded anyway.
    if (known.size >= 1024) known.clear();
    known.set(p, value);
  }
  return value;
}

/**
 * Upper tail of the binomial distribution with probability 1/2: the probability
 * of at least `least` heads in `tosses`.
 */
export function headsTail(least: number, tosses: number): number {
  let term = 0.5 ** tosses;
  let sum = 0;
  for (let heads = 0; heads <= tosses; heads++) {
    if (heads >= least) sum += term;
    term *= (tosses - heads) / (heads + 1);
  }
  return Math.min(1, sum);
}

/** The `p` quantile of the standard normal distribution. */
export function normalQuantile(p: number): number {
  return jStat.normal.inv(p, 0, 1);
}

/** The probability of a chi-square of `x` or more; absolute error 1e-15. */
export function chiSquareUpperTail(
  x: number,
  degreesOfFreedom: number,
): number {
  return 1 - jStat.lowRegGamma(degreesOfFreedom / 2, x / 2);
}
