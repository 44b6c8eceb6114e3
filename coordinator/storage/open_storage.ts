import type { Instant } from "../lease/trial.ts";
import { databaseFile, locate, type Words } from "./files.ts";
import { isServer, withoutPassword } from "./server_address.ts";
import { openSqlite } from "./sqlite/sqlite.ts";
import { type Storage, StorageError } from "./storage.ts";
import {
  folderWeights,
  memoryWeights,
  type WeightsStore,
} from "./weights_store.ts";

/** A swarm's storage, with the store of waiting weights. */
export interface OpenedStorage {
  readonly storage: Storage;
  /** Opens the store at its first use; readers do not need it. */
  readonly weights: () => Promise<WeightsStore>;
}

/**
 * Opens the database that `--db` names: `postgres://…`, the path of a SQLite
 * file, or `:memory:`.
 *
 * @throws StorageError with one line that says what to do.
 */
export async function openStorage(database: string, options: {
  /** Milliseconds since 1970. A server uses its own clock. */
  readonly clock?: () => number;
  /** Called after each lease transaction: its calls and its duration. */
  readonly onBatch?: (calls: number, milliseconds: number) => void;
  /** Called once for each study that a newer version has written. */
  readonly onUnreadable?: (error: StorageError) => void;
  /** Whether a file is to stay as it is. Default: false. */
  readonly readsOnly?: boolean;
  /** How errors about a file begin and end. Default: as with --db. */
  readonly words?: Words;
} = {}): Promise<OpenedStorage> {
  const {
    clock = steadyClock(Date.now, () => performance.now()),
    ...told
  } = options;
  if (isServer(database)) {
    // The driver is loaded only if it is needed.
    const { openPostgres } = await import("./postgres/postgres.ts");
    const { storage, weights } = await openPostgres(database, told);
    return { storage, weights: () => Promise.resolve(weights) };
  }
  if (database === ":memory:") {
    const storage = openSqlite(database, clock, told);
    return {
      storage,
      weights: () => Promise.resolve(memoryWeights(storage.now)),
    };
  }
  const { path } = databaseFile(database, told.words);
  const storage = openSqlite(path, clock, told);
  return {
    storage,
    weights: () => folderWeights(weightsFolder(path), storage.now),
  };
}

/** @throws StorageError if something else has the folder's name. */
function weightsFolder(path: string): string {
  const place = locate(`${path}-weights`);
  if (place.kind === "folder" || place.kind === "free") return place.path;
  throw new StorageError(
    "cannot-open",
    `cannot use the database: ${place.path} is no folder, and weights that ` +
      "wait for verification are kept in a folder of this name; move it away",
  );
}

/** Where a database is: for a file its own path, without links. */
export function describeDatabase(database: string): string {
  if (isServer(database)) return withoutPassword(database);
  return database === ":memory:"
    ? "in memory, gone when this process ends"
    : locate(database).path;
}

/**
 * A clock for leases, made of the wall clock, which can be set, and a monotonic
 * clock. It shows the wall clock's time but never goes back or stands still:
 * after the wall clock is set back it continues at the monotonic clock's speed.
 * It follows a wall clock that jumps forward, because that also happens after
 * the machine slept.
 *
 * @param wall Milliseconds since 1970.
 * @param monotonic Milliseconds of a monotonic clock.
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
