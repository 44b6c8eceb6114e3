import type { LeaseId, WorkerId } from "../../../protocol/ids.ts";
import {
  type Address,
  type AddressLeases,
  createAddressLeases,
  createAddressReader,
  parseNetworks,
} from "./addresses.ts";
import {
  createTokenBuckets,
  defaultLimits,
  type Limits,
  type TokenBuckets,
} from "./rates.ts";

/** Bytes that may be held at once, in all and for each address. */
export interface ByteBudget {
  /** Reserves bytes; false where the budget is spent. This machine always gets them. */
  take(address: Address, bytes: number): boolean;
  /** Returns reserved bytes. */
  give(address: Address, bytes: number): void;
}

/** A budget of `inAll` bytes, and of `each` for one address. */
export function createByteBudget(inAll: number, each: number): ByteBudget {
  const taken = new Map<string, number>();
  let all = 0;
  return {
    take({ key, local }, bytes) {
      const mine = (taken.get(key) ?? 0) + bytes;
      if (!local && (mine > each || all + bytes > inAll)) return false;
      all += bytes;
      taken.set(key, mine);
      return true;
    },
    give({ key }, bytes) {
      all -= bytes;
      const mine = (taken.get(key) ?? 0) - bytes;
      if (mine > 0) taken.set(key, mine);
      else taken.delete(key);
    },
  };
}

/** What stands between the network and the coordinator. */
export interface Guard {
  readonly limits: Limits;
  /** Whether only names of this machine are answered to. */
  readonly loopbackOnly: boolean;
  readonly addressOf: ReturnType<typeof createAddressReader>;
  /** Each gives 0, or the seconds to wait; never anything to this machine. */
  admitRequest(address: Address): number;
  admitCall(address: Address, workerId: WorkerId): number;
  admitRegistration(address: Address): number;
  /** A table of a whole study, or its report. */
  admitExport(address: Address): number;
  /** Asked before a lease is granted. */
  admitLease(address: Address): number;
  /** A lease was granted: in vain, until its result comes. */
  leaseGranted(address: Address, leaseId: LeaseId, ttlSeconds: number): void;
  /** Its result has come. */
  leaseDelivered(leaseId: LeaseId): void;
  /** Asked before a secret is compared. */
  admitGuess(address: Address): number;
  /** Counts a wrong one. */
  wrongGuess(address: Address): void;
  readonly leases: AddressLeases;
  /** For bodies that are being received. */
  readonly receiving: ByteBudget;
}

export interface GuardOptions {
  readonly limits?: Partial<Limits>;
  /** Proxies whose `X-Forwarded-For` is believed: addresses or networks. */
  readonly trustProxy?: readonly string[];
  /** Refuse requests for a host that is not this machine by name. */
  readonly loopbackOnly?: boolean;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
}

/**
 * The limits and who they count. This machine's own calls pass: the
 * coordinator's local trainers, and an operator who could stop it anyway.
 *
 * @throws {AddressError} where `trustProxy` names what is no address.
 */
export function createGuard(options: GuardOptions): Guard {
  const { trustProxy = [], loopbackOnly = false, now } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const requests = createTokenBuckets(limits.addressRate, now);
  const calls = createTokenBuckets(limits.workerRate, now);
  const registrations = createTokenBuckets(limits.registrationRate, now);
  const guesses = createTokenBuckets(limits.guessRate, now);
  const exports = createTokenBuckets(limits.exportRate, now);
  const vain = createTokenBuckets(limits.vainLeaseRate, now);
  const leases = createAddressLeases(now);
  const take = (buckets: TokenBuckets, { local }: Address, key: string) =>
    local ? 0 : buckets.take(key);
  return {
    limits,
    loopbackOnly,
    addressOf: createAddressReader(parseNetworks(trustProxy)),
    admitRequest: (address) => take(requests, address, address.key),
    admitCall: (address, workerId) => take(calls, address, workerId),
    admitRegistration: (address) => take(registrations, address, address.key),
    admitExport: (address) => take(exports, address, address.key),
    admitLease: ({ local, key }) => local ? 0 : vain.wait(key),
    leaseGranted(address, leaseId, ttlSeconds) {
      // A request that is repeated gets the lease that was counted.
      if (!leases.has(leaseId)) take(vain, address, address.key);
      leases.keep(address.key, leaseId, ttlSeconds);
    },
    leaseDelivered(leaseId) {
      const key = leases.end(leaseId);
      if (key !== null) vain.give(key);
    },
    admitGuess: (address) => guesses.wait(address.key),
    wrongGuess: (address) => void guesses.take(address.key),
    leases,
    receiving: createByteBudget(limits.receiving, limits.receivingPerAddress),
  };
}
