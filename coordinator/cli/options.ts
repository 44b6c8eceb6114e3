import { InvalidArgumentError } from "commander";
import {
  createCommand,
  type Flag,
  type Flags,
  misspeltVariables,
  parseCommand,
  type Variables,
  variablesOf,
  wholeNumber,
} from "../../protocol/command_line.ts";
import type { Params } from "../../protocol/study.ts";
import {
  type BackendChoice,
  denoBackendChoices,
} from "../../protocol/training.ts";
import { AddressError, parseNetworks } from "../http/limits/addresses.ts";
import { parsePublicUrl } from "../http/public_url.ts";
import { InvalidStudy, parsePoints } from "../study/points.ts";
import {
  databaseAddress,
  filePath,
  folderPath,
  studyName,
} from "./user_path.ts";

const environment: Variables = (name) => Deno.env.get(name);

/** Options of the `start` command. */
export interface StartOptions {
  /** Name of a built-in study, or the path of a study's JSON file. */
  readonly study: string;
  readonly replicates?: number;
  readonly epochs?: number;
  readonly points?: readonly Params[];
  /** Local trainer threads; 0: a coordinator alone. */
  readonly workers: number;
  readonly backend: BackendChoice;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** What others reach it under: a proxy's or a container's address. */
  readonly publicUrl?: string;
  /** Path of the SQLite file, or `postgres://…`. */
  readonly db: string;
  /** Folder with the data set's files, looked at first. */
  readonly data?: string;
  /** Whether results count without being verified. */
  readonly trustWorkers: boolean;
  readonly exit: boolean;
  readonly json: boolean;
  /** Shortest lease, in seconds. */
  readonly leaseSeconds: number;
  /** What volunteers must bring; true: a code made at the first start. */
  readonly joinCode?: string | true;
  /** Proxies whose word on who calls is believed. */
  readonly trustProxy?: readonly string[];
  /** Seconds from SIGTERM, when `/readyz` starts to say so, to the end. */
  readonly drainSeconds: number;
  /** Makes a new admin token, and join code where one was made. */
  readonly newSecrets: boolean;
  readonly log: LogFormat;
}

/** How the log is written: for people, or a JSON document a line. */
export type LogFormat = (typeof LOG_FORMATS)[number];

function points(text: string): Params[] {
  try {
    return parsePoints(text);
  } catch (error) {
    if (!(error instanceof InvalidStudy)) throw error;
    throw new InvalidArgumentError(error.message);
  }
}

const LOG_FORMATS = ["text", "json"] as const;

/** Of a join code: what can stand in a link, and is not guessed in a day. */
const JOIN_CODE = /^[\w.~-]{8,100}$/;

function joinCode(text: string): string {
  if (JOIN_CODE.test(text)) return text;
  throw new InvalidArgumentError(
    "Give 8 to 100 letters, digits or any of -._~, or no code at all to " +
      "have one made.",
  );
}

function publicUrl(text: string): string {
  return explained(() => parsePublicUrl(text).href);
}

function networks(text: string): string[] {
  const given = text.split(",").map((part) => part.trim());
  explained(() => parseNetworks(given));
  return given;
}

/** Turns an error about an address into commander's. */
function explained<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    throw new InvalidArgumentError(error.message);
  }
}

/** The flags of `start`. @param cores What `--workers` is by default. */
const startFlags = (cores: number): Flags<StartOptions> => ({
  study: {
    value: "<name>",
    help: "seed, grid, or the path of a study's JSON file",
    parse: studyName,
    byDefault: "seed",
  },
  points: {
    value: "<list>",
    help: 'only these grid points: "0.2,0.5;0.5,0.2"',
    parse: points,
  },
  replicates: {
    value: "<n>",
    help: "repeats of each grid point (default: the study's)",
    parse: wholeNumber(1, 1000),
  },
  epochs: {
    value: "<n>",
    help: "epochs of each trial (default: the study's)",
    parse: wholeNumber(1, 1000),
  },
  workers: {
    value: "<n>",
    help: "local trainer threads; 0 for a coordinator alone",
    parse: wholeNumber(0, 1024),
    byDefault: cores,
    defaultText: "one a core",
  },
  backend: {
    value: "<name>",
    help: "of the local trainers",
    choices: denoBackendChoices,
    byDefault: "auto",
  },
  host: {
    value: "<address>",
    help: "address to listen on; 0.0.0.0 lets others join",
    byDefault: "127.0.0.1",
  },
  port: {
    value: "<n>",
    help: "port to listen on; 0 for a free one",
    parse: wholeNumber(0, 65_535),
    byDefault: 8000,
  },
  publicUrl: {
    value: "<address>",
    help: "address that others use, with a proxy's path, if any (default: " +
      "this machine's)",
    parse: publicUrl,
  },
  db: {
    value: "<database>",
    help: "a SQLite file, made if missing; or postgres://user@host/database, " +
      "which many coordinators share",
    parse: databaseAddress,
    byDefault: "swarm.db",
  },
  data: {
    value: "<dir>",
    help: "folder with the data set's IDX files (default: found or downloaded)",
    parse: folderPath,
  },
  leaseSeconds: {
    value: "<n>",
    help: "shortest time after which a silent worker's trial is leased again",
    parse: wholeNumber(1, 600),
    byDefault: 60,
  },
  joinCode: {
    value: "[code]",
    help: "let only those join who bring it; without a code, or with true " +
      "as its variable, one is made",
    parse: joinCode,
  },
  trustProxy: {
    value: "<list>",
    help: "proxies whose X-Forwarded-For is believed: addresses, networks, " +
      "loopback",
    parse: networks,
  },
  drainSeconds: {
    value: "<n>",
    help: "serve on for so long after SIGTERM, while /readyz says 503",
    parse: wholeNumber(0, 3600),
    byDefault: 0,
  },
  newSecrets: {
    help: "make a new admin token, and a new join code where one is made",
  },
  log: {
    value: "<format>",
    help: "text for people, json for programs: one document a line",
    choices: LOG_FORMATS,
    byDefault: "text",
  },
  trustWorkers: {
    help: "count results without verifying them: for a swarm of your own",
  },
  exit: {
    help: "end when the study is complete; with status 2 when nobody can go on",
  },
  json: {
    help: "print the final leaderboard as JSON on standard output, " +
      "everything else on standard error",
  },
});

/** Reads the flags of `start`. @param cores What `--workers` is by default. */
export function parseStartOptions(
  args: readonly string[],
  cores: number,
  variables: Variables = environment,
  warn: (line: string) => void = console.error,
): StartOptions {
  const flags = startFlags(cores);
  const command = createCommand(
    "start",
    "Runs a study: serves its page, leases its trials to browsers and " +
      "processes that join, and trains with local threads.",
    flags,
    variables,
  );
  const options = parseCommand<StartOptions>(command, args);
  const names = [...variablesOf(flags), "SWARM_CACHE"];
  misspeltVariables(names, variables).forEach((line) => warn(line));
  return options;
}

const sqliteFile: Flag = {
  value: "<path>",
  help: "the coordinator's SQLite file",
  parse: databaseAddress,
  byDefault: "swarm.db",
};

/** Options of the `backup` command. */
export interface BackupOptions {
  /** Path of the SQLite file. */
  readonly db: string;
  readonly out: string;
  readonly force: boolean;
}

/** Reads the flags of `backup`. */
export function parseBackupOptions(args: readonly string[]): BackupOptions {
  const command = createCommand<BackupOptions>(
    "backup",
    "Copies a database while its coordinator runs, and checks the copy.",
    {
      db: sqliteFile,
      out: {
        value: "<file>",
        noVariable: true,
        help: "where to write the copy",
        parse: filePath,
        required: true,
      },
      force: {
        noVariable: true,
        help: "replace the file or the backup --out names, never a database",
      },
    },
    environment,
  );
  return parseCommand(command, args);
}

/** Options of the `restore` command. */
export interface RestoreOptions {
  readonly from: string;
  readonly db: string;
  readonly force: boolean;
}

/** Reads the flags of `restore`. */
export function parseRestoreOptions(args: readonly string[]): RestoreOptions {
  const command = createCommand<RestoreOptions>(
    "restore",
    "Puts a checked backup in the place of a database that nobody has open. " +
      "The previous database is kept.",
    {
      db: sqliteFile,
      from: {
        value: "<file>",
        noVariable: true,
        help: "the backup",
        parse: databaseAddress,
        required: true,
      },
      force: {
        noVariable: true,
        help: "though the database is newer than the backup",
      },
    },
    environment,
  );
  return parseCommand(command, args);
}

/** Options of the `move` command. */
export interface MoveOptions {
  readonly from: string;
  readonly to: string;
  readonly live: boolean;
}

/** Reads the flags of `move`. */
export function parseMoveOptions(args: readonly string[]): MoveOptions {
  const command = createCommand<MoveOptions>(
    "move",
    "Copies all that a database holds into an empty one: a SQLite file's path " +
      "or postgres://user@host/database, either way round. Compares both " +
      "before it says so.",
    {
      from: {
        value: "<database>",
        noVariable: true,
        help: "what to copy",
        parse: databaseAddress,
        required: true,
      },
      to: {
        value: "<database>",
        noVariable: true,
        help: "where to: an empty one, or none yet",
        parse: databaseAddress,
        required: true,
      },
      live: {
        noVariable: true,
        help:
          "though coordinators write on: what comes later is not in the copy",
      },
    },
    environment,
  );
  return parseCommand(command, args);
}

/** Options of the `report` command. */
export interface ReportOptions {
  readonly db: string;
  readonly study: string;
  readonly json?: string;
  readonly out?: string;
}

/** Reads the flags of `report`. */
export function parseReportOptions(args: readonly string[]): ReportOptions {
  const command = createCommand<ReportOptions>(
    "report",
    "Writes a study's report as one HTML file that opens from a disk, offline.",
    {
      db: { ...sqliteFile, help: "a coordinator's SQLite file, not in use" },
      study: {
        value: "<id>",
        help: "which of its studies",
        byDefault: "seed",
      },
      json: {
        value: "<path>",
        noVariable: true,
        help: "a leaderboard's JSON instead of a database",
        parse: filePath,
        conflicts: "db",
      },
      out: {
        value: "<path>",
        noVariable: true,
        help: "the file to write (default: STUDY.html)",
        parse: filePath,
      },
    },
    environment,
  );
  return parseCommand(command, args);
}
