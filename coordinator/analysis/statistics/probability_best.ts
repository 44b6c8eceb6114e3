import { tCdf, tQuantile } from "./distributions.ts";
import { moments } from "./statistics.ts";

/**
 * One value per replicate, NaN if missing; lower is better. Every point's array
 * has the same length, because replicates are paired.
 */
export type PairedValues = readonly (readonly number[])[];

/** The posterior of a point's mean: location, scale, degrees of freedom. */
interface Posterior {
  readonly mean: number;
  readonly scale: number;
  readonly df: number;
  /** Distribution function of Student's t with these degrees of freedom. */
  readonly cdf: Table;
}

/**
 * Removes the effect that a replicate (its initial weights and batch order) has
 * on all points alike, with a two-way additive fit; each point keeps its own
 * spread. With complete data one pass is enough; with gaps the alternation
 * converges.
 */
function posteriors(points: PairedValues): Posterior[] {
  const replicates = points[0]?.length ?? 0;
  const effects = new Float64Array(replicates);
  const means = new Float64Array(points.length);
  const sums = new Float64Array(replicates);
  const counts = new Int32Array(replicates);
  for (let pass = 0; pass < 50; pass++) {
    let change = 0;
    points.forEach((values, p) => {
      let [sum, n] = [0, 0];
      for (let r = 0; r < replicates; r++) {
        const value = values[r] ?? NaN;
        if (Number.isNaN(value)) continue;
        sum += value - (effects[r] ?? 0);
        n += 1;
      }
      means[p] = sum / n;
    });
    sums.fill(0);
    counts.fill(0);
    points.forEach((values, p) => {
      const mean = means[p] ?? 0;
      for (let r = 0; r < replicates; r++) {
        const value = values[r] ?? NaN;
        if (Number.isNaN(value)) continue;
        sums[r] = (sums[r] ?? 0) + (value - mean);
        counts[r] = (counts[r] ?? 0) + 1;
      }
    });
    for (let r = 0; r < replicates; r++) {
      const n = counts[r] ?? 0;
      const effect = n === 0 ? 0 : (sums[r] ?? 0) / n;
      change = Math.max(change, Math.abs(effect - (effects[r] ?? 0)));
      effects[r] = effect;
    }
    if (change < 1e-9) break;
  }
  // The fit removed part of each point's own spread; this corrects for it.
  const inflation = Math.sqrt(points.length / (points.length - 1));
  const rest: number[] = [];
  return points.map((values, p) => {
    rest.length = 0;
    for (let r = 0; r < replicates; r++) {
      const value = (values[r] ?? NaN) - (effects[r] ?? 0);
      if (!Number.isNaN(value)) rest.push(value);
    }
    const { n, sd } = moments(rest);
    return {
      mean: means[p] ?? NaN,
      scale: Math.max(sd * inflation / Math.sqrt(n), 1e-9),
      df: n - 1,
      cdf: tabledCdf(n - 1),
    };
  });
}

/** Tabulated distribution functions of t: millions of values are needed. */
type Table = (t: number) => number;

const tables = new Map<number, Table>();

/** Tables are cached: a study's points have few different sample sizes. */
function tabledCdf(df: number): Table {
  let table = tables.get(df);
  if (table === undefined) {
    // Bounded, because each table takes 64 kB.
    if (tables.size >= 64) tables.clear();
    tables.set(df, table = makeTable(df));
  }
  return table;
}

function makeTable(df: number): Table {
  // Closed forms: Abramowitz & Stegun, 26.7.3 and 26.7.4.
  if (df === 1) return (t) => 0.5 + Math.atan(t) / Math.PI;
  if (df === 2) return (t) => 0.5 + t / (2 * Math.sqrt(2 + t * t));
  // In u = t / sqrt(df + t^2) the function is smooth from -1 to 1.
  const cells = 8192;
  const table = Float64Array.from({ length: cells + 1 }, (_, i) => {
    const u = 2 * i / cells - 1;
    return u ** 2 === 1
      ? (u + 1) / 2
      : tCdf(u * Math.sqrt(df / (1 - u * u)), df);
  });
  return (t) => {
    const place = (t / Math.sqrt(df + t * t) + 1) * (cells / 2);
    const cell = Math.min(Math.floor(place), cells - 1);
    const from = table[cell] ?? 0;
    return from + (place - cell) * ((table[cell + 1] ?? 1) - from);
  };
}

/** log(1 - f), never -Infinity. */
function logAbove(f: number): number {
  if (f < 1e-5) return -f;
  return Math.log(Math.max(1 - f, 1e-300));
}

/** Probability that the quadrature may ignore. */
const NEGLIGIBLE = 1e-3;

/** The smallest mean is above this bound with negligible probability. */
function upperEnd(points: readonly Posterior[]) {
  let low = Infinity;
  let high = Infinity;
  for (const { mean, scale, df } of points) {
    low = Math.min(low, mean + scale * tQuantile(1e-5, df));
    high = Math.min(high, mean + scale * tQuantile(1 - NEGLIGIBLE / 10, df));
  }
  const least = Math.log(NEGLIGIBLE / 10);
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    let log = 0;
    for (const { mean, scale, cdf } of points) {
      log += logAbove(cdf((middle - mean) / scale));
      // No term is above 0, so a sum that is too low stays too low.
      if (log < least) break;
    }
    if (log < least) high = middle;
    else low = middle;
  }
  return high;
}

/** Nodes of the quadrature, dense where a likely best point's mean may be. */
function nodes(points: readonly Posterior[], end: number): number[] {
  // With many points the integrand is smooth, so fewer nodes suffice.
  const [most, levels] = points.length > 200 ? [16, 8] : [24, 48];
  const leaders = [...points].sort((a, b) => a.mean - b.mean).slice(0, most);
  const found = [end];
  for (const { mean, scale, df } of leaders) {
    for (let level = 0; level <= levels; level++) {
      // Dense in both tails: 1e-5 to 1 - 1e-5 on a logistic scale.
      const logit = (2 * level / levels - 1) * Math.log(1e5);
      const x = mean + scale * tQuantile(1 / (1 + Math.exp(-logit)), df);
      if (x < end) found.push(x);
    }
  }
  return found.sort((a, b) => a - b);
}

/**
 * The probability, for each point, that its mean is the smallest of all.
 *
 * Without replicate effects, each mean has the t posterior of a prior that knows
 * nothing about mean and spread. P(best) is the integral over x of the point's
 * own density times the chance that all others lie above x. It is computed by
 * quadrature, without simulation: the same data always give the same figures.
 *
 * @param points at least 2, each with at least 2 values that are not NaN
 */
export function probabilityBest(points: PairedValues): number[] {
  const known = posteriors(points);
  const end = upperEnd(known);
  // Points that are almost never below the bound cannot matter; their total
  // probability is at most the negligible one.
  const reach = known.map((point, index) => ({
    point,
    index,
    f: point.cdf((end - point.mean) / point.scale),
  })).sort((a, b) => a.f - b.f);
  let ignored = 0;
  const rivals = reach.filter(({ f }) => (ignored += f) > NEGLIGIBLE);

  const at = nodes(known, end);
  const logs = new Float64Array(at.length);
  // For each rival: the distribution function of its mean at each node, and the
  // log of its complement.
  const width = at.length;
  const below = new Float64Array(rivals.length * width);
  const above = new Float64Array(rivals.length * width);
  rivals.forEach(({ point: { mean, scale, cdf } }, rival) => {
    for (let i = 0; i < width; i++) {
      const f = cdf(((at[i] ?? 0) - mean) / scale);
      const log = logAbove(f);
      below[rival * width + i] = f;
      above[rival * width + i] = log;
      logs[i] = (logs[i] ?? 0) + log;
    }
  });
  const weights = new Float64Array(points.length);
  let total = 0;
  rivals.forEach(({ index }, rival) => {
    const start = rival * width;
    let sum = below[start] ?? 0;
    for (let i = 1; i < width; i++) {
      const from = below[start + i - 1] ?? 0;
      const to = below[start + i] ?? 0;
      if (to - from < 1e-9) continue;
      const others = (logs[i - 1] ?? 0) + (logs[i] ?? 0) -
        (above[start + i - 1] ?? 0) - (above[start + i] ?? 0);
      sum += (to - from) * Math.exp(others / 2);
    }
    weights[index] = sum;
    total += sum;
  });
  return Array.from(weights, (weight) => Math.min(1, weight / total));
}
