import { headerPages, urlAt } from "../../protocol/pages.ts";

/** An address of one of this machine's network interfaces. */
export interface InterfaceAddress {
  readonly family: "IPv4" | "IPv6";
  readonly address: string;
}

/**
 * Where other devices find the join page of a coordinator that listens on
 * `host`: null where only this machine reaches it.
 *
 * @param url the coordinator's own, with its port
 * @param publicUrl what its operator says that others use
 */
export function joinAddress(
  host: string,
  url: string,
  interfaces: () => readonly InterfaceAddress[],
  publicUrl?: string,
): string | null {
  if (publicUrl !== undefined) return urlAt(publicUrl, headerPages.join);
  if (isLoopback(host)) return null;
  const address = new URL(urlAt(url, headerPages.join));
  if (host === "0.0.0.0" || host === "::") {
    // People type and scan IPv4; link-local addresses lead nowhere.
    const found = interfaces().find(({ family, address }) =>
      family === "IPv4" && !isLoopback(address) &&
      !address.startsWith("169.254.")
    );
    if (found === undefined) return null;
    address.hostname = found.address;
  }
  return address.href;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\./.test(host);
}
