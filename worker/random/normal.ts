/**
 * Standard normal numbers by inverting the distribution function.
 *
 * Every engine must compute the same bits from the same words, because a trial
 * is compared with its repetition on another device. ECMAScript leaves Math.log
 * and Math.cos to the engine, and they do differ in the last digits. Only + - *
 * / are exactly rounded by the standard, and Math.sqrt by every engine in
 * practice (it is one IEEE 754 machine instruction). So the logarithm here uses
 * only these.
 */

/** 2**-32. */
const INVERSE_WORDS = 2.3283064365386963e-10;

/** A uint32 word as a number in the open interval (0, 1), exactly. */
export function uniform(word: number): number {
  return (word + 0.5) * INVERSE_WORDS;
}

/**
 * Coefficients of a polynomial, lowest degree first. Source: Wichura,
 * "Algorithm AS 241: The Percentage Points of the Normal Distribution",
 * Applied Statistics 37 (1988), routine PPND16.
 */
type Coefficients = readonly [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
];

const A: Coefficients = [
  3.3871328727963666080e0,
  1.3314166789178437745e2,
  1.9715909503065514427e3,
  1.3731693765509461125e4,
  4.5921953931549871457e4,
  6.7265770927008700853e4,
  3.3430575583588128105e4,
  2.5090809287301226727e3,
];
const B: Coefficients = [
  1,
  4.2313330701600911252e1,
  6.8718700749205790830e2,
  5.3941960214247511077e3,
  2.1213794301586595867e4,
  3.9307895800092710610e4,
  2.8729085735721942674e4,
  5.2264952788528545610e3,
];
const C: Coefficients = [
  1.42343711074968357734e0,
  4.63033784615654529590e0,
  5.76949722146069140550e0,
  3.64784832476320460504e0,
  1.27045825245236838258e0,
  2.41780725177450611770e-1,
  2.27238449892691845833e-2,
  7.74545014278341407640e-4,
];
const D: Coefficients = [
  1,
  2.05319162663775882187e0,
  1.67638483018380384940e0,
  6.89767334985100004550e-1,
  1.48103976427480074590e-1,
  1.51986665636164571966e-2,
  5.47593808499534494600e-4,
  1.05075007164441684324e-9,
];
const E: Coefficients = [
  6.65790464350110377720e0,
  5.46378491116411436990e0,
  1.78482653991729133580e0,
  2.96560571828504891230e-1,
  2.65321895265761230930e-2,
  1.24266094738807843860e-3,
  2.71155556874348757815e-5,
  2.01033439929228813265e-7,
];
const F: Coefficients = [
  1,
  5.99832206555887937690e-1,
  1.36929880922735805310e-1,
  1.48753612908506148525e-2,
  7.86869131145613259100e-4,
  1.84631831751005468180e-5,
  1.42151175831644588870e-7,
  2.04426310338993978564e-15,
];

/**
 * The number below which a standard normal variable falls with probability
 * `p`; relative error about 1e-16.
 *
 * Source: AS 241, PPND16 (see {@link Coefficients}).
 *
 * @param p in (0, 1)
 * @throws RangeError for any other `p`
 */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) {
    throw new RangeError(
      `normal quantile: the probability must lie between 0 and 1: ${p}`,
    );
  }
  const q = p - 0.5;
  if (q >= -0.425 && q <= 0.425) {
    const r = 0.180625 - q * q;
    return q * polynomial(A, r) / polynomial(B, r);
  }
  const r = Math.sqrt(-naturalLog(q < 0 ? p : 1 - p));
  const size = r <= 5
    ? polynomial(C, r - 1.6) / polynomial(D, r - 1.6)
    : polynomial(E, r - 5) / polynomial(F, r - 5);
  return q < 0 ? -size : size;
}

function polynomial(c: Coefficients, x: number): number {
  return ((((((c[7] * x + c[6]) * x + c[5]) * x + c[4]) * x + c[3]) * x +
            c[2]) * x + c[1]) * x + c[0];
}

const LN2 = 0.6931471805599453;
const SQRT_HALF = 0.7071067811865476;

/**
 * Natural logarithm of a number in (0, 1], to about 1e-16: x = m * 2**e with
 * m in [sqrt(1/2), sqrt(2)), and log(m) = 2 atanh((m - 1) / (m + 1)) by its
 * series. Scaling by 2 is exact, so nothing depends on the engine.
 */
export function naturalLog(x: number): number {
  let m = x;
  let e = 0;
  while (m < SQRT_HALF) {
    m *= 2;
    e--;
  }
  const s = (m - 1) / (m + 1);
  const t = s * s;
  // t < 0.0295: the first term left out is below 1e-17 of the sum.
  const series = 1 +
    t * (1 / 3 +
        t * (1 / 5 +
            t * (1 / 7 +
                t * (1 / 9 +
                    t * (1 / 11 +
                        t * (1 / 13 +
                            t * (1 / 15 +
                                t * (1 / 17 +
                                    t * (1 / 19 + t / 21)))))))));
  return e * LN2 + 2 * s * series;
}
