import type { LeaseId } from "../protocol/ids.ts";

/** Which address holds how many leases. */
export interface AddressLeases {
  /** Leases that the address holds and that have not run out. */
  held(address: string): number;
  /** Whether the lease is counted. */
  has(leaseId: LeaseId): boolean;
  /** The lease was granted, or renewed for as long. */
  keep(address: string, leaseId: LeaseId, ttlSeconds: number): void;
  /** It is over, however it ended; the address that held it, if any did. */
  end(leaseId: LeaseId): string | null;
}

interface Kept {
  readonly address: string;
  readonly until: number;
}

/**
 * Counts leases by address, in memory alone: where volunteers call from is
 * nowhere stored. After a restart renewals tell it anew. It errs on the side
 * of the volunteer: what it has not heard of does not count.
 *
 * @param now Milliseconds of any clock that only goes forward.
 */
export function createAddressLeases(now: () => number): AddressLeases {
  const leases = new Map<LeaseId, Kept>();
  const byAddress = new Map<string, Set<LeaseId>>();

  function end(leaseId: LeaseId): string | null {
    const kept = leases.get(leaseId);
    if (kept === undefined) return null;
    leases.delete(leaseId);
    const mine = byAddress.get(kept.address);
    mine?.delete(leaseId);
    if (mine?.size === 0) byAddress.delete(kept.address);
    return kept.address;
  }

  // A long lease at the front holds up shorter ones behind it, for the ten
  // minutes that a lease lasts at most.
  function sweep(): void {
    const time = now();
    for (const [leaseId, { until }] of leases) {
      if (until > time) return;
      end(leaseId);
    }
  }

  return {
    end,
    has: (leaseId) => leases.has(leaseId),
    held(address) {
      sweep();
      let held = 0;
      for (const leaseId of byAddress.get(address) ?? []) {
        if ((leases.get(leaseId)?.until ?? 0) > now()) held++;
      }
      return held;
    },
    keep(address, leaseId, ttlSeconds) {
      end(leaseId);
      leases.set(leaseId, { address, until: now() + ttlSeconds * 1000 });
      const mine = byAddress.get(address) ?? new Set();
      byAddress.set(address, mine.add(leaseId));
    },
  };
}
