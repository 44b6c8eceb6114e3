import { type OwnConnection, ownConnection } from "./connection.ts";

/**
 * A volunteer's connections to many coordinators, like a balancer: its calls go
 * to each in turn, over one connection to each.
 *
 * @param first The coordinator of its first call, modulo their number, so that
 * volunteers that join together do not all begin with the same one.
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
