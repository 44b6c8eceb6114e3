/** How many connections a server keeps, and for how long. */
export interface ConnectionLimits {
  /** Connections at once. */
  readonly connections: number;
  /** Connections at once from one address. */
  readonly connectionsPerAddress: number;
  /** Seconds until the first request's head must be complete. */
  readonly headSeconds: number;
  /** Seconds between an answer and the next request. */
  readonly idleSeconds: number;
  /** Seconds for the last bytes of an answer that closes its connection. */
  readonly closeSeconds: number;
  /** Seconds for an answer to be read, longer than an event stream. */
  readonly answerSeconds: number;
}

/**
 * Defaults for ten thousand volunteers with their pages, and for a classroom
 * behind one address: sixty browsers with six connections and a page's stream
 * each, and 480 threads.
 */
export const defaultConnectionLimits: ConnectionLimits = {
  connections: 50_000,
  connectionsPerAddress: 4000,
  headSeconds: 20,
  idleSeconds: 120,
  closeSeconds: 5,
  answerSeconds: 7200,
};

/** An open connection. */
export interface OpenConnection {
  /** A request's head arrived. */
  began(): void;
  /** The answer's head was made. */
  sending(): void;
  /**
   * The answer was sent, or cannot be.
   *
   * @param last Whether the answer closes the connection.
   */
  answered(last: boolean): void;
  /** The connection is closed. */
  ended(): void;
}

/** The open connections of a server. */
export interface Connections {
  readonly open: number;
  /**
   * Adds a connection, for which another one may be cut; null: there is no
   * place for it.
   *
   * @param owner Its address; null: this machine or a named proxy, which are
   * not limited, and are cut only when nothing else can be.
   * @param cut Closes the connection at once.
   */
  admit(owner: string | null, cut: () => void): OpenConnection | null;
  /** Cuts connections that have waited or lasted too long. */
  sweep(): void;
  /**
   * The system has no file descriptor left: fewer connections are kept from now
   * on. Files need some, too.
   */
  exhausted(): void;
}

/** From the first that is cut for a new connection to the last. */
const WAITING = ["closing", "silent", "idle"] as const;
type State = typeof WAITING[number] | "sending" | "busy";

interface Entry {
  readonly owner: Owner;
  readonly cut: () => void;
  state: State;
  /** When it entered its state. */
  since: number;
  /** HTTP/2 has several at once. */
  requests: number;
}

interface Owner {
  readonly key: string | null;
  /** In the order in which they entered their state. */
  readonly entries: Readonly<Record<State, Set<Entry>>>;
  count: number;
}

/** Share of the connections that are kept when there is no descriptor left. */
const KEPT = 0.75;
const LEAST_KEPT = 8;
/** Milliseconds for the system to close connections that were cut. */
const FREED = 1000;
/** Milliseconds after which more are tried again, one at each sweep. */
const MORE_AFTER = 60_000;
/** Milliseconds that every request gets. */
const GRACE = 1000;

/**
 * Shares the connections among addresses. When all are taken, a new one gets
 * the place of one that waits: of the address with the most connections, first
 * one that never sent a request, then the one that has been idle longest. If
 * none waits there, it gets that of the longest answer, which is a page's stream
 * or one that nobody reads. A request that is not answered yet is cut only for
 * an address that has fewer, and not in its first second.
 *
 * @param now Milliseconds of a monotonic clock.
 */
export function createConnections(
  limits: ConnectionLimits,
  now: () => number,
): Connections {
  const owners = new Map<string | null, Owner>();
  let most = limits.connections;
  let exhaustedAt = -Infinity;
  let open = 0;

  function ownerOf(key: string | null): Owner {
    const known = owners.get(key);
    if (known !== undefined) return known;
    const entries = {
      silent: new Set<Entry>(),
      idle: new Set<Entry>(),
      busy: new Set<Entry>(),
      closing: new Set<Entry>(),
      sending: new Set<Entry>(),
    };
    const owner = { key, entries, count: 0 };
    owners.set(key, owner);
    return owner;
  }

  function enter(entry: Entry, state: State): void {
    const { entries } = entry.owner;
    entries[entry.state].delete(entry);
    entry.state = state;
    entry.since = now();
    entries[state].add(entry);
  }

  function remove(entry: Entry): void {
    const { owner } = entry;
    if (!owner.entries[entry.state].delete(entry)) return;
    open--;
    owner.count--;
    if (owner.count === 0) owners.delete(owner.key);
  }

  function cut(entry: Entry): void {
    remove(entry);
    entry.cut();
  }

  function oldest(
    owner: Owner | undefined,
    states: readonly State[],
  ): Entry | undefined {
    for (const state of states) {
      const entry = owner?.entries[state].values().next().value;
      if (entry !== undefined) return entry;
    }
  }

  function largest(): Owner | undefined {
    let found: Owner | undefined;
    for (const owner of owners.values()) {
      if (owner.key !== null && owner.count > (found?.count ?? 0)) {
        found = owner;
      }
    }
    return found;
  }

  /** The connection whose place a new one of this owner takes. */
  function victim(newcomer: Owner | undefined): Entry | undefined {
    const count = newcomer?.count ?? 0;
    const from = largest();
    if (newcomer !== undefined && newcomer.key !== null) {
      if (count >= (from?.count ?? 0)) {
        return oldest(newcomer, [...WAITING, "sending"]);
      }
    }
    if (from !== undefined && from.count > count + 1) {
      const found = oldest(from, [...WAITING, "sending"]);
      if (found !== undefined) return found;
      const busy = oldest(from, ["busy"]);
      if (busy !== undefined && now() - busy.since >= GRACE) return busy;
    }
    for (const owner of owners.values()) {
      if (owner.key === null || owner.count <= count) continue;
      const found = oldest(owner, WAITING);
      if (found !== undefined) return found;
    }
    return oldest(owners.get(null), WAITING);
  }

  function shrink(): void {
    while (open > most) {
      // As if for an address without connections.
      const entry = victim(undefined);
      if (entry === undefined) return;
      cut(entry);
    }
  }

  return {
    get open() {
      return open;
    },
    admit(key, cutIt) {
      const mine = owners.get(key);
      if (key !== null && mine?.count === limits.connectionsPerAddress) {
        const entry = oldest(mine, [...WAITING, "sending"]);
        if (entry === undefined) return null;
        cut(entry);
      }
      if (open >= most) {
        const entry = victim(owners.get(key));
        if (entry === undefined) return null;
        cut(entry);
      }
      const owner = ownerOf(key);
      const entry: Entry = {
        owner,
        cut: cutIt,
        state: "silent",
        since: now(),
        requests: 0,
      };
      owner.entries.silent.add(entry);
      owner.count++;
      open++;
      const isOpen = () => owner.entries[entry.state].has(entry);
      return {
        began() {
          entry.requests++;
          if (isOpen()) enter(entry, "busy");
        },
        sending() {
          if (isOpen()) enter(entry, "sending");
        },
        answered(last) {
          entry.requests--;
          if (!isOpen() || entry.requests > 0) return;
          enter(entry, last ? "closing" : "idle");
        },
        ended: () => remove(entry),
      };
    },
    sweep() {
      const time = now();
      if (most < limits.connections && time - exhaustedAt >= MORE_AFTER) most++;
      for (const { key, entries } of [...owners.values()]) {
        const older = (state: State, seconds: number) => {
          for (const entry of entries[state]) {
            if (time - entry.since < seconds * 1000) return;
            cut(entry);
          }
        };
        older("closing", limits.closeSeconds);
        // While a request is busy, its handler limits the time for its body.
        older("sending", limits.answerSeconds);
        // A proxy closes its own connections when it wants.
        if (key === null) continue;
        older("silent", limits.headSeconds);
        older("idle", limits.idleSeconds);
      }
    },
    exhausted() {
      if (now() - exhaustedAt < FREED) return;
      exhaustedAt = now();
      most = Math.max(LEAST_KEPT, Math.floor(Math.min(open, most) * KEPT));
      shrink();
    },
  };
}
