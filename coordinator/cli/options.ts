import { Command, InvalidArgumentError, Option } from "commander";
import type { Params } from "../../protocol/study.ts";
import {
  type BackendChoice,
  denoBackendChoices,
} from "../../protocol/training.ts";
import { AddressError, parseNetworks } from "../http/limits/addresses.ts";
import { InvalidStudy, parsePoints } from "../study/parse.ts";

/** What the `start` command was asked for. */
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

function wholeNumber(min: number, max: number) {
  return (text: string): number => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(
      `Give a whole number from ${min} to ${max}.`,
    );
  };
}

function points(text: string): Params[] {
  try {
    return parsePoints(text);
  } catch (error) {
    if (!(error instanceof InvalidStudy)) throw error;
    throw new InvalidArgumentError(error.message);
  }
}

/** A flag as commander and the environment see it. */
function option(flags: string, variable: string, description: string): Option {
  return new Option(flags, description).env(variable);
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

function networks(text: string): string[] {
  const given = text.split(",").map((part) => part.trim());
  try {
    parseNetworks(given);
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    throw new InvalidArgumentError(error.message);
  }
  return given;
}

/**
 * Reads the flags of the `start` command; what a flag leaves out, its
 * environment variable may say. Prints help or an error and ends the process
 * where commander does so.
 *
 * @param cores What `--workers` is by default.
 */
export function parseStartOptions(
  args: readonly string[],
  cores: number,
): StartOptions {
  return new Command("deno task start").description(
    "Runs a study: serves its page, lends its trials to browsers and " +
      "processes that join, and trains with local threads.",
  )
    .addOption(
      option(
        "--study <name>",
        "SWARM_STUDY",
        "seed, grid, or the path of a study's JSON file",
      ).default("seed"),
    )
    .addOption(
      option(
        "--points <list>",
        "SWARM_POINTS",
        'only these grid points: "0.2,0.5;0.5,0.2"',
      ).argParser(points),
    )
    .addOption(
      option(
        "--replicates <n>",
        "SWARM_REPLICATES",
        "repeats of each grid point (default: the study's)",
      ).argParser(wholeNumber(1, 1000)),
    )
    .addOption(
      option(
        "--epochs <n>",
        "SWARM_EPOCHS",
        "epochs of each trial (default: the study's)",
      ).argParser(wholeNumber(1, 1000)),
    )
    .addOption(
      option(
        "--workers <n>",
        "SWARM_WORKERS",
        "local trainer threads; 0 for a coordinator alone",
      ).argParser(wholeNumber(0, 1024)).default(cores, "one a core"),
    )
    .addOption(
      option("--backend <name>", "SWARM_BACKEND", "of the local trainers")
        .choices(denoBackendChoices).default("auto"),
    )
    .addOption(
      option(
        "--host <address>",
        "SWARM_HOST",
        "address to listen on; 0.0.0.0 lets others join",
      ).default("127.0.0.1"),
    )
    .addOption(
      option("--port <n>", "SWARM_PORT", "port to listen on; 0 for a free one")
        .argParser(wholeNumber(0, 65_535)).default(8000),
    )
    .addOption(
      option(
        "--db <database>",
        "SWARM_DB",
        "a SQLite file, made if missing; or postgres://user@host/database, " +
          "which many coordinators share",
      ).default("swarm.db"),
    )
    .addOption(
      option(
        "--data <dir>",
        "SWARM_DATA",
        "folder with the data set's IDX files (default: found or downloaded)",
      ),
    )
    .addOption(
      option(
        "--lease-seconds <n>",
        "SWARM_LEASE_SECONDS",
        "shortest time after which a silent worker's trial is lent again",
      ).argParser(wholeNumber(1, 600)).default(60),
    )
    .addOption(
      option(
        "--join-code [code]",
        "SWARM_JOIN_CODE",
        "let only those join who bring it; without a code, one is made",
      ).argParser(joinCode),
    )
    .addOption(
      option(
        "--trust-proxy <list>",
        "SWARM_TRUST_PROXY",
        "proxies whose X-Forwarded-For is believed: addresses, networks, " +
          "loopback",
      ).argParser(networks),
    )
    .addOption(
      option(
        "--drain-seconds <n>",
        "SWARM_DRAIN_SECONDS",
        "serve on for so long after SIGTERM, while /readyz says 503",
      ).argParser(wholeNumber(0, 3600)).default(0),
    )
    .addOption(
      option(
        "--new-secrets",
        "SWARM_NEW_SECRETS",
        "make a new admin token, and a new join code where one is made",
      ).default(false),
    )
    .addOption(
      option(
        "--log <format>",
        "SWARM_LOG",
        "text for people, json for programs: one document a line",
      ).choices(LOG_FORMATS).default("text"),
    )
    .addOption(
      option(
        "--trust-workers",
        "SWARM_TRUST_WORKERS",
        "count results without verifying them: for a swarm of your own",
      ).default(false),
    )
    .addOption(
      option("--exit", "SWARM_EXIT", "end when the study is complete")
        .default(false),
    )
    .addOption(
      option(
        "--json",
        "SWARM_JSON",
        "print the final leaderboard as JSON on standard output, " +
          "everything else on standard error",
      ).default(false),
    )
    .allowExcessArguments(false)
    // A suggestion stays on the error's line.
    .configureOutput({
      outputError: (text, write) =>
        write(`${text.trim().replaceAll(/\s*\n\s*/g, " ")}\n`),
    })
    .parse([...args], { from: "user" })
    .opts<StartOptions>();
}

/** What the `backup` command was asked for. */
export interface BackupOptions {
  /** Path of the SQLite file. */
  readonly db: string;
  readonly out: string;
  readonly force: boolean;
}

/** What the `restore` command was asked for. */
export interface RestoreOptions {
  readonly from: string;
  readonly db: string;
  readonly force: boolean;
}

function command(name: string, about: string): Command {
  return new Command(`deno task ${name}`).description(about)
    .addOption(
      new Option("--db <path>", "the coordinator's SQLite file")
        .env("SWARM_DB").default("swarm.db"),
    )
    .allowExcessArguments(false);
}

/** Reads the flags of `backup`; prints help or an error where due. */
export function parseBackupOptions(args: readonly string[]): BackupOptions {
  return command(
    "backup",
    "Copies a database while its coordinator runs, and checks the copy.",
  )
    .requiredOption("--out <file>", "where to write the copy")
    .option("--force", "replace the file --out names", false)
    .parse([...args], { from: "user" })
    .opts<BackupOptions>();
}

/** Reads the flags of `restore`; prints help or an error where due. */
export function parseRestoreOptions(args: readonly string[]): RestoreOptions {
  return command(
    "restore",
    "Puts a checked backup in the place of a database that nobody has open. " +
      "What was there is kept beside it.",
  )
    .requiredOption("--from <file>", "the backup")
    .option("--force", "though the database is newer than the backup", false)
    .parse([...args], { from: "user" })
    .opts<RestoreOptions>();
}

/** What the `move` command was asked for. */
export interface MoveOptions {
  readonly from: string;
  readonly to: string;
  readonly live: boolean;
}

/** Reads the flags of `move`; prints help or an error where due. */
export function parseMoveOptions(args: readonly string[]): MoveOptions {
  return new Command("deno task move").description(
    "Copies all that a database holds into an empty one: a SQLite file's path " +
      "or postgres://user@host/database, either way round. Compares both " +
      "before it says so.",
  )
    .requiredOption("--from <database>", "what to copy")
    .requiredOption("--to <database>", "where to: an empty one, or none yet")
    .option(
      "--live",
      "though coordinators write on: what comes later is not in the copy",
      false,
    )
    .allowExcessArguments(false)
    .parse([...args], { from: "user" })
    .opts<MoveOptions>();
}
