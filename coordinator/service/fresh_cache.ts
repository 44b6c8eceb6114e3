/** Most cached answers. Bounded, because anybody can choose the keys. */
const MOST_KEPT = 100;

/** How long and how many answers are cached. */
export interface FreshCacheOptions<K> {
  /** Minimum milliseconds for which an answer is cached; 0: no caching. */
  readonly milliseconds: number;
  /** Multiple of its computation time to cache an answer. Default: 0. */
  readonly timesAsLong?: number;
  /** Most answers; the oldest is removed first. Default: 100. */
  readonly most?: number;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** Called with a returned cached answer's remaining milliseconds. */
  readonly onKept?: (key: K, milliseconds: number) => void;
}

/**
 * Returns a cached answer, or computes one.
 *
 * @param make Computes an answer, from the previous one if there is one; null
 * and failures are not cached.
 * @param asOfNow Whether to ignore a cached answer.
 */
export interface FreshCache<K, T> {
  (
    key: K,
    make: (before: NonNullable<T> | undefined) => Promise<T>,
    asOfNow?: boolean,
  ): Promise<T>;
  /** Whether an answer is cached, or being computed. */
  has(key: K): boolean;
}

/**
 * Caches each answer briefly, so that many equal requests cause one
 * computation. Requests during the computation wait for it.
 */
export function createFreshCache<K, T>(
  options: FreshCacheOptions<K>,
): FreshCache<K, T> {
  const { milliseconds, timesAsLong = 0, most = MOST_KEPT, now } = options;
  const kept = new Map<K, { value: NonNullable<T>; due: number }>();
  const underWay = new Map<K, Promise<T>>();

  async function make(
    key: K,
    work: (before: NonNullable<T> | undefined) => Promise<T>,
    asOfNow: boolean,
  ): Promise<T> {
    const begun = now();
    const before = kept.get(key);
    if (before !== undefined && begun < before.due && !asOfNow) {
      options.onKept?.(key, before.due - begun);
      return before.value;
    }
    const value = await work(before?.value);
    if (value === null || value === undefined) return value;
    const ended = now();
    const due = ended + Math.max(milliseconds, timesAsLong * (ended - begun));
    kept.delete(key);
    kept.set(key, { value, due });
    const [oldest] = kept.keys();
    if (kept.size > most && oldest !== undefined) kept.delete(oldest);
    return value;
  }

  async function fresh(
    key: K,
    work: (before: NonNullable<T> | undefined) => Promise<T>,
    asOfNow = false,
  ): Promise<T> {
    if (milliseconds <= 0) return await work(undefined);
    const running = underWay.get(key);
    if (running !== undefined && !asOfNow) return await running;
    if (running !== undefined) await running;
    const started = make(key, work, asOfNow).finally(() => {
      if (underWay.get(key) === started) underWay.delete(key);
    });
    underWay.set(key, started);
    return await started;
  }

  return Object.assign(fresh, {
    has: (key: K) =>
      underWay.has(key) || now() < (kept.get(key)?.due ?? -Infinity),
  });
}
