import { EPOCHS_IN_LEASE } from "./backup.ts";

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
