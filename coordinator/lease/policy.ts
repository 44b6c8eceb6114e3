import { EPOCHS_IN_LEASE } from "./speculative.ts";

/** The numbers that the lease machine decides by. */
export interface Policy {
  /**
   * Different workers on which a trial fails before it is quarantined. A
   * failure is what a worker says or shows while alive: "failed here", or a
   * result that its checks refuse.
   */
  readonly failedWorkers: number;
  /**
   * Different workers that failed or fell silent before the trial is
   * quarantined. Silence is mostly a closed tab or an empty battery and says
   * nothing of the trial, so a few never count; but a trial that kills each
   * tab it meets is known by nothing else, and has to end too.
   */
  readonly silentWorkers: number;
  /** Failures after which a trial is no longer lent to the same worker. */
  readonly failuresPerWorker: number;
  /**
   * Lengths of its lease that an attempt may take for each epoch, on the
   * average, before it counts as stuck. A lease is three measured epochs long
   * or more; so this means none but what hangs or hoards.
   */
  readonly leasesPerEpoch: number;
  /** Attempts that may run at once on one trial; 1: no speculative attempts. */
  readonly runningAttempts: number;
  /** Milliseconds that a speculative attempt has to save, for all that can be told. */
  readonly speculativeSaves: number;
  /** Milliseconds for which one look at the running trials is good enough. */
  readonly speculativeLook: number;
}

/** What a coordinator decides by unless told otherwise. */
export const defaultPolicy: Policy = {
  failedWorkers: 3,
  silentWorkers: 10,
  failuresPerWorker: 3,
  leasesPerEpoch: 20,
  runningAttempts: 2,
  speculativeSaves: 10_000,
  speculativeLook: 1_000,
};

/** How long leases last and how often workers call. Times in seconds. */
export interface LeaseTerms {
  /** A lease is never shorter: a hiccup of the network must not end it. */
  readonly minTtl: number;
  /** Nor longer: this is how late a vanished worker may be noticed. */
  readonly maxTtl: number;
  /** For a worker that has not measured its speed. */
  readonly defaultTtl: number;
  /** Workers renew at least this often; at most a third of `minTtl`. */
  readonly heartbeat: number;
  /** Silence after which a worker counts as offline. */
  readonly offlineAfter: number;
  /**
   * Renewals and reports in a second that all leases together are paced to.
   * One core answers more than three times as many; leasing and delivering,
   * pages and verdicts need the rest.
   */
  readonly callsPerSecond: number;
}

export const defaultTerms: LeaseTerms = {
  minTtl: 60,
  maxTtl: 600,
  defaultTtl: 120,
  heartbeat: 20,
  offlineAfter: 50,
  callsPerSecond: 500,
};

/**
 * Terms with another shortest lease: a longer one has workers call less often,
 * which is what a crowd costs most of all while it trains.
 */
export function termsOf(minTtl: number): LeaseTerms {
  const heartbeat = minTtl / 3;
  return {
    ...defaultTerms,
    minTtl,
    heartbeat,
    offlineAfter: Math.max(defaultTerms.offlineAfter, 2.5 * heartbeat),
  };
}

/**
 * Whole milliseconds that a lease lasts unless it is renewed.
 *
 * @param epochMilliseconds As its worker measured it; null: it has not.
 */
export function leaseMilliseconds(
  terms: LeaseTerms,
  epochMilliseconds: number | null,
): number {
  const seconds = epochMilliseconds === null
    ? terms.defaultTtl
    : EPOCHS_IN_LEASE * epochMilliseconds / 1000;
  const clamped = Math.min(Math.max(seconds, terms.minTtl), terms.maxTtl);
  return Math.round(clamped * 1000);
}
