import { backup, DatabaseSync } from "node:sqlite";
import { systemReason } from "../../../protocol/error_text.ts";
import {
  contentOf,
  existingDatabase,
  isReadOnly,
  locate,
  outputFile,
  PRIVATE_FILE,
  sameFile,
  type Words,
} from "../files.ts";
import { isServer, withoutPassword } from "../server_address.ts";
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
  refuseServer(path, "cannot back up", "--from SERVER --to FILE");
  const source = existingDatabase(path, reading);
  const target = () =>
    outputFile(out, {
      cannot: "cannot write the backup",
      instead: "choose another file with --out",
      inputs: [{ path: source, is: "the database that is backed up" }],
      replaces: options.force === true ? "files and backups" : "nothing",
    });
  const partial = createPartial(target(), "cannot write the backup");
  try {
    await copy(source, partial, reading);
    const contents = inspect(partial, reading, source);
    // Asked again: a large copy takes long.
    Deno.renameSync(partial, target());
    return contents;
  } catch (error) {
    if (isFull(error)) throw full("cannot write the backup", out, error);
    throw explainOpening(source, error, reading);
  } finally {
    removePartial(partial);
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
  for (const server of [from, path]) {
    refuseServer(server, "cannot restore", "--from BACKUP --to SERVER");
  }
  const source = existingDatabase(from, backupWords, { readsBackup: true });
  // First, so that a wrong --from leaves no lock file.
  const contents = inspectFile(source);
  const { path: target, unlock } = lockDatabase(path, restoring);
  let partial: string | undefined;
  try {
    refuseTarget(target, source);
    if (options.force !== true) refuseNewer(target, contents);
    partial = createPartial(target, "cannot restore");
    await copy(source, partial, backupWords);
    becomeDatabase(partial);
    inspect(partial, restoring, source);
    const replaced = setAside(target);
    Deno.renameSync(partial, target);
    return { contents, replaced };
  } catch (error) {
    if (isFull(error)) throw full("cannot restore", target, error);
    throw explainOpening(target, error, restoring);
  } finally {
    if (partial !== undefined) removePartial(partial);
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
async function copy(from: string, to: string, words: Words): Promise<void> {
  const source = new DatabaseSync(from, { readOnly: true, timeout: 5000 });
  try {
    checkOurs(source, from, words);
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
    return inspect(path, backupWords);
  } catch (error) {
    throw explainOpening(path, error, backupWords);
  }
}

/**
 * Checks every page and index of the file, and counts its contents.
 *
 * @param named What the user calls it.
 */
function inspect(path: string, words: Words, named = path): Contents {
  const db = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
  try {
    const version = checkOurs(db, named, words);
    const found = db.prepare("PRAGMA integrity_check(1)").get()
      ?.integrity_check;
    if (found !== "ok") {
      throw new StorageError(
        "not-ours",
        `${words.cannot}: ${named} is damaged (${found}); ${words.instead}`,
      );
    }
    if (version === 0) {
      throw new StorageError(
        "not-ours",
        `${words.cannot}: ${named} is empty; ${words.instead}`,
      );
    }
    const number = (sql: string) => {
      const value = db.prepare(`SELECT ${sql} AS n`).get()?.n;
      return typeof value === "number" ? value : 0;
    };
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
    there = inspect(path, restoring);
  } catch {
    // A damaged or empty database may be replaced; it is kept anyway.
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
    checkOurs(db, path, restoring);
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

const reading: Words = {
  cannot: "cannot back up",
  instead: "name the right file with --db",
};
const backupWords: Words = {
  cannot: "cannot restore",
  instead: "name the right backup with --from",
};
const restoring: Words = {
  cannot: "cannot restore",
  instead: "choose another file with --db",
};

function refuseServer(path: string, cannot: string, flags: string): void {
  if (!isServer(path)) return;
  throw new StorageError(
    "cannot-open",
    `${cannot}: ${withoutPassword(path)} is a server's database; use ` +
      `deno task move ${flags}, or PostgreSQL's own pg_dump and pg_restore`,
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
    throw new StorageError(
      "cannot-open",
      `${cannot}: nothing can be written beside ${path} ` +
        `(${systemReason(error)}); check the folder's permissions or choose ` +
        "another file",
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
    throw explainOpening(path, error, restoring);
  }
}

/** With what SQLite made beside it. */
function removePartial(partial: string): void {
  for (const suffix of ["", "-wal", "-shm"]) remove(`${partial}${suffix}`);
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
