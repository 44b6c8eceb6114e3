import { basename, dirname, isAbsolute, join } from "node:path";
import { systemReason } from "../../protocol/error_text.ts";
import { APPLICATION_ID } from "./sqlite/schema.ts";
import { StorageError } from "./storage.ts";

/**
 * Which file a path leads to, and whether a command may use or replace it. Each
 * command asks here before it opens or writes a file that the user named.
 */

/** What a path leads to, through all links. */
export type Place =
  | {
    readonly kind: "file";
    /** The file's own path, without links. */
    readonly path: string;
    readonly info: Deno.FileInfo;
  }
  /** Nothing is there, but its folder is. */
  | { readonly kind: "free"; readonly path: string }
  | { readonly kind: "folder"; readonly path: string }
  /** A device, a pipe or a socket. */
  | { readonly kind: "special"; readonly path: string }
  | { readonly kind: "no-folder"; readonly path: string; folder: string };

/** Finds what a path leads to. A link to a missing file leads to that file. */
export function locate(path: string): Place {
  const info = unlessMissing(() => Deno.statSync(path));
  if (info !== null) {
    // Its real path may be no path at all: that of a pipe is "pipe:[4026]".
    if (!info.isFile && !info.isDirectory) return { kind: "special", path };
    const real = Deno.realPathSync(path);
    return info.isFile
      ? { kind: "file", path: real, info }
      : { kind: "folder", path: real };
  }
  const folder = dirname(path);
  const link = unlessMissing(() => Deno.lstatSync(path).isSymlink)
    ? Deno.readLinkSync(path)
    : null;
  if (link !== null) {
    return locate(isAbsolute(link) ? link : `${folder}/${link}`);
  }
  if (!unlessMissing(() => Deno.statSync(folder).isDirectory)) {
    return { kind: "no-folder", path, folder };
  }
  return {
    kind: "free",
    path: join(Deno.realPathSync(folder), basename(path)),
  };
}

function unlessMissing<T>(look: () => T): T | null {
  try {
    return look();
  } catch (error) {
    if (
      error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory
    ) return null;
    throw error;
  }
}

/**
 * Modes of files that only their owner may read. SQLite gives its own files the
 * database's mode.
 */
export const PRIVATE_FILE = 0o600;
export const PRIVATE_FOLDER = 0o700;

/** Takes the others' permissions for a file or folder, where that is possible. */
export function keepPrivate(path: string): void {
  try {
    const { mode } = Deno.statSync(path);
    if (mode !== null && (mode & 0o077) !== 0) {
      Deno.chmodSync(path, mode & PRIVATE_FOLDER);
    }
  } catch {
    // Missing, another user's, or on a disk without modes.
  }
}

/** Why a file could not be read, with the folder where it was looked for. */
function whyUnread(path: string, error: unknown): string {
  if (
    !(error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory ||
      error instanceof Deno.errors.IsADirectory)
  ) return systemReason(error);
  const place = locate(path);
  switch (place.kind) {
    case "no-folder":
      return noFolder(place);
    case "folder":
      return `${place.path} is a folder`;
    case "free":
    case "file":
    case "special":
      return `there is no such file in ${dirname(place.path)}`;
    default:
      return place satisfies never;
  }
}

/** A file that a user named is not there, or is no text. The message is why. */
export class UnreadFile extends Error {
  override readonly name = "UnreadFile";
}

/**
 * Reads a text file that the user named. Another encoding is refused: its
 * letters would be replaced without a word.
 *
 * @throws {UnreadFile}
 */
export async function readUserText(path: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await Deno.readFile(path);
  } catch (error) {
    throw new UnreadFile(whyUnread(path, error));
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const [first = 0, second = 0] = bytes;
    const isUtf16 = first + second === 0xff + 0xfe;
    throw new UnreadFile(
      `it is ${isUtf16 ? "UTF-16" : "not UTF-8"} text; save it as UTF-8`,
    );
  }
}

/** Why a file's folder is none. */
function noFolder({ folder }: Extract<Place, { kind: "no-folder" }>): string {
  return locate(folder).kind === "file"
    ? `${folder} is a file, not a folder`
    : `there is no folder ${folder}`;
}

/** Whether both are one file, whatever its names. */
export function sameFile(a: Place, b: Place): boolean {
  if (a.kind !== "file" || b.kind !== "file") return false;
  return a.path === b.path ||
    !!a.info.ino && a.info.ino === b.info.ino && a.info.dev === b.info.dev;
}

/**
 * What a file's first bytes say. A coordinator's database is in WAL mode from
 * its start; a backup never is, which tells one from the other.
 */
type Content = "database" | "backup" | "log" | "other";

/**
 * Source of the numbers: https://sqlite.org/fileformat2.html, "The Database
 * Header", "The Rollback Journal" and "The Write-Ahead Log".
 *
 * It is not for files that this process has open in SQLite: closing a second
 * descriptor would release SQLite's locks.
 */
export function contentOf(path: string): Content {
  const head = new Uint8Array(100);
  using file = Deno.openSync(path);
  const view = new DataView(head.buffer, 0, file.readSync(head) ?? 0);
  if (view.byteLength < 8) return "other";
  const [magic, rest] = [view.getUint32(0), view.getUint32(4)];
  if (magic === 0x377f0682 || magic === 0x377f0683) return "log";
  if (magic === 0xd9d505f9 && rest === 0x20a163d7) return "log";
  const isSqlite = new TextDecoder().decode(head.subarray(0, 16)) ===
    "SQLite format 3\0";
  if (!isSqlite) return "other";
  const isBackup = view.byteLength === head.length &&
    view.getUint32(68) === APPLICATION_ID && view.getUint8(18) === 1;
  return isBackup ? "backup" : "database";
}

const isDatabase = (path: string) =>
  locate(path).kind === "file" &&
  ["database", "backup"].includes(contentOf(path));

/** What SQLite and a coordinator keep beside a database. */
const COMPANION = /-(?:wal|shm|journal|lock|weights)$/i;

/** The database that a file belongs to by its name or its folder's. */
function ownerOf(path: string): string | null {
  for (const name of [path, dirname(path)]) {
    const owner = name.replace(COMPANION, "");
    if (owner !== name && isDatabase(owner)) return owner;
  }
  return null;
}

/** How an error begins and ends: what failed, and what can be done. */
export interface Words {
  /** Such as "cannot write the report". */
  readonly cannot: string;
  /** Such as "choose another file with --out". */
  readonly instead: string;
}

const refusal = ({ cannot, instead }: Words, why: string, todo = instead) =>
  new StorageError("cannot-open", `${cannot}: ${why}; ${todo}`);

/** The place of a file that is there or can be made. */
function filePlace(
  path: string,
  words: Words,
): Extract<Place, { kind: "file" | "free" }> {
  let place: Place;
  try {
    place = locate(path);
  } catch (error) {
    throw refusal(words, `${path} (${systemReason(error)})`);
  }
  switch (place.kind) {
    case "file":
    case "free":
      return place;
    case "folder":
      throw refusal(words, `${place.path} is a folder`, "name a file in it");
    case "special":
      throw refusal(words, `${path} is a device or a pipe, not a file`);
    case "no-folder":
      throw refusal(
        words,
        noFolder(place),
        locate(place.folder).kind === "file"
          ? words.instead
          : `create it or ${words.instead}`,
      );
    default:
      return place satisfies never;
  }
}

/** Of a command that names its database with --db. */
export const usingDatabase: Words = {
  cannot: "cannot use the database",
  instead: "choose another file with --db",
};

/**
 * The file of a database that is there or can be made; everything beside it is
 * named after this file, not after a link to it.
 *
 * A file with several names is refused: SQLite finds a database's log by the
 * name, so whoever takes another name does not see what was written last.
 * Source: https://sqlite.org/howtocorrupt.html, "Multiple links to the same
 * file".
 *
 * @param options.readsBackup A backup with several names will do.
 * @throws StorageError with one line that says what to do.
 */
export function databaseFile(
  path: string,
  words: Words = usingDatabase,
  options: { readonly readsBackup?: boolean } = {},
): Extract<Place, { kind: "file" | "free" }> {
  const place = filePlace(path, words);
  const owner = ownerOf(place.path);
  if (owner !== null) {
    throw refusal(words, `${place.path} belongs to the database ${owner}`);
  }
  if (place.kind !== "file" || (place.info.nlink ?? 1) === 1) return place;
  // A backup has no log, and old ones are often kept as links.
  const isBackup = options.readsBackup === true &&
    existingContent(place.path, words) === "backup";
  if (!isBackup) {
    throw refusal(
      words,
      `${place.path} has ${place.info.nlink} names (hard links), and a ` +
        "database may have only one",
      "find the others with find -samefile, and delete them or " +
        words.instead,
    );
  }
  return place;
}

function isFile(place: Place, path: string): boolean {
  try {
    return sameFile(place, locate(path));
  } catch {
    // Whoever reads it says why it cannot be read.
    return false;
  }
}

/**
 * The path, without links, of a database that a command reads and that has
 * something in it: opening what is not there, or is empty, would make it.
 *
 * @throws StorageError as `databaseFile` does.
 */
export function existingDatabase(
  path: string,
  words: Words,
  options: { readonly readsBackup?: boolean } = {},
): string {
  const place = databaseFile(path, words, options);
  if (place.kind === "free") {
    throw refusal(words, `the file ${place.path} does not exist`);
  }
  if (place.info.size === 0) throw refusal(words, `${place.path} is empty`);
  return place.path;
}

/** A file that a command is to write. */
export interface Output extends Words {
  /** What the command reads, and what to call it. */
  readonly inputs: readonly {
    readonly path: string;
    readonly is: string;
  }[];
  /** What may be there already: a database never. */
  readonly replaces: "nothing" | "files" | "files and backups";
}

/**
 * The path to write to, without links.
 *
 * @throws StorageError where that would replace what the command reads, a
 * database, or something else that has to stay.
 */
export function outputFile(path: string, output: Output): string {
  const place = filePlace(path, output);
  for (const input of output.inputs) {
    if (isFile(place, input.path)) {
      throw refusal(output, `${place.path} is ${input.is}`);
    }
  }
  const owner = ownerOf(place.path);
  if (owner !== null) {
    throw refusal(output, `${place.path} belongs to the database ${owner}`);
  }
  if (place.kind === "free") return place.path;
  const content = existingContent(place.path, output);
  const mayReplace = content === "other" ||
    content === "backup" && output.replaces !== "files";
  if (!mayReplace) {
    throw refusal(output, `${place.path} is ${names[content]}`);
  }
  if (isReadOnly(place)) throw refusal(output, `${place.path} is read-only`);
  if (output.replaces === "nothing") {
    throw refusal(
      output,
      `${place.path} exists`,
      `${output.instead}, or replace it with --force`,
    );
  }
  return place.path;
}

const names: Readonly<Record<Exclude<Content, "other">, string>> = {
  database: "a database",
  backup: "a backup of a database",
  log: "a database's log",
};

function existingContent(path: string, words: Words): Content {
  try {
    return contentOf(path);
  } catch (error) {
    throw refusal(words, `${path} (${systemReason(error)})`);
  }
}

/** Replacing needs no permission for the file, only for its folder. */
export function isReadOnly(place: Place): boolean {
  if (place.kind !== "file") return false;
  const { mode } = place.info;
  return mode !== null && (mode & 0o222) === 0;
}
