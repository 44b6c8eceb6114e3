import ipaddr from "ipaddr.js";
import type { LeaseId } from "../../../protocol/ids.ts";

/** The caller, for the purpose of limits. */
export interface Address {
  /**
   * Key of the counters: an IPv4 address, or the /64 network of an IPv6
   * address, which a single household or machine has.
   */
  readonly key: string;
  /** Whether this machine itself calls, and not a client of a proxy on it. */
  readonly local: boolean;
}

/** Headers that a proxy adds to a request. */
export interface ForwardingHeaders {
  /** `X-Forwarded-For`: earlier callers, the proxy's direct caller last. */
  readonly forwardedFor: string | undefined;
  /** Whether another header shows that a proxy forwarded the request. */
  readonly proxied: boolean;
}

type Ip = ipaddr.IPv4 | ipaddr.IPv6;

type Network = readonly [Ip, number];

/** A text is no address of the wanted kind. The message says what to give. */
export class AddressError extends Error {
  override readonly name = "AddressError";
}

/** All callers without a known address share one key. */
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
        `neither an address nor a network: ${text}; ` +
          "give one such as 10.0.0.1, 10.0.0.0/8 or loopback",
      );
    }
    return [[ip, ip.kind() === "ipv4" ? 32 : 128]];
  });
}

/**
 * Makes a function that identifies the caller by the socket's address, or by
 * `X-Forwarded-For` if the socket is a trusted proxy's. Anybody can write that
 * header, so it is read from its end, and only while each address in it is that
 * of a trusted proxy.
 *
 * @param trusted Networks of the proxies, as returned by `parseNetworks`.
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

/** Whether a host name or address always means this machine. */
export function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, "");
  if (name === "localhost" || name.endsWith(".localhost")) return true;
  return parseIp(name)?.range() === "loopback";
}

/** Parses an address with or without brackets, port, zone; null: invalid. */
function parseIp(text: string): Ip | null {
  const [, bare] = /^\[([^\]]*)\](?::\d+)?$/.exec(text) ??
    /^(\d+\.\d+\.\d+\.\d+)(?::\d+)?$/.exec(text) ?? [null, text];
  // Only the full form: short forms such as "127.1" and "0x7f.1" are refused.
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

/** Numbers of leases by address. */
export interface AddressLeases {
  /** Number of the address's leases that have not expired. */
  held(address: string): number;
  /** Whether the lease is counted. */
  has(leaseId: LeaseId): boolean;
  /** Records that the lease was granted or renewed for this time. */
  keep(address: string, leaseId: LeaseId, ttlSeconds: number): void;
  /** Records that the lease ended; returns its address, if known. */
  end(leaseId: LeaseId): string | null;
}

interface Kept {
  readonly address: string;
  readonly until: number;
}

/**
 * Counts leases by address, only in memory, because volunteers' addresses are
 * not stored. After a restart it learns of leases by their renewals; until then
 * they do not count, in favour of the volunteer.
 *
 * @param now Milliseconds of a monotonic clock.
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

  // A long lease at the front delays the removal of shorter ones behind it, by
  // at most ten minutes, the longest lease.
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
