/** Answers kept at once at most: strangers choose what is asked. */
const MOST_KEPT = 100;

/** How long answers are kept, and how many. */
export interface FreshCacheOptions<K> {
  /** Milliseconds for which an answer is kept, at least; 0: none is. */
  readonly milliseconds: number;
  /** It is kept for so many times as long as it took to make. Default: 0. */
  readonly timesAsLong?: number;
  /** The oldest make way for more. Default: 100. */
  readonly most?: number;
  /** Milliseconds of any clock that only goes forward. */
  readonly now: () => number;
  /** Told that a kept answer was handed out, and how long it is kept yet. */
  readonly onKept?: (key: K, milliseconds: number) => void;
}

/**
 * @param make Makes an answer, from the one before if there is one; null and
 * failures are not kept.
 * @param asOfNow Whether a kept answer will not do.
 */
export type FreshCache<K, T> = (
  key: K,
  make: (before: NonNullable<T> | undefined) => Promise<T>,
  asOfNow?: boolean,
) => Promise<T>;

/**
 * Keeps each answer for a moment, so that many who ask the same at once cost one
 * reading. Whoever asks while it is made waits for it.
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

  return async (key, work, asOfNow = false) => {
    if (milliseconds <= 0) return await work(undefined);
    const running = underWay.get(key);
    if (running !== undefined && !asOfNow) return await running;
    if (running !== undefined) await running;
    const started = make(key, work, asOfNow).finally(() => {
      if (underWay.get(key) === started) underWay.delete(key);
    });
    underWay.set(key, started);
    return await started;
  };
}
