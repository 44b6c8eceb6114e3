import { DatabaseSync } from "node:sqlite";
import { systemReason } from "../../../protocol/error_text.ts";
import {
  contentOf,
  databaseFile,
  keepPrivate,
  PRIVATE_FILE,
  usingDatabase,
  type Words,
} from "../files.ts";
import { StorageError } from "../storage.ts";
import { checkOurs, migrate } from "./schema.ts";

/** An open database file and the locks that keep other coordinators out. */
export interface OpenDatabase {
  readonly db: DatabaseSync;
  /** The file's own path, without links. */
  readonly path: string;
  close(): void;
}

export interface OpenOptions {
  /** Milliseconds to wait for another program's lock. */
  readonly busyTimeout?: number;
  /** Most pages of the file; never fewer than it has. */
  readonly maxPages?: number;
  /** Called after each commit with the number of calls and the duration. */
  readonly onBatch?: (calls: number, milliseconds: number) => void;
  /** Whether nothing is to be written: a backup stays one. Default: false. */
  readonly readsOnly?: boolean;
  /** Default: those of a command with --db. */
  readonly words?: Words;
}

/**
 * Opens or creates the file, checks that it is an undamaged database of ours
 * and migrates it to the current schema. Two locks keep a second coordinator
 * out; the system releases them when the process ends for any reason. The
 * database itself stays readable for backup programs.
 *
 * @throws StorageError with one line that says what to do.
 */
export function openDatabase(
  path: string,
  options: OpenOptions,
): OpenDatabase {
  if (path === ":memory:") return prepare(path, options, () => {});
  const { words = usingDatabase } = options;
  const file = lockDatabase(path, words);
  try {
    const release = lockContent(file.path, words);
    try {
      return prepare(file.path, options, () => {
        release();
        file.unlock();
      });
    } catch (error) {
      release();
      const { code } = explainOpening(file.path, error, words);
      if (code !== "in-use" && code !== "cannot-open") throw error;
      // Some network file systems take the lock for one of SQLite's own kind,
      // and nothing could be read. There the lock by the path has to do.
      return prepare(file.path, options, file.unlock);
    }
  } catch (error) {
    file.unlock();
    throw error;
  }
}

/**
 * Size of the page cache in KiB. Calls about one replicate of each of hundreds
 * of grid points use thousands of pages; with SQLite's default of 2 MiB they
 * would be read from the file again and again.
 */
const CACHE = 16 * 1024;

function prepare(
  path: string,
  { busyTimeout = 5000, maxPages, readsOnly = false, words = usingDatabase }:
    OpenOptions,
  unlock: () => void,
): OpenDatabase {
  let db: DatabaseSync | undefined;
  try {
    const staysBackup = readsOnly && contentOf(path) === "backup";
    db = new DatabaseSync(path, { timeout: busyTimeout });
    // Before any write, so that a file that is not ours stays unchanged.
    checkOurs(db, path, words);
    if (path !== ":memory:") {
      for (const end of ["", "-wal", "-shm", "-lock"]) keepPrivate(path + end);
    }
    // FULL: an answered write survives a power failure. Prepared statements,
    // because only their errors have SQLite's code.
    if (!staysBackup) db.prepare("PRAGMA journal_mode = WAL").get();
    db.exec(
      "PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF; " +
        `PRAGMA cache_size = ${-CACHE}`,
    );
    migrate(db);
    createTally(db);
    if (maxPages !== undefined) db.exec(`PRAGMA max_page_count = ${maxPages}`);
    const check = db.prepare("PRAGMA quick_check(1)").get()?.quick_check;
    if (check !== "ok") throw damaged(path, check, words);
    // Makes a read-only file fail now and not at the first result.
    if (!readsOnly) {
      db.prepare("UPDATE studies SET revision = revision").run();
    }
  } catch (error) {
    db?.close();
    throw explainOpening(path, error, words);
  }
  const opened = db;
  return {
    db: opened,
    path,
    close: () => {
      opened.close();
      unlock();
    },
  };
}

/** A database's file, without links, that no other coordinator may open. */
export interface LockedFile {
  readonly path: string;
  readonly unlock: () => void;
}

/**
 * Locks out other coordinators by the file's path, which need not exist. The
 * lock is on a file of its own beside it: one that is replaced is still locked.
 */
export function lockDatabase(path: string, words: Words): LockedFile {
  const file = databaseFile(path, words);
  const unlock = lock(`${file.path}-lock`, file.path, words);
  try {
    // Not held: SQLite is yet to open the file.
    if (file.kind === "file") lockContent(file.path, words)();
  } catch (error) {
    unlock();
    throw error;
  }
  return { path: file.path, unlock };
}

/**
 * Locks out coordinators that found the file by another name: it was renamed
 * while in use, is mounted twice, or its lock file was deleted. On Linux alone,
 * where this lock and those of SQLite do not see each other.
 */
function lockContent(path: string, words: Words): () => void {
  return Deno.build.os === "linux" ? lock(path, path, words) : () => {};
}

function lock(file: string, path: string, words: Words): () => void {
  let held: Deno.FsFile;
  try {
    held = Deno.openSync(file, {
      read: true,
      write: true,
      create: true,
      mode: PRIVATE_FILE,
    });
  } catch (error) {
    throw explainOpening(path, error, words);
  }
  if (held.tryLockSync(true)) return () => held.close();
  held.close();
  throw new StorageError(
    "in-use",
    `${words.cannot}: another coordinator has ${path} open; stop it or ` +
      words.instead,
  );
}

/** One line: why a database cannot be opened, and what to do. */
export function explainOpening(
  path: string,
  error: unknown,
  words: Words,
): StorageError {
  if (error instanceof StorageError) return error;
  const { cannot, instead } = words;
  switch (sqliteCode(error)) {
    case SQLITE.notADatabase:
      return new StorageError(
        "not-ours",
        `${cannot}: ${path} is not a SQLite file; ${instead}`,
        error,
      );
    case SQLITE.corrupt:
      return damaged(path, error, words);
    case SQLITE.busy:
      return new StorageError(
        "in-use",
        `${cannot}: another program is writing to ${path}; end it or ` +
          instead,
        error,
      );
    default:
      return new StorageError(
        "cannot-open",
        `${cannot}: ${path} cannot be read and written ` +
          `(${systemReason(error)}); check the permissions or ${instead}`,
        error,
      );
  }
}

function damaged(
  path: string,
  cause: unknown,
  { cannot }: Words,
): StorageError {
  return new StorageError(
    "not-ours",
    `${cannot}: ${path} is damaged; restore a backup with ` +
      "deno task restore, or move it away (with its -wal file) to start with a new one",
    cause,
  );
}

/** Primary result codes. Source: https://sqlite.org/rescode.html */
export const SQLITE = {
  busy: 5,
  locked: 6,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notADatabase: 26,
} as const;

/** The primary result code of an error of node:sqlite; null for others. */
export function sqliteCode(error: unknown): number | null {
  if (!(error instanceof Error) || !("errcode" in error)) return null;
  // The low byte is the primary code; the other bits are the extended code.
  return typeof error.errcode === "number" ? error.errcode & 0xff : null;
}

/**
 * Numbers of planned trials by study and state, maintained incrementally: the
 * progress is read several times a second, and counting a hundred thousand
 * trials each time would delay every worker's call.
 *
 * Triggers maintain it, so that it follows every write of a trial and is rolled
 * back with the transaction. The triggers and the table are temporary: they
 * belong to this connection, the only one that writes, and are not in the file.
 */
export function createTally(db: DatabaseSync): void {
  const count = (row: "OLD" | "NEW", step: 1 | -1) =>
    `INSERT INTO tally
       SELECT ${row}.study_id, ${row}.state, ${step} WHERE ${row}.planned
       ON CONFLICT DO UPDATE SET n = n + excluded.n;`;
  db.exec(`
    PRAGMA temp_store = MEMORY;
    CREATE TEMP TABLE tally (
      study_id TEXT NOT NULL,
      state TEXT NOT NULL,
      n INTEGER NOT NULL,
      PRIMARY KEY (study_id, state)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO tally SELECT study_id, state, count(*) FROM trials
      WHERE planned = 1 GROUP BY 1, 2;
    CREATE TEMP TRIGGER tally_added AFTER INSERT ON main.trials
      BEGIN ${count("NEW", 1)} END;
    CREATE TEMP TRIGGER tally_removed AFTER DELETE ON main.trials
      BEGIN ${count("OLD", -1)} END;
    CREATE TEMP TRIGGER tally_moved
      AFTER UPDATE OF study_id, planned, state ON main.trials
      BEGIN ${count("OLD", -1)} ${count("NEW", 1)} END;
  `);
}
