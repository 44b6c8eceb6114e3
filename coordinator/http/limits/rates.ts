import { MOST_WEIGHTS } from "../../storage/weights_store.ts";

/** A rate limit: events per second on average, and a burst. */
export interface Rate {
  /** Events per second on average; more than 0. */
  readonly perSecond: number;
  /** Events at once after a pause. */
  readonly burst: number;
}

/** Limits for one caller and for all callers together. */
export interface Limits {
  /** Bytes of a study's definition, the largest body. */
  readonly bodyBytes: number;
  /** Seconds within which a body must begin to arrive. */
  readonly bodySeconds: number;
  /** Bytes a second that must arrive on average after these seconds. */
  readonly bodyPace: number;
  /**
   * Requests of one address, pages and files included. Costly ones count as
   * several.
   */
  readonly addressRate: Rate;
  /** Calls of one worker. */
  readonly workerRate: Rate;
  /** Registrations from one address. */
  readonly registrationRate: Rate;
  /** Wrong admin tokens and join codes from one address. */
  readonly guessRate: Rate;
  /** Tables of a whole study and reports, for one address. */
  readonly exportRate: Rate;
  /** Leases of one address that did not end with an accepted result. */
  readonly vainLeaseRate: Rate;
  /** Results of a worker that may wait for verdicts, for each thread. */
  readonly unjudgedPerThread: number;
  /** Results of one address that may wait for verdicts. */
  readonly unjudgedPerAddress: number;
  /** Bytes of weights that wait for verdicts; each address has a share. */
  readonly weights: number;
  /** Bytes of all bodies that are being received. */
  readonly receiving: number;
  /** Bytes of all bodies that are being received from one address. */
  readonly receivingPerAddress: number;
  /** Workers online at once. */
  readonly workers: number;
  /** Leases that a worker may hold, even if it claims more threads. */
  readonly leasesPerWorker: number;
  /** Leases that the workers of one address may hold. */
  readonly leasesPerAddress: number;
  /** Event streams open at once. */
  readonly streams: number;
  /** Event streams open at once from one address. */
  readonly streamsPerAddress: number;
}

/**
 * Defaults for a classroom behind one address: sixty tabs with eight threads,
 * each of which reports an epoch every two seconds, and sixty leaderboards that
 * fetch twice a second make about 400 requests a second, 480 leases and 120
 * streams. Also for ten thousand volunteers with different addresses.
 *
 * Each attempt at a trial is stored, and every call about the trial reads all
 * of them. An address that takes leases and releases them would slow down all
 * calls, so its leases are limited.
 *
 * Workers train on while results wait for verdicts, but a result costs a liar
 * nothing and the verifier up to a whole training. A thread's four waiting
 * results bridge the checks of a new worker, whose first results are trained
 * again; the classroom's 480 threads have one each, whose weights fit into its
 * share of the space. Beyond that, training proceeds as fast as verification.
 */
export const defaultLimits: Limits = {
  bodyBytes: 1024 * 1024,
  bodySeconds: 20,
  bodyPace: 8 * 1024,
  addressRate: { perSecond: 1000, burst: 5000 },
  workerRate: { perSecond: 200, burst: 2000 },
  registrationRate: { perSecond: 0.2, burst: 300 },
  guessRate: { perSecond: 1, burst: 100 },
  exportRate: { perSecond: 0.5, burst: 60 },
  vainLeaseRate: { perSecond: 0.2, burst: 2000 },
  unjudgedPerThread: 4,
  unjudgedPerAddress: 480,
  weights: MOST_WEIGHTS,
  receiving: 512 * 1024 * 1024,
  receivingPerAddress: 128 * 1024 * 1024,
  workers: 20_000,
  leasesPerWorker: 256,
  leasesPerAddress: 2000,
  streams: 12_000,
  streamsPerAddress: 300,
};

/** Token buckets by key. */
export interface TokenBuckets {
  /**
   * Takes tokens, one by default: 0 if they were available, else the seconds
   * until they are. More than the burst count as the burst.
   */
  take(key: string, tokens?: number): number;
  /** The same without taking. */
  wait(key: string): number;
  /** Returns a token. */
  give(key: string): void;
  /** Number of keys in memory. */
  readonly size: number;
}

/** Most keys in memory, about ten megabytes. */
const MAX_KEYS = 100_000;

/**
 * One token bucket per key, stored as one number: the time at which it is full
 * again (the generic cell rate algorithm, ITU-T I.371). Libraries for this read
 * the system's clock and keep a timer for each key; this one uses the given
 * clock and forgets full buckets when there are many.
 *
 * @param now Milliseconds of a monotonic clock.
 */
export function createTokenBuckets(
  { perSecond, burst }: Rate,
  now: () => number,
  maxKeys = MAX_KEYS,
): TokenBuckets {
  const each = 1000 / perSecond;
  const room = burst * each;
  const fullAt = new Map<string, number>();

  function wait(key: string, tokens = 1): number {
    const time = now();
    const after = Math.max(fullAt.get(key) ?? time, time) + tokens * each;
    return Math.max(0, after - time - room) / 1000;
  }

  function forget(): void {
    const time = now();
    for (const [key, full] of fullAt) if (full <= time) fullAt.delete(key);
    // No bucket is full: forget the oldest ones, which resets them.
    for (const key of fullAt.keys()) {
      if (fullAt.size <= maxKeys / 2) return;
      fullAt.delete(key);
    }
  }

  return {
    wait: (key) => wait(key),
    take(key, wanted = 1) {
      const tokens = Math.min(wanted, burst);
      if (tokens === 0) return 0;
      const seconds = wait(key, tokens);
      if (seconds > 0) return seconds;
      if (!fullAt.has(key) && fullAt.size >= maxKeys) forget();
      fullAt.set(key, Math.max(fullAt.get(key) ?? 0, now()) + tokens * each);
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
