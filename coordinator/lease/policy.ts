import { EPOCHS_IN_LEASE } from "./speculative.ts";

/** The numbers that the lease machine uses. */
export interface Policy {
  /**
   * Quarantine after failures on this many different workers. A worker fails if
   * it releases the trial as failed or delivers a result that the checks
   * refuse.
   */
  readonly failedWorkers: number;
  /**
   * Quarantine after this many different workers failed or fell silent. Silence
   * is mostly a closed tab or an empty battery and says nothing about the
   * trial, so a few silent workers never count. But a trial that kills every
   * tab shows no other sign, and must end too.
   */
  readonly silentWorkers: number;
  /** Failures of one worker after which it no longer gets the trial. */
  readonly failuresPerWorker: number;
  /**
   * An attempt counts as stuck after this many lease lengths for each epoch, on
   * average. A lease lasts three measured epochs or more, so only attempts that
   * hang or never train reach this.
   */
  readonly leasesPerEpoch: number;
  /** Attempts that may run at once on one trial; 1: no speculative attempts. */
  readonly runningAttempts: number;
  /** Estimated milliseconds that a speculative attempt must save. */
  readonly speculativeSaves: number;
  /** Milliseconds for which one query of the running trials is reused. */
  readonly speculativeLook: number;
}

/** The policy that a coordinator uses by default. */
export const defaultPolicy: Policy = {
  failedWorkers: 3,
  silentWorkers: 10,
  failuresPerWorker: 3,
  leasesPerEpoch: 20,
  runningAttempts: 2,
  speculativeSaves: 10_000,
  speculativeLook: 1_000,
};

/** How long leases last and how often workers call, in seconds. */
export interface LeaseTerms {
  /** Shortest lease: a short network failure must not end it. */
  readonly minTtl: number;
  /**
   * Longest lease: a vanished worker is noticed after this time at the latest.
   */
  readonly maxTtl: number;
  /** Lease of a worker that has not measured its speed. */
  readonly defaultTtl: number;
  /** Workers renew at least this often; at most a third of `minTtl`. */
  readonly heartbeat: number;
  /** Silence after which a worker counts as offline. */
  readonly offlineAfter: number;
  /**
   * Target rate of renewals and reports per second, of all leases together. One
   * core can answer more than three times as many; the rest is reserved for
   * leases, results, pages and verdicts.
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
 * Terms with another shortest lease. With longer leases workers call less
 * often, and these calls are the largest load of a large swarm.
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
 * A lease's length in whole milliseconds.
 *
 * @param epochMilliseconds As its worker measured it; null: not measured.
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
