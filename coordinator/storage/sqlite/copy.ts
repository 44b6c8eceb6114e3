import { backup, DatabaseSync } from "node:sqlite";
import {
  contentOf,
  databaseFile,
  isReadOnly,
  locate,
  outputFile,
  PRIVATE_FILE,
  sameFile,
} from "../files.ts";
import { isServer } from "../server_address.ts";
import { StorageError } from "../storage.ts";
import { explainOpening, lockDatabase, SQLITE, sqliteCode } from "./open.ts";
import { checkOurs } from "./schema.ts";

/** Backs up a swarm's database while it is in use, and restores it. */

/** A summary of a database. */
export interface Contents {
  readonly studies: number;
  readonly trials: number;
  readonly results: number;
  readonly workers: number;
  /** Milliseconds since 1970 of the latest event; 0 without events. */
  readonly latest: number;
}

/**
 * Copies all pages at once. If copied in steps, SQLite would restart after each
 * write in between, and the copy of a busy coordinator's database would never
 * finish.
 */
const ALL_PAGES = 2 ** 31 - 1;

/**
 * Writes a consistent copy of the database, which is checked before it gets its
 * final name. The coordinator may continue to write.
 *
 * @throws StorageError with one line that says what to do.
 */
export async function backupDatabase(
  path: string,
  out: string,
  options: { readonly force?: boolean } = {},
): Promise<Contents> {
  const source = existingDatabase(path, "cannot back up", "--db");
  const target = () =>
    outputFile(out, {
      cannot: "cannot write the backup",
      instead: "choose another file with --out",
      inputs: [{ path: source, is: "the database that is backed up" }],
      replaces: options.force === true ? "files and backups" : "nothing",
    });
  const partial = createPartial(target(), "cannot write the backup");
  try {
    await copy(source, partial);
    const contents = inspect(partial);
    // Asked again: a large copy takes long.
    Deno.renameSync(partial, target());
    return contents;
  } catch (error) {
    if (isFull(error)) throw full("cannot write the backup", out, error);
    throw explainOpening(source, error);
  } finally {
    remove(partial);
  }
}

/** The outcome of `restoreDatabase`. */
export interface Restored {
  readonly contents: Contents;
  /** Path of the previous database; null if there was none. */
  readonly replaced: string | null;
}

/**
 * Replaces the database by a backup. The previous one is kept under another
 * name. Refused while a coordinator has the database open and, unless forced,
 * if the database has later events than the backup or is none of ours.
 *
 * @throws StorageError with one line that says what to do.
 */
export async function restoreDatabase(
  from: string,
  path: string,
  options: { readonly force?: boolean } = {},
): Promise<Restored> {
  const source = existingDatabase(from, "cannot restore", "--from");
  // First, so that a wrong --from leaves no lock file.
  const contents = inspectFile(source);
  const { path: target, unlock } = lockDatabase(path);
  let partial: string | undefined;
  try {
    refuseTarget(target, source);
    if (options.force !== true) refuseNewer(target, contents);
    partial = createPartial(target, "cannot restore");
    await copy(source, partial);
    becomeDatabase(partial);
    inspect(partial);
    const replaced = setAside(target);
    Deno.renameSync(partial, target);
    return { contents, replaced };
  } catch (error) {
    if (isFull(error)) throw full("cannot restore", target, error);
    throw explainOpening(target, error);
  } finally {
    if (partial !== undefined) remove(partial);
    unlock();
  }
}

/** Throws if the database is the backup itself, or must not be written. */
function refuseTarget(path: string, backup: string): void {
  const place = locate(path);
  if (sameFile(place, locate(backup))) {
    throw new StorageError(
      "cannot-open",
      `cannot restore: ${path} is the backup itself; name the database with ` +
        "--db",
    );
  }
  if (isReadOnly(place)) {
    throw new StorageError(
      "cannot-open",
      `cannot restore: ${path} is read-only; make it writable or choose ` +
        "another file with --db",
    );
  }
}

/** From now on it is not taken for a backup: see {@link contentOf}. */
function becomeDatabase(path: string): void {
  const db = new DatabaseSync(path);
  try {
    db.prepare("PRAGMA journal_mode = WAL").get();
  } finally {
    db.close();
  }
}

/** Copies a database, which may be in use, to one file. */
async function copy(from: string, to: string): Promise<void> {
  const source = new DatabaseSync(from, { readOnly: true, timeout: 5000 });
  try {
    checkOurs(source, from);
    await backup(source, to, { rate: ALL_PAGES });
  } finally {
    source.close();
  }
  const target = new DatabaseSync(to);
  try {
    // Without -wal and -shm files: a single file is easier to copy.
    target.prepare("PRAGMA journal_mode = DELETE").get();
  } finally {
    target.close();
  }
  // Synced before the rename, so that after a power failure the name never
  // refers to incomplete content.
  const file = Deno.openSync(to, { read: true, write: true });
  file.syncSync();
  file.close();
}

function inspectFile(path: string): Contents {
  try {
    return inspect(path);
  } catch (error) {
    throw explainOpening(path, error);
  }
}

/** Checks every page and index of the file, and counts its contents. */
function inspect(path: string): Contents {
  const db = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
  try {
    const version = checkOurs(db, path);
    const found = db.prepare("PRAGMA integrity_check(1)").get()
      ?.integrity_check;
    if (found !== "ok") {
      throw new StorageError(
        "not-ours",
        `cannot use the database: ${path} is damaged (${found}); use another ` +
          "backup",
      );
    }
    const number = (sql: string) => {
      const value = db.prepare(`SELECT ${sql} AS n`).get()?.n;
      return typeof value === "number" ? value : 0;
    };
    if (version === 0) {
      return { studies: 0, trials: 0, results: 0, workers: 0, latest: 0 };
    }
    return {
      studies: number("(SELECT count(*) FROM studies)"),
      trials: number("(SELECT count(*) FROM trials WHERE planned = 1)"),
      results: number("(SELECT count(*) FROM results)"),
      workers: number("(SELECT count(*) FROM workers)"),
      latest: number(
        "max((SELECT ifnull(max(last_seen_at), 0) FROM workers), " +
          "(SELECT ifnull(max(started_at), 0) FROM attempts), " +
          "(SELECT ifnull(max(ended_at), 0) FROM attempts))",
      ),
    };
  } finally {
    db.close();
  }
}

/** Throws if the database has data that are not in the backup. */
function refuseNewer(path: string, backup: Contents): void {
  if (!exists(path)) return;
  refuseOthers(path);
  let there: Contents;
  try {
    there = inspect(path);
  } catch {
    // A damaged database may be replaced; it is kept anyway.
    return;
  }
  if (there.latest <= backup.latest && there.results <= backup.results) return;
  throw new StorageError(
    "newer",
    `cannot restore: ${path} is newer than the backup: ${there.results} ` +
      `results until ${date(there.latest)}, not ${backup.results} until ` +
      `${date(backup.latest)}; replace it with --force (the old one is kept)`,
  );
}

/** Throws if the file is anything but a database of ours, even damaged. */
function refuseOthers(path: string): void {
  const isEmpty = Deno.statSync(path).size === 0;
  if (!isEmpty && contentOf(path) === "other") {
    throw new StorageError(
      "not-ours",
      `cannot restore: ${path} is not a SQLite file; choose another file ` +
        "with --db, or replace it with --force (it is kept)",
    );
  }
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { readOnly: true });
    checkOurs(db, path);
  } catch (error) {
    if (error instanceof StorageError) throw error;
  } finally {
    db?.close();
  }
}

/** Renames the database and SQLite's files next to it. */
function setAside(path: string): string | null {
  if (!exists(path)) {
    remove(`${path}-wal`);
    remove(`${path}-shm`);
    return null;
  }
  let n = 1;
  while (exists(`${path}-replaced-${n}`)) n++;
  const aside = `${path}-replaced-${n}`;
  // The log first: a database without its log is only older, but with the wrong
  // log it is damaged.
  if (exists(`${path}-wal`)) Deno.renameSync(`${path}-wal`, `${aside}-wal`);
  remove(`${path}-shm`);
  Deno.renameSync(path, aside);
  return aside;
}

/** The path, without links, of a database that is there. */
function existingDatabase(path: string, cannot: string, flag: string): string {
  if (isServer(path)) {
    throw new StorageError(
      "cannot-open",
      `${cannot} a server's database: use deno task move (--live while ` +
        "coordinators run), or PostgreSQL's own pg_dump",
    );
  }
  const instead = `name another file with ${flag}`;
  const place = databaseFile(path, { cannot, instead }, {
    readsBackup: flag === "--from",
  });
  if (place.kind === "file") return place.path;
  throw new StorageError(
    "cannot-open",
    `${cannot}: the file ${place.path} does not exist; name the right one ` +
      `with ${flag}`,
  );
}

/** A new file beside the one that it will become. */
function createPartial(path: string, cannot: string): string {
  // Nobody else's: a name that can be guessed may be taken by a database.
  const partial = `${path}-partial-${crypto.randomUUID()}`;
  try {
    Deno.openSync(partial, {
      write: true,
      createNew: true,
      mode: PRIVATE_FILE,
    }).close();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StorageError(
      "cannot-open",
      `${cannot}: nothing can be written beside ${path} (${why}); check the ` +
        "folder's permissions or choose another file",
      error,
    );
  }
  return partial;
}

const isFull = (error: unknown) => sqliteCode(error) === SQLITE.full;

function full(cannot: string, path: string, cause: unknown): StorageError {
  return new StorageError(
    "cannot-open",
    `${cannot}: the disk is full: ${path}; make space or choose another file`,
    cause,
  );
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw explainOpening(path, error);
  }
}

function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** A time as text for messages. */
export function date(instant: number): string {
  return instant === 0 ? "never" : new Date(instant).toISOString();
}
