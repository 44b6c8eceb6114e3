/** So many in a second in the long run, and so many at once after a pause. */
export interface Rate {
  /** In the long run; more than 0. */
  readonly perSecond: number;
  /** At once, after a pause. */
  readonly burst: number;
}

/** How much of the coordinator one caller, and all together, may take. */
export interface Limits {
  /** Bytes of a request's body. */
  readonly bodyBytes: number;
  /** Seconds within which a body has to be here as a whole. */
  readonly bodySeconds: number;
  /** Requests of one address, pages and files included. */
  readonly addressRate: Rate;
  /** Calls of one worker. */
  readonly workerRate: Rate;
  /** Registrations from one address. */
  readonly registrationRate: Rate;
  /** Wrong admin tokens and join codes from one address. */
  readonly guessRate: Rate;
  /** Tables of a whole study, and reports, that one address fetches. */
  readonly exportRate: Rate;
  /** Leases of one address that came to no result. */
  readonly vainLeaseRate: Rate;
  /** Bytes of bodies that are being received at once. */
  readonly receiving: number;
  /** Bytes of bodies that are being received at once from one address. */
  readonly receivingPerAddress: number;
  /** Workers online at once. */
  readonly workers: number;
  /** Leases that a worker may hold, whatever number of threads it names. */
  readonly leasesPerWorker: number;
  /** Leases that the workers of one address may hold. */
  readonly leasesPerAddress: number;
  /** Event streams open at once. */
  readonly streams: number;
  /** Event streams open at once from one address. */
  readonly streamsPerAddress: number;
}

/**
 * For a classroom behind one address: sixty tabs of eight threads, each of
 * which reports an epoch every two seconds, and as many open leaderboards that
 * fetch twice a second, are some 400 requests a second, 480 leases and 120
 * streams. And for ten thousand volunteers at addresses of their own.
 *
 * Each attempt at a trial is kept, and every call about the trial reads all of
 * them: whoever takes leases and hands them back makes it slower for all, and
 * is slowed down first.
 */
export const defaultLimits: Limits = {
  bodyBytes: 1024 * 1024,
  bodySeconds: 60,
  addressRate: { perSecond: 1000, burst: 5000 },
  workerRate: { perSecond: 200, burst: 2000 },
  registrationRate: { perSecond: 0.2, burst: 300 },
  guessRate: { perSecond: 1, burst: 100 },
  exportRate: { perSecond: 0.5, burst: 60 },
  vainLeaseRate: { perSecond: 0.2, burst: 2000 },
  receiving: 512 * 1024 * 1024,
  receivingPerAddress: 128 * 1024 * 1024,
  workers: 20_000,
  leasesPerWorker: 256,
  leasesPerAddress: 2000,
  streams: 12_000,
  streamsPerAddress: 300,
};

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
