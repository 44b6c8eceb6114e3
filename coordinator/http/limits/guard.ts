import type { LeaseId, WorkerId } from "../../../protocol/ids.ts";
import {
  type Address,
  type AddressLeases,
  createAddressLeases,
  createAddressReader,
  parseNetworks,
} from "./addresses.ts";
import { parsePublicUrl, type PublicUrl } from "../public_url.ts";
import {
  createTokenBuckets,
  defaultLimits,
  type Limits,
  type TokenBuckets,
} from "./rates.ts";

/** Bytes that may be in memory at once, in total and for each address. */
export interface ByteBudget {
  /** Reserves bytes; false if none are left. Always true for this machine. */
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

/** Limits that every request must pass. */
export interface Guard {
  readonly limits: Limits;
  /** Whether requests for other host names are refused. */
  readonly loopbackOnly: boolean;
  /** Null: others use the address that the coordinator listens on. */
  readonly publicUrl: PublicUrl | null;
  readonly addressOf: ReturnType<typeof createAddressReader>;
  /** Each returns 0 or the seconds to wait; always 0 for this machine. */
  admitRequest(address: Address): number;
  admitCall(address: Address, workerId: WorkerId): number;
  admitRegistration(address: Address): number;
  /** For a table of a whole study or its report. */
  admitExport(address: Address): number;
  /** Called before a lease is granted. */
  admitLease(address: Address): number;
  /** A lease was granted; it counts until its result arrives. */
  leaseGranted(address: Address, leaseId: LeaseId, ttlSeconds: number): void;
  /** The lease's result has arrived. */
  leaseDelivered(leaseId: LeaseId): void;
  /** Called before a secret is compared. */
  admitGuess(address: Address): number;
  /** Counts a wrong secret. */
  wrongGuess(address: Address): void;
  readonly leases: AddressLeases;
  /** Memory for bodies that are being received. */
  readonly receiving: ByteBudget;
}

export interface GuardOptions {
  readonly limits?: Partial<Limits>;
  /** Proxies whose `X-Forwarded-For` is trusted: addresses or networks. */
  readonly trustProxy?: readonly string[];
  /** Whether to refuse requests for a host name that is not this machine's. */
  readonly loopbackOnly?: boolean;
  /** The address that others use. Default: the one that it listens on. */
  readonly publicUrl?: string;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

/**
 * Creates the limits. Calls from this machine always pass: they come from the
 * coordinator's local trainers or from an operator, who could stop it anyway.
 *
 * @throws {AddressError} if `trustProxy` or `publicUrl` is invalid.
 */
export function createGuard(options: GuardOptions): Guard {
  const { trustProxy = [], loopbackOnly = false, publicUrl, now } = options;
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
    publicUrl: publicUrl === undefined ? null : parsePublicUrl(publicUrl),
    addressOf: createAddressReader(parseNetworks(trustProxy)),
    admitRequest: (address) => take(requests, address, address.key),
    admitCall: (address, workerId) => take(calls, address, workerId),
    admitRegistration: (address) => take(registrations, address, address.key),
    admitExport: (address) => take(exports, address, address.key),
    admitLease: ({ local, key }) => local ? 0 : vain.wait(key),
    leaseGranted(address, leaseId, ttlSeconds) {
      // A repeated request gets the lease that is already counted.
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
