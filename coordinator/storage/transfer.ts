import { createHash } from "node:crypto";
import * as z from "zod";
import { LeaseId, Sha256 } from "../../protocol/ids.ts";
import {
  databaseFile,
  existingDatabase,
  sameFile,
  type Words,
} from "./files.ts";
import { folderWeights, type WeightsStore } from "./weights_store.ts";
import { createPool, type Queries } from "./postgres/pool.ts";
import { openPostgres } from "./postgres/postgres.ts";
import { insertRows } from "./postgres/trial.ts";
import { postgresWeights } from "./postgres/weights.ts";
import { isServer, withoutPassword } from "./server_address.ts";
import {
  attempts,
  deliveries,
  type Row,
  type Table,
  tables,
  toRow,
} from "./sql/tables.ts";
import { explainOpening, openDatabase } from "./sqlite/open.ts";
import { prepareOnce } from "./sqlite/statements.ts";
import { insertRow } from "./sqlite/trial.ts";
import { StorageError } from "./storage.ts";

/** Moves a swarm's database into an empty one of either kind. */

/** One side of the move, in its own transaction. */
export interface End {
  /** The rows of a table by rising key, in chunks. */
  read(table: Table): AsyncIterable<readonly Row[]>;
  write(table: Table, rows: readonly Row[]): Promise<void>;
  readonly weights: WeightsStore;
}

/** Opens a database for the work; unchanged if the work throws. */
export type WithEnd = <T>(
  database: string,
  how: "read" | "write",
  live: boolean,
  work: (end: End) => Promise<T>,
) => Promise<T>;

/** Numbers of moved items. */
export interface Moved {
  readonly studies: number;
  readonly trials: number;
  readonly results: number;
  readonly workers: number;
  /** Sets of weights of results without a verdict. */
  readonly weights: number;
}

/**
 * Copies everything from one database to another, empty one, and then compares
 * both by a hash over the rows of each table.
 *
 * @param options.live Copy even while coordinators write: what they accept from
 * now on is not in the copy.
 * @throws StorageError with one line that says what to do.
 */
export async function moveDatabase(
  from: string,
  to: string,
  options: { readonly live?: boolean } = {},
): Promise<Moved> {
  const { live = false } = options;
  if (!isServer(from)) existingDatabase(from, words.read);
  if (!isServer(from) && !isServer(to)) {
    const place = databaseFile(from, words.read);
    if (sameFile(place, databaseFile(to, words.write))) {
      throw new StorageError(
        "cannot-open",
        `cannot move: --from and --to are the same file: ${place.path}; ` +
          words.write.instead,
      );
    }
  }
  return await end(from)(
    from,
    "read",
    live,
    (source) =>
      end(to)(to, "write", false, (target) => copy(source, target, to)),
  );
}

/** Of the file that is copied, and of the one that is written. */
const words: Readonly<Record<"read" | "write", Words>> = {
  read: {
    cannot: "cannot move",
    instead: "name the right file with --from",
  },
  write: {
    cannot: "cannot move",
    instead: "choose another file with --to",
  },
};

function end(database: string): WithEnd {
  return isServer(database) ? withPostgres : withSqlite;
}

/** Hash over all rows in order, and their number. */
interface Sum {
  readonly rows: number;
  readonly digest: string;
}

async function copy(source: End, target: End, to: string): Promise<Moved> {
  for (const table of tables) {
    for await (const _ of target.read(table)) {
      throw new StorageError(
        "not-ours",
        `cannot move: ${isServer(to) ? withoutPassword(to) : to} is not ` +
          `empty, it holds ${table.name}; choose an empty one with --to`,
      );
    }
  }
  const counts = new Map<string, number>();
  for (const table of tables) {
    const read = await sum(source, table, (rows) => target.write(table, rows));
    const written = await sum(target, table);
    if (written.rows !== read.rows || written.digest !== read.digest) {
      throw new StorageError(
        "unavailable",
        `the copy differs from what was read: ${table.name}, ` +
          `${written.rows} rows of ${read.rows}; the copy was discarded`,
      );
    }
    counts.set(table.name, read.rows);
  }
  const n = (table: string) => counts.get(table) ?? 0;
  return {
    studies: n("studies"),
    trials: n("trials"),
    results: n("results"),
    workers: n("workers"),
    weights: await copyWeights(source, target),
  };
}

async function sum(
  end: End,
  table: Table,
  each: (rows: readonly Row[]) => Promise<void> = () => Promise.resolve(),
): Promise<Sum> {
  const hash = createHash("sha256");
  let rows = 0;
  for await (const some of end.read(table)) {
    for (const row of some) {
      hash.update(
        `${JSON.stringify(table.columns.map(({ name }) => row[name]))}\n`,
      );
    }
    rows += some.length;
    await each(some);
  }
  return { rows, digest: hash.digest("hex") };
}

/** Weights of delivered results; others are not needed. */
async function copyWeights(source: End, target: End): Promise<number> {
  const leases = new Map<string, unknown>();
  const key = (row: Row) => `${row["trial_id"]} ${row["attempt"]}`;
  for await (const rows of source.read(attempts)) {
    for (const row of rows) {
      if (row["state"] === "delivered") leases.set(key(row), row["lease_id"]);
    }
  }
  let copied = 0;
  for await (const rows of source.read(deliveries)) {
    for (const row of rows) {
      const sha256 = Sha256.safeParse(row["weights"]);
      const leaseId = LeaseId.safeParse(leases.get(key(row)));
      if (!sha256.success || !leaseId.success) continue;
      const bytes = await source.weights.get(leaseId.data, sha256.data);
      // Lost before the move: the trial will be leased again.
      if (bytes === null) continue;
      await target.weights.put(leaseId.data, sha256.data, bytes);
      copied++;
    }
  }
  return copied;
}

/** Rows per chunk. */
const POSTGRES_ROWS = 500;

const AnyRow = z.record(z.string(), z.unknown());

/** A PostgreSQL database as a side of a move. */
export const withPostgres: WithEnd = async (url, how, live, work) => {
  // Checks the address, and creates or migrates the tables.
  const { storage } = await openPostgres(url);
  const alone = await storage.alone().finally(() => storage.close());
  if (!alone && !live) {
    throw new StorageError(
      "in-use",
      `cannot move: coordinators are running on ${withoutPassword(url)}; ` +
        "stop them first" +
        (how === "read" ? ", or copy the current state with --live" : ""),
    );
  }
  const pool = createPool(url);
  try {
    const run = how === "read" ? pool.snapshot : pool.transaction;
    return await run((tx) => work(endOf(tx)));
  } finally {
    await pool.close();
  }
};

function endOf(tx: Queries): End {
  return {
    async *read(table) {
      const columns = table.columns.map(({ name }) => name).join(", ");
      await tx.rows(
        `DECLARE moving NO SCROLL CURSOR FOR SELECT ${columns} ` +
          `FROM ${table.name} ORDER BY ${order(table)}`,
      );
      try {
        for (;;) {
          const rows = await tx.rows(`FETCH ${POSTGRES_ROWS} FROM moving`);
          if (rows.length === 0) return;
          yield rows.map((row) => toRow(table, AnyRow.parse(row)));
        }
      } finally {
        await tx.rows("CLOSE moving");
      }
    },
    async write(table, rows) {
      await tx.rows(insertRows(table), [JSON.stringify(rows)]);
    },
    weights: postgresWeights(tx, Date.now),
  };
}

/** Compares text by bytes, like SQLite. */
function order({ key, columns }: Table): string {
  return key.map((part) => {
    const text = columns.find(({ name }) => name === part)?.type === "text";
    return text ? `${part} COLLATE "C"` : part;
  }).join(", ");
}

/** Rows per chunk. */
const SQLITE_ROWS = 500;

/** A SQLite file as a side of a move. It is locked: `live` has no meaning. */
export const withSqlite: WithEnd = async (path, how, _live, work) => {
  const place = databaseFile(path, words[how]);
  const { db, close } = openDatabase(place.path, {
    words: words[how],
    readsOnly: how === "read",
  });
  const sql = prepareOnce(db);
  const end: End = {
    async *read(table) {
      const columns = table.columns.map(({ name }) => name).join(", ");
      const rows = sql(
        `SELECT ${columns} FROM ${table.name} ORDER BY ${table.key.join(", ")}`,
      ).all();
      for (let i = 0; i < rows.length; i += SQLITE_ROWS) {
        yield rows.slice(i, i + SQLITE_ROWS).map((row) => toRow(table, row));
      }
    },
    write(table, rows) {
      for (const row of rows) insertRow(sql, table, row);
      return Promise.resolve();
    },
    weights: await folderWeights(`${place.path}-weights`, Date.now),
  };
  sql(how === "read" ? "BEGIN" : "BEGIN IMMEDIATE").run();
  try {
    const value = await work(end);
    sql("COMMIT").run();
    return value;
  } catch (error) {
    if (db.isTransaction) sql("ROLLBACK").run();
    throw error instanceof StorageError || !isSqlite(error)
      ? error
      : explainOpening(path, error, words[how]);
  } finally {
    close();
  }
};

const isSqlite = (error: unknown) =>
  error instanceof Error && "errcode" in error;
