import ipaddr from "ipaddr.js";
import type { LeaseId } from "../../../protocol/ids.ts";

/** Who calls, as far as limits are concerned. */
export interface Address {
  /**
   * What is counted by: an IPv4 address, or the /64 network of an IPv6 one,
   * which is what a single household or machine has.
   */
  readonly key: string;
  /** This machine itself, and nobody that a proxy here speaks for. */
  readonly local: boolean;
}

/** Headers of a request that say or show on whose behalf a proxy calls. */
export interface ForwardingHeaders {
  /** `X-Forwarded-For`: who called the proxy, its own caller last. */
  readonly forwardedFor: string | undefined;
  /** Whether any other header tells of a proxy. */
  readonly proxied: boolean;
}

type Ip = ipaddr.IPv4 | ipaddr.IPv6;

type Network = readonly [Ip, number];

/** Not an address nor a network: the message says what to give. */
export class AddressError extends Error {
  override readonly name = "AddressError";
}

/** Everyone whose address nobody told: one key for all. */
const UNKNOWN: Address = { key: "unknown", local: false };

/**
 * Reads addresses and networks: `10.0.0.1`, `10.0.0.0/8`, `::1`, `loopback`.
 *
 * @throws {AddressError} naming the one that is neither.
 */
export function parseNetworks(texts: readonly string[]): readonly Network[] {
  return texts.flatMap((text): Network[] => {
    if (text === "loopback") {
      return parseNetworks(["127.0.0.0/8", "::1"]).slice();
    }
    if (ipaddr.isValidCIDR(text)) return [ipaddr.parseCIDR(text)];
    const ip = parseIp(text);
    if (ip === null) {
      throw new AddressError(
        `not an address nor a network: ${text}; ` +
          "give one such as 10.0.0.1, 10.0.0.0/8 or loopback",
      );
    }
    return [[ip, ip.kind() === "ipv4" ? 32 : 128]];
  });
}

/**
 * Makes a function that tells who calls, by the socket's address; and by
 * `X-Forwarded-For` where the socket is a trusted proxy's. Anybody can write
 * that header, so it is read from its end, and only as far as each address in
 * it is a trusted proxy's own.
 *
 * @param trusted Networks of the proxies, as `parseNetworks` reads them.
 */
export function createAddressReader(
  trusted: readonly Network[],
): (peer: string | undefined, headers: ForwardingHeaders) => Address {
  const isTrusted = (ip: Ip) =>
    trusted.some(([network, bits]) =>
      network.kind() === ip.kind() && ip.match(network, bits)
    );
  return (peer, { forwardedFor, proxied }) => {
    const socket = peer === undefined ? null : parseIp(peer);
    if (socket === null) return UNKNOWN;
    if (forwardedFor === undefined || !isTrusted(socket)) {
      const local = socket.range() === "loopback" &&
        forwardedFor === undefined && !proxied;
      return { key: keyOf(socket), local };
    }
    let caller = socket;
    for (const text of forwardedFor.split(",").reverse()) {
      const ip = parseIp(text.trim());
      if (ip === null) break;
      caller = ip;
      if (!isTrusted(ip)) break;
    }
    return { key: keyOf(caller), local: false };
  };
}

/** Whether a host's name or address can only mean this machine. */
export function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, "");
  if (name === "localhost" || name.endsWith(".localhost")) return true;
  return parseIp(name)?.range() === "loopback";
}

/** With or without brackets, port and zone; null: no IP address. */
function parseIp(text: string): Ip | null {
  const [, bare] = /^\[([^\]]*)\](?::\d+)?$/.exec(text) ??
    /^(\d+\.\d+\.\d+\.\d+)(?::\d+)?$/.exec(text) ?? [null, text];
  // Only the written-out form: "127.1" and "0x7f.1" are names to be wary of.
  if (
    bare === undefined ||
    !/^(\d+\.\d+\.\d+\.\d+|[\da-f:.]+(%\w+)?)$/i.test(bare)
  ) {
    return null;
  }
  if (!bare.includes(":") && !ipaddr.IPv4.isValidFourPartDecimal(bare)) {
    return null;
  }
  return ipaddr.isValid(bare) ? ipaddr.process(bare) : null;
}

function keyOf(ip: Ip): string {
  if (ip.kind() === "ipv4") return ip.toString();
  const [a, b, c, d] = ip.toNormalizedString().split(":");
  return `${a}:${b}:${c}:${d}::/64`;
}

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
