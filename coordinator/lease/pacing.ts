import type { LeaseId } from "../../protocol/ids.ts";
import type { LeaseTerms } from "./policy.ts";
import type { Instant } from "./trial.ts";

/**
 * Heartbeats in a window. A lease that calls at each is then always in one of
 * two, and one that has fallen silent is forgotten about when it expires.
 */
const WINDOW = 2;

/** How often a lease may call, by how many there are. */
export interface Pacing {
  /** The lease was granted, renewed or reported about. */
  note(leaseId: LeaseId, now: Instant): void;
  /** The lease is over. */
  forget(leaseId: LeaseId): void;
  /** Seconds that a lease is asked to wait before it calls again. */
  seconds(now: Instant): number;
}

/**
 * Paces a crowd: a swarm's calls then follow from how many leases there are,
 * and not from how fast each trains. Up to five hundred report each epoch
 * at once; from there on each waits longer, up to the heartbeat, at which it would
 * call anyway: so no lease and no worker looks silent for it.
 *
 * It counts the leases that this coordinator heard of, without a clock of its
 * own. Several on one storage count for themselves: where a balancer spreads a
 * lease's calls, each knows of nearly all of them and asks for the pause that
 * it would ask for alone, which spares the storage that they share; where each
 * keeps to its own workers, it asks for a shorter one.
 */
export function createPacing(
  { heartbeat, callsPerSecond }: Pick<
    LeaseTerms,
    "heartbeat" | "callsPerSecond"
  >,
): Pacing {
  const length = WINDOW * heartbeat * 1000;
  /** Each lease is in one of the two at most. */
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
