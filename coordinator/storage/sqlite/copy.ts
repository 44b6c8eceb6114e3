import { backup, DatabaseSync } from "node:sqlite";
import { isServer } from "../server_address.ts";
import { StorageError } from "../storage.ts";
import { explainOpening, lockBeside } from "./open.ts";
import { checkOurs } from "./schema.ts";

/** Copies of a swarm's database: made while it is in use, and put back. */

/** What a database holds, in a few figures. */
export interface Contents {
  readonly studies: number;
  readonly trials: number;
  readonly results: number;
  readonly workers: number;
  /** Milliseconds since 1970 of the latest thing that happened; 0: nothing. */
  readonly latest: number;
}

/** Pages copied in one go: all. In steps, each write in between would make
 * SQLite begin anew, and a busy coordinator's copy would never be done. */
const ALL_PAGES = 2 ** 31 - 1;

/**
 * Writes a copy of the database, as of one moment, that is whole and sound:
 * checked before it gets its name. The coordinator may go on writing meanwhile.
 *
 * @throws StorageError with one line that says what to do.
 */
export async function backupDatabase(
  path: string,
  out: string,
  options: { readonly force?: boolean } = {},
): Promise<Contents> {
  mustExist(path, "back up");
  if (options.force !== true && exists(out)) {
    throw new StorageError(
      "cannot-open",
      `cannot write the backup: ${out} exists; name another file with --out, ` +
        "or replace it with --force",
    );
  }
  const partial = `${out}-partial`;
  mustBeWritable(partial, out);
  try {
    await copy(path, partial);
    const contents = inspect(partial);
    Deno.renameSync(partial, out);
    return contents;
  } catch (error) {
    throw explainOpening(path, error);
  } finally {
    remove(partial);
  }
}

/** What `restoreDatabase` has done. */
export interface Restored {
  readonly contents: Contents;
  /** Where what was there before has been put; null: nothing was there. */
  readonly replaced: string | null;
}

/**
 * Puts a backup in the place of the database. What was there is kept beside it.
 * Refused while a coordinator has the database open; and, unless forced, where
 * the database holds something later than the backup.
 *
 * @throws StorageError with one line that says what to do.
 */
export async function restoreDatabase(
  from: string,
  path: string,
  options: { readonly force?: boolean } = {},
): Promise<Restored> {
  mustExist(from, "restore");
  const unlock = lockBeside(path);
  const partial = `${path}-partial`;
  try {
    const contents = inspectFile(from);
    if (options.force !== true) refuseNewer(path, contents);
    await copy(from, partial);
    inspect(partial);
    const replaced = setAside(path);
    Deno.renameSync(partial, path);
    return { contents, replaced };
  } catch (error) {
    throw explainOpening(path, error);
  } finally {
    remove(partial);
    unlock();
  }
}

/** Copies a database that others may be writing to, into one plain file. */
async function copy(from: string, to: string): Promise<void> {
  remove(to);
  const source = new DatabaseSync(from, { readOnly: true, timeout: 5000 });
  try {
    checkOurs(source, from);
    await backup(source, to, { rate: ALL_PAGES });
  } finally {
    source.close();
  }
  const target = new DatabaseSync(to);
  try {
    // Without -wal and -shm beside it: one file is easily copied on.
    target.prepare("PRAGMA journal_mode = DELETE").get();
  } finally {
    target.close();
  }
  // The name comes after the content, also on a disk that loses its power.
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

/** Checks every page and index of the file, and counts what it holds. */
function inspect(path: string): Contents {
  const db = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
  try {
    const version = checkOurs(db, path);
    const found = db.prepare("PRAGMA integrity_check(1)").get()
      ?.integrity_check;
    if (found !== "ok") {
      throw new StorageError(
        "not-ours",
        `cannot use the database: ${path} is damaged (${found}); take another ` +
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

/** Throws where something would be lost that the backup does not have. */
function refuseNewer(path: string, backup: Contents): void {
  if (!exists(path)) return;
  let there: Contents;
  try {
    there = inspect(path);
  } catch {
    // Damaged: that is what backups are for, and it is set aside anyway.
    return;
  }
  if (there.latest <= backup.latest && there.results <= backup.results) return;
  throw new StorageError(
    "newer",
    `cannot restore: ${path} is newer than the backup: ${there.results} ` +
      `results until ${date(there.latest)}, not ${backup.results} until ` +
      `${date(backup.latest)}; replace it with --force (it is kept beside)`,
  );
}

/** Renames the database, and what SQLite has beside it, out of the way. */
function setAside(path: string): string | null {
  if (!exists(path)) {
    remove(`${path}-wal`);
    remove(`${path}-shm`);
    return null;
  }
  let n = 1;
  while (exists(`${path}-replaced-${n}`)) n++;
  const aside = `${path}-replaced-${n}`;
  // The log first: without it the file is older, with a wrong one damaged.
  if (exists(`${path}-wal`)) Deno.renameSync(`${path}-wal`, `${aside}-wal`);
  remove(`${path}-shm`);
  Deno.renameSync(path, aside);
  return aside;
}

function mustExist(path: string, what: string): void {
  if (isServer(path)) {
    throw new StorageError(
      "cannot-open",
      `cannot ${what} a server's database: use deno task move (--live while ` +
        "coordinators run), or PostgreSQL's own pg_dump",
    );
  }
  if (exists(path)) return;
  throw new StorageError(
    "cannot-open",
    `cannot ${what}: there is no file ${path}; name the right one`,
  );
}

/** Tells of a file that cannot be written before anything is copied. */
function mustBeWritable(path: string, name: string): void {
  try {
    Deno.openSync(path, { write: true, create: true }).close();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StorageError(
      "cannot-open",
      `cannot write the backup: ${name} (${why}); name another file with --out`,
      error,
    );
  }
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

/** A moment as people write it; the coordinator's version for messages. */
export function date(instant: number): string {
  return instant === 0 ? "never" : new Date(instant).toISOString();
}
