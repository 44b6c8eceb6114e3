import { InvalidArgumentError } from "commander";
import { dirname, isAbsolute, join, resolve, sep } from "node:path";
import { isServer } from "../storage/server_address.ts";

/** Paths as a user gives them, in flags and variables. */

/**
 * The folder where the user stands. A task runs in the folder of `deno.json`,
 * and `deno task` names the user's own in INIT_CWD, as npm does. Without a
 * task, as in a container, it is the working directory.
 */
function userFolder(): string {
  const variable = { name: "env", variable: "INIT_CWD" } as const;
  // Whoever writes the permissions may leave out what no task sets.
  const readable = Deno.permissions.querySync(variable).state === "granted";
  const folder = readable ? Deno.env.get("INIT_CWD") : undefined;
  return folder !== undefined && isAbsolute(folder) ? folder : Deno.cwd();
}

/** The absolute path of what the user names, relative to where they stand. */
export function userPath(text: string): string {
  const path = isAbsolute(text) ? text : `${userFolder()}${sep}${text}`;
  // The system takes ".." after a link as the folder of what the link leads to;
  // `resolve`, and Deno with limited permissions, would take the link away.
  const [start = "", ...climbs] = path.split(/(?<=[\\/])\.\.(?=[\\/]|$)/);
  return climbs.reduce(
    (at, rest) => join(dirname(realPath(at)), rest),
    resolve(start),
  );
}

function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    // Whoever opens it says why it cannot be.
    return path;
  }
}

/** An address, or what was meant for one: `postgres:/x`, `postgres//x`. */
const ADDRESS =
  /^[a-z][a-z\d+.-]+:\/\/|^(sqlite3?|file|postgres(ql)?|mysql|https?)(:|\/\/)/i;

/** Reads a flag that names a folder. */
export function folderPath(text: string): string {
  if (text === "") throw new InvalidArgumentError("Give a path.");
  if (ADDRESS.test(text)) {
    throw new InvalidArgumentError(
      "Give a path on this machine, not an address.",
    );
  }
  if (/^~(?=[\\/]|$)/.test(text)) {
    throw new InvalidArgumentError(
      "The shell has not replaced ~ here: write the whole path.",
    );
  }
  if (/\p{Cc}/u.test(text)) {
    throw new InvalidArgumentError(
      "The path has a line break or another control character in it.",
    );
  }
  return userPath(text);
}

/** Reads a flag that names a file. */
export function filePath(text: string): string {
  if (/[\\/]$/.test(text)) {
    throw new InvalidArgumentError("This is a folder: name a file in it.");
  }
  return folderPath(text);
}

/** Reads a flag that names a study, built in or a file. */
export function studyName(text: string): string {
  if (text === "") {
    throw new InvalidArgumentError(
      "Give the name of a built-in study or the path of a JSON file.",
    );
  }
  filePath(text);
  return text;
}

/** A path within the address of a server. */
const CERTIFICATE = /(?<=[?&]ssl(?:rootcert|cert|key)=)[^&]+/g;

/** What the driver knows; others would count as verify-full. */
const SSL_MODES = [
  ...["disable", "no-verify", "prefer", "require", "verify-ca", "verify-full"],
];

const DATABASES =
  "Give the path of a SQLite file, such as swarm.db or /data/swarm.db, or " +
  "postgres://user@host/database";

/** Reads a flag that names a database: a SQLite file, or a server. */
export function databaseAddress(text: string): string {
  if (isServer(text)) return serverAddress(text);
  if (text === "" || text === ":memory:" || ADDRESS.test(text)) {
    throw new InvalidArgumentError(`${DATABASES}.`);
  }
  return filePath(text);
}

/** The same, or `:memory:` for a database that ends with its process. */
export function newDatabaseAddress(text: string): string {
  return text === ":memory:" ? text : databaseAddress(text);
}

function serverAddress(text: string): string {
  // As the driver reads it: without a host between @ and / it takes PGHOST.
  const url = URL.parse(text.replace("@/", "@localhost/"));
  if (url === null) {
    throw new InvalidArgumentError(
      "Its port is not a number up to 65535, or a character in it has to be " +
        "written as % and two digits: postgres://user@host:5432/database.",
    );
  }
  const mode = url.searchParams.get("sslmode");
  if (mode !== null && !SSL_MODES.includes(mode)) {
    throw new InvalidArgumentError(
      `Give one of ${SSL_MODES.join(", ")} as sslmode.`,
    );
  }
  try {
    return text.replaceAll(
      CERTIFICATE,
      (path) => encodeURIComponent(userPath(decodeURIComponent(path))),
    );
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw new InvalidArgumentError("A certificate's path has a % too many.");
  }
}
