/** Smallest distinguished time, in milliseconds. */
const FLOOR = 0.01;
/** Ratio of buckets: a quantile is correct to two percent. */
const GROWTH = 1.02;
/** Up to a day and a half. */
const BUCKETS = 1200;

const logGrowth = Math.log(GROWTH);

/** Counts by duration; plain data, so that threads can send it. */
export interface Latencies {
  readonly buckets: Uint32Array<ArrayBuffer>;
  count: number;
  /** Milliseconds. */
  max: number;
}

export function createLatencies(): Latencies {
  return { buckets: new Uint32Array(BUCKETS), count: 0, max: 0 };
}

export function addLatency(to: Latencies, milliseconds: number): void {
  const place = Math.ceil(Math.log(milliseconds / FLOOR) / logGrowth);
  const bucket = Math.min(Math.max(place, 0), BUCKETS - 1);
  to.buckets[bucket] = (to.buckets[bucket] ?? 0) + 1;
  to.count++;
  to.max = Math.max(to.max, milliseconds);
}

export function addLatencies(to: Latencies, from: Latencies): void {
  from.buckets.forEach((n, i) => to.buckets[i] = (to.buckets[i] ?? 0) + n);
  to.count += from.count;
  to.max = Math.max(to.max, from.max);
}

/** How many took at most this long, to a bucket's precision. */
export function countWithin(of: Latencies, milliseconds: number): number {
  return of.buckets.reduce(
    (sum, n, i) => FLOOR * GROWTH ** i <= milliseconds ? sum + n : sum,
    0,
  );
}

/**
 * The time in milliseconds that this share did not exceed, rounded up to its
 * bucket's end; NaN without values.
 */
export function quantile(of: Latencies, share: number): number {
  if (of.count === 0) return NaN;
  const wanted = Math.max(1, Math.ceil(share * of.count));
  let seen = 0;
  for (const [i, n] of of.buckets.entries()) {
    seen += n;
    if (seen < wanted) continue;
    // The last bucket has no end.
    return i === BUCKETS - 1 ? of.max : Math.min(FLOOR * GROWTH ** i, of.max);
  }
  return of.max;
}
