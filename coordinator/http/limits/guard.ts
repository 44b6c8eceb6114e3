import type { LeaseId, StudyId, WorkerId } from "../../../protocol/ids.ts";
import type { Attempt } from "../../lease/trial.ts";
import type { WorkerRecord } from "../../storage/storage.ts";
import {
  type Address,
  type AddressLeases,
  createAddressLeases,
  createAddressReader,
  createUnjudged,
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
  /** Starts with no bytes. */
  open(address: Address): Charge;
}

/** One body's bytes; disposing it returns them all. */
export interface Charge extends Disposable {
  /**
   * Charges bytes that have arrived, not those that were announced; false if
   * none are left. Always true for this machine.
   */
  take(bytes: number): boolean;
}

/** A budget of `inAll` bytes, and of `each` for one address. */
export function createByteBudget(inAll: number, each: number): ByteBudget {
  const taken = new Map<string, number>();
  let all = 0;
  const add = (key: string, bytes: number) => {
    all += bytes;
    const mine = (taken.get(key) ?? 0) + bytes;
    if (mine > 0) taken.set(key, mine);
    else taken.delete(key);
  };
  return {
    open({ key, local }) {
      let charged = 0;
      return {
        take(bytes) {
          const mine = (taken.get(key) ?? 0) + bytes;
          if (!local && (mine > each || all + bytes > inAll)) return false;
          charged += bytes;
          add(key, bytes);
          return true;
        },
        [Symbol.dispose]() {
          add(key, -charged);
          charged = 0;
        },
      };
    },
  };
}

/** What the limits follow of an attempt. */
export type MovedAttempt = Pick<Attempt, "leaseId" | "workerId" | "state">;

/** Limits that every request must pass. */
export interface Guard {
  readonly limits: Limits;
  /** Whether requests for other host names are refused. */
  readonly loopbackOnly: boolean;
  /** Null: others use the address that the coordinator listens on. */
  readonly publicUrl: PublicUrl | null;
  readonly addressOf: ReturnType<typeof createAddressReader>;
  /** Each returns 0 or the seconds to wait; always 0 for this machine. */
  admitRequest(address: Address, tokens?: number): number;
  admitCall(address: Address, workerId: WorkerId): number;
  admitRegistration(address: Address): number;
  /** For a table of a whole study or its report. */
  admitExport(address: Address): number;
  /** Called before a lease is granted. */
  admitLease(address: Address): number;
  /**
   * Whether as many results wait for verdicts as may: of the worker, or of its
   * address. Those of another study do not count: they wait for that study.
   */
  waitsForVerdicts(
    address: Address,
    worker: Pick<WorkerRecord, "workerId" | "threads">,
    active: StudyId | null,
  ): boolean;
  /** A lease was granted; it counts until its result is accepted. */
  leaseGranted(address: Address, leaseId: LeaseId, ttlSeconds: number): void;
  /** Called with each attempt that was delivered, or that ended. */
  attemptMoved(attempt: MovedAttempt): void;
  /**
   * Counts a wrong secret. A right one is never counted and never refused:
   * whoever sends wrong ones from the operator's address, or through the same
   * proxy, would otherwise lock the operator out.
   */
  wrongGuess(address: Address): number;
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
  const unjudged = createUnjudged(now);
  let study: StudyId | null = null;
  const take = (
    buckets: TokenBuckets,
    { local }: Address,
    key: string,
    tokens = 1,
  ) => local ? 0 : buckets.take(key, tokens);
  return {
    limits,
    loopbackOnly,
    publicUrl: publicUrl === undefined ? null : parsePublicUrl(publicUrl),
    addressOf: createAddressReader(parseNetworks(trustProxy)),
    admitRequest: (address, tokens) =>
      take(requests, address, address.key, tokens),
    admitCall: (address, workerId) => take(calls, address, workerId),
    admitRegistration: (address) => take(registrations, address, address.key),
    admitExport: (address) => take(exports, address, address.key),
    admitLease: ({ local, key }) => local ? 0 : vain.wait(key),
    leaseGranted(address, leaseId, ttlSeconds) {
      // A repeated request gets the lease that is already counted.
      if (!leases.has(leaseId)) take(vain, address, address.key);
      leases.keep(address.key, leaseId, ttlSeconds);
    },
    waitsForVerdicts({ local, key }, { workerId, threads }, active) {
      if (local) return false;
      if (active !== study) unjudged.clear();
      study = active;
      return unjudged.ofWorker(workerId) >=
          threads * limits.unjudgedPerThread ||
        unjudged.ofAddress(key) >= limits.unjudgedPerAddress;
    },
    attemptMoved({ leaseId, workerId, state }) {
      const held = leases.end(leaseId);
      if (state === "delivered") {
        unjudged.add({ leaseId, workerId, address: held });
        return;
      }
      const address = unjudged.remove(leaseId)?.address ?? held;
      // Only an accepted result shows that the lease was not in vain.
      if (state === "completed" && address !== null) vain.give(address);
    },
    wrongGuess: (address) => guesses.take(address.key),
    leases,
    receiving: createByteBudget(limits.receiving, limits.receivingPerAddress),
  };
}
