import type { LeaseId } from "../../protocol/ids.ts";
import type { LeaseTerms } from "./policy.ts";
import type { Instant } from "./trial.ts";

/**
 * Heartbeats per window. A lease that calls at each heartbeat is always in one
 * of the last two windows, and a silent one is forgotten at about the time when
 * it expires.
 */
const WINDOW = 2;

/** Limits how often a lease calls, given the number of leases. */
export interface Pacing {
  /** Counts a lease that was granted, renewed or reported about. */
  note(leaseId: LeaseId, now: Instant): void;
  /** Removes a lease that ended. */
  forget(leaseId: LeaseId): void;
  /** Seconds that a lease must wait before it calls again. */
  seconds(now: Instant): number;
}

/**
 * Limits the rate of calls of a large swarm: it depends on the number of leases
 * and not on the speed of training. Up to five hundred leases report each epoch
 * immediately. With more, each lease waits longer, but at most until the
 * heartbeat, when it would call anyway, so no lease looks silent because of its
 * pause.
 *
 * It counts the leases whose calls this coordinator received. Coordinators that
 * share a storage count separately: if a load balancer distributes a lease's
 * calls, each knows nearly all leases and asks for the full pause; if each has
 * its own workers, it asks for a shorter one.
 */
export function createPacing(
  { heartbeat, callsPerSecond }: Pick<
    LeaseTerms,
    "heartbeat" | "callsPerSecond"
  >,
): Pacing {
  const length = WINDOW * heartbeat * 1000;
  /** Each lease is in at most one of the two sets. */
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
