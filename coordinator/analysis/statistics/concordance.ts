/** A point's rates and its measured mean; NaN if nothing was measured. */
export interface MeasuredPoint {
  readonly first: number;
  readonly second: number;
  readonly mean: number;
}

/** Pairs of points in which one has no lower and at least one higher rate. */
export interface Concordance {
  readonly comparable: number;
  /** Of these pairs, those in which that point has the higher mean. */
  readonly inOrder: number;
}

/** Counts added ranks; a prefix's sum takes logarithmic time (Fenwick tree). */
class Counter {
  readonly #sums: Int32Array;

  constructor(ranks: number) {
    this.#sums = new Int32Array(ranks + 1);
  }

  add(rank: number, count: 1 | -1): void {
    const sums = this.#sums;
    for (let at = rank + 1; at < sums.length; at += at & -at) {
      sums[at] = (sums[at] ?? 0) + count;
    }
  }

  /** Number of added ranks below this one. */
  below(rank: number): number {
    let sum = 0;
    for (let at = rank; at > 0; at -= at & -at) sum += this.#sums[at] ?? 0;
    return sum;
  }
}

/**
 * Counts the pairs of points that both rates order the same way. Thousands of
 * points have millions of pairs, so they are counted by divide and conquer in n
 * log² n: pairs between an earlier and a later half are counted while the two
 * are merged by their second rate.
 */
export function concordance(points: readonly MeasuredPoint[]): Concordance {
  // After sorting, only the earlier point of a pair can have the lower rates.
  const sorted = points.filter(({ mean }) => !Number.isNaN(mean))
    .toSorted((a, b) => a.first - b.first || a.second - b.second);
  const means = Float64Array.from(new Set(sorted.map(({ mean }) => mean)))
    .sort();
  const rankOf = new Map(Array.from(means, (mean, rank) => [mean, rank]));
  const rates = Float64Array.from(sorted, ({ second }) => second);
  const ranks = Int32Array.from(sorted, ({ mean }) => rankOf.get(mean) ?? 0);
  let order = Int32Array.from(sorted.keys());
  let merged = new Int32Array(order.length);
  const counter = new Counter(means.length);
  let [comparable, inOrder] = [0, 0];

  const merge = (from: number, middle: number, to: number) => {
    let [earlier, at] = [from, from];
    for (let later = middle; later < to; later++) {
      const point = order[later] ?? 0;
      const rate = rates[point] ?? 0;
      for (; earlier < middle; earlier++) {
        const other = order[earlier] ?? 0;
        if ((rates[other] ?? 0) > rate) break;
        counter.add(ranks[other] ?? 0, 1);
        merged[at++] = other;
      }
      comparable += earlier - from;
      inOrder += counter.below(ranks[point] ?? 0);
      merged[at++] = point;
    }
    for (let i = from; i < earlier; i++) {
      counter.add(ranks[order[i] ?? 0] ?? 0, -1);
    }
    for (; earlier < middle; earlier++) merged[at++] = order[earlier] ?? 0;
  };

  for (let width = 1; width < order.length; width *= 2) {
    for (let from = 0; from < order.length; from += 2 * width) {
      const middle = Math.min(from + width, order.length);
      merge(from, middle, Math.min(from + 2 * width, order.length));
    }
    [order, merged] = [merged, order];
  }
  return { comparable, inOrder };
}
