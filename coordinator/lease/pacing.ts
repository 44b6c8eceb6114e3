import type { LeaseId } from "../../protocol/ids.ts";
import type { LeaseTerms } from "./policy.ts";
import type { Instant } from "./trial.ts";

/**
 * Heartbeats in a window. A lease that calls at each heartbeat is always in one
 * of the last two windows, and a silent one is forgotten about when it expires.
 */
const WINDOW = 2;

/** How often a lease may call, given the number of leases. */
export interface Pacing {
  /** The lease was granted, renewed or reported about. */
  note(leaseId: LeaseId, now: Instant): void;
  /** The lease is over. */
  forget(leaseId: LeaseId): void;
  /** Seconds that a lease is asked to wait before it calls again. */
  seconds(now: Instant): number;
}

/**
 * Paces a crowd: the number of calls follows from the number of leases and not
 * from the speed of training. Up to five hundred leases report each epoch at
 * once. Above, each waits longer, at most until the heartbeat, when it would
 * call anyway, so no lease looks silent because of its pause.
 *
 * It counts the leases that this coordinator heard of. Coordinators that share
 * a storage each count for themselves: if a balancer spreads a lease's calls,
 * each knows nearly all leases and asks for the full pause; if each has its own
 * workers, it asks for a shorter one.
 */
export function createPacing(
  { heartbeat, callsPerSecond }: Pick<
    LeaseTerms,
    "heartbeat" | "callsPerSecond"
  >,
): Pacing {
  const length = WINDOW * heartbeat * 1000;
  /** Each lease is in at most one of the two. */
  let [before, lately] = [new Set<LeaseId>(), new Set<LeaseId>()];
  let begun = -Infinity;

  function turn(now: Instant): void {
    const passed = now - begun;
    if (passed < length) return;
    before = passed < 2 * length ? lately : new Set();
    lately = new Set();
    begun = now;
  }

  return {
    note(leaseId, now) {
      turn(now);
      before.delete(leaseId);
      lately.add(leaseId);
    },
    forget(leaseId) {
      before.delete(leaseId);
      lately.delete(leaseId);
    },
    seconds(now) {
      turn(now);
      const leases = before.size + lately.size;
      const seconds = Math.min(heartbeat, leases / callsPerSecond);
      return seconds < 1 ? 0 : seconds;
    },
  };
}
