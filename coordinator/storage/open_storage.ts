import type { Instant } from "../lease/trial.ts";
import { isServer } from "./server_address.ts";
import { openSqlite } from "./sqlite/sqlite.ts";
import type { Storage, StorageError } from "./storage.ts";
import {
  folderWeights,
  memoryWeights,
  type WeightsStore,
} from "./weights_store.ts";

/** A swarm's storage, and where weights wait beside it. */
export interface OpenedStorage {
  readonly storage: Storage;
  /** Opened when they are asked for: whoever only reads has no use for them. */
  readonly weights: () => Promise<WeightsStore>;
}

/**
 * Opens what `--db` names: `postgres://…`, or the path of a SQLite file, or
 * `:memory:`.
 *
 * @throws StorageError with one line that says what to do.
 */
export async function openStorage(database: string, options: {
  /** Milliseconds since 1970. A server goes by its own clock. */
  readonly clock?: () => number;
  /** Told of each transaction of leases: its calls and its time. */
  readonly onBatch?: (calls: number, milliseconds: number) => void;
  /** Told of each study that a newer version has written, once. */
  readonly onUnreadable?: (error: StorageError) => void;
} = {}): Promise<OpenedStorage> {
  const {
    clock = steadyClock(Date.now, () => performance.now()),
    ...told
  } = options;
  if (isServer(database)) {
    // Its driver is loaded by those alone who have a server.
    const { openPostgres } = await import("./postgres/postgres.ts");
    const { storage, weights } = await openPostgres(database, told);
    return { storage, weights: () => Promise.resolve(weights) };
  }
  const storage = openSqlite(database, clock, told);
  return {
    storage,
    weights: () =>
      database === ":memory:"
        ? Promise.resolve(memoryWeights(storage.now))
        : folderWeights(`${database}-weights`, storage.now),
  };
}

/**
 * A clock for leases, made of two: the wall's, which knows the date and can be
 * set, and one that only goes forward. It shows the wall's time, but never goes
 * back, nor stands still: when the wall's is set back it goes on as fast as the
 * other one does. A wall clock that leaps forward takes it along, for that is
 * also what a machine that slept looks like.
 *
 * @param wall Milliseconds since 1970.
 * @param monotonic Milliseconds since whenever.
 */
export function steadyClock(
  wall: () => Instant,
  monotonic: () => number,
): () => Instant {
  let at = monotonic();
  let shown = wall();
  return () => {
    const tick = monotonic();
    shown = Math.max(shown + Math.max(0, tick - at), wall());
    at = tick;
    return Math.floor(shown);
  };
}
