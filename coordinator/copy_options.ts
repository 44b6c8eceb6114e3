import { Command, Option } from "commander";

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
