import { type OwnConnection, ownConnection } from "./connection.ts";

/**
 * A volunteer's way to many coordinators, as through a balancer before them:
 * its calls go to one after the other, over a connection to each.
 *
 * @param first The coordinator of its first call, counted on beyond the last:
 * volunteers that join together do not all begin at the same one.
 */
export function balancedConnection(
  urls: readonly string[],
  address: string,
  first: number,
): OwnConnection {
  const connections = urls.map((url) => ownConnection(url, address));
  let calls = first;
  return {
    fetch(input, init) {
      const next = connections[calls++ % connections.length];
      if (next === undefined) throw new RangeError("no coordinator is named");
      return next.fetch(input, init);
    },
    close: () => connections.forEach((connection) => connection.close()),
  };
}
