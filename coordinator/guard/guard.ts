import type { WorkerId } from "../protocol/ids.ts";
import { type Address, createAddressReader, parseNetworks } from "./address.ts";
import { type AddressLeases, createAddressLeases } from "./address_leases.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import { createTokenBuckets, type TokenBuckets } from "./token_buckets.ts";

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
  /** Asked before a secret is compared. */
  admitGuess(address: Address): number;
  /** Counts a wrong one. */
  wrongGuess(address: Address): void;
  readonly leases: AddressLeases;
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
  const take = (buckets: TokenBuckets, { local }: Address, key: string) =>
    local ? 0 : buckets.take(key);
  return {
    limits,
    loopbackOnly,
    addressOf: createAddressReader(parseNetworks(trustProxy)),
    admitRequest: (address) => take(requests, address, address.key),
    admitCall: (address, workerId) => take(calls, address, workerId),
    admitRegistration: (address) => take(registrations, address, address.key),
    admitGuess: (address) => guesses.wait(address.key),
    wrongGuess: (address) => void guesses.take(address.key),
    leases: createAddressLeases(now),
  };
}
