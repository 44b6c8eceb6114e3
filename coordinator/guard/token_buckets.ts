import type { Rate } from "./limits.ts";

/** Rates kept by key. */
export interface TokenBuckets {
  /** Takes one for the key: 0 where it may, or the seconds until it may. */
  take(key: string): number;
  /** The same without taking. */
  wait(key: string): number;
  /** Gives one back that was taken. */
  give(key: string): void;
  /** Keys that are remembered now. */
  readonly size: number;
}

/** Keys remembered at most: some ten megabytes. */
const MAX_KEYS = 100_000;

/**
 * A token bucket a key, each as one number: the time at which it is full
 * again (the generic cell rate algorithm of ATM networks, ITU-T I.371). The
 * libraries for it read the system's clock and keep a timer a key; this reads
 * the clock it is given, and forgets full buckets when there are many.
 *
 * @param now Milliseconds of any clock that only goes forward.
 */
export function createTokenBuckets(
  { perSecond, burst }: Rate,
  now: () => number,
  maxKeys = MAX_KEYS,
): TokenBuckets {
  const each = 1000 / perSecond;
  const room = burst * each;
  const fullAt = new Map<string, number>();

  function wait(key: string): number {
    const time = now();
    const after = Math.max(fullAt.get(key) ?? time, time) + each;
    return Math.max(0, after - time - room) / 1000;
  }

  function forget(): void {
    const time = now();
    for (const [key, full] of fullAt) if (full <= time) fullAt.delete(key);
    // All in use: those that began longest ago start anew.
    for (const key of fullAt.keys()) {
      if (fullAt.size <= maxKeys / 2) return;
      fullAt.delete(key);
    }
  }

  return {
    wait,
    take(key) {
      const seconds = wait(key);
      if (seconds > 0) return seconds;
      if (!fullAt.has(key) && fullAt.size >= maxKeys) forget();
      fullAt.set(key, Math.max(fullAt.get(key) ?? 0, now()) + each);
      return 0;
    },
    give(key) {
      const full = fullAt.get(key);
      if (full !== undefined) fullAt.set(key, full - each);
    },
    get size() {
      return fullAt.size;
    },
  };
}
