import { getPath } from "hono/utils/url";
import { adminEndpoints } from "../../protocol/admin_endpoints.ts";
import { endpoints } from "../../protocol/endpoints.ts";
import { coordinatorOf, headerPages, itemPages } from "../../protocol/pages.ts";
import { AddressError } from "./limits/addresses.ts";

/** Where others reach the coordinator: a proxy's host, perhaps with a path. */
export interface PublicUrl {
  /** Without a slash at its end. */
  readonly href: string;
  /** Its path, without a slash at its end; "" at the root of its host. */
  readonly path: string;
  /** Whether a `Host` header names its host and port. */
  isHost(host: string): boolean;
  /** Whether an `Origin` header is its origin. */
  isOrigin(origin: string): boolean;
  /** A request's path; some proxies pass their own path on, others do not. */
  pathOf(request: Request): string;
  /** Whether a request is for the path without the slash at its end. */
  lacksSlash(request: Request): boolean;
  /** Whether the request came by this address: then a proxy passed it on. */
  isUsedBy(request: Request): boolean;
}

/** Paths of the coordinator, `:name` or `{name}` for any value. */
const ownPaths = [
  ...Object.values(headerPages),
  ...Object.values(itemPages).map(({ address }) => address),
  ...Object.values({ ...endpoints, ...adminEndpoints }).map(({ path }) => path),
  ...["/assets/:file", "/api/page/:file", "/openapi.json"],
].map((path) => path.split("/"));

/**
 * Reads the address that others use.
 *
 * @throws {AddressError} saying why it cannot be one.
 */
export function parsePublicUrl(text: string): PublicUrl {
  const url = URL.parse(text);
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    throw new AddressError(
      "Give an address such as https://swarm.example.org or " +
        "https://example.org/swarm/.",
    );
  }
  // Pages' links with two slashes in front would lead to another host.
  const path = url.pathname.replaceAll(/\/{2,}/g, "/").replace(/\/$/, "");
  if (url.href.replace(/\/+$/, "") !== url.origin + path) {
    throw new AddressError(
      "An address of the coordinator is a host and a path alone: " +
        `${url.origin}${path}/.`,
    );
  }
  const base = path.split("/").map(decoded);
  // Requests may come without the path: then nobody could tell them apart.
  const mistakable = ownPaths.some((own) =>
    own.length >= base.length &&
    base.every((part, i) => part === own[i] || /^[:{]/.test(own[i] ?? ""))
  );
  if (path !== "" && mistakable || coordinatorOf(url) !== url.origin + path) {
    throw new AddressError(
      `The coordinator has pages or files of its own at ${path}/. ` +
        "Have the proxy use another path.",
    );
  }

  /** What follows the public path; null for a path that is not under it. */
  const under = (requested: string): string | null => {
    const parts = requested.split("/");
    return parts.length > base.length &&
        base.every((part, i) => part === decoded(parts[i] ?? ""))
      ? `/${parts.slice(base.length).join("/")}`
      : null;
  };
  const isHost = (host: string) =>
    URL.parse(`${url.protocol}//${host}`)?.host === url.host;
  const isOrigin = (origin: string) => origin === url.origin;
  return {
    href: url.origin + path,
    path,
    isHost,
    isOrigin,
    pathOf(request) {
      const requested = getPath(request);
      return path === "" ? requested : under(requested) ?? requested;
    },
    lacksSlash: (request) =>
      path !== "" && under(`${getPath(request)}/`) === "/",
    isUsedBy: (request) =>
      isHost(request.headers.get("host") ?? new URL(request.url).host) ||
      isOrigin(request.headers.get("origin") ?? "") ||
      path !== "" && under(getPath(request)) !== null,
  };
}

/** A part of a path, which proxies may encode differently. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
