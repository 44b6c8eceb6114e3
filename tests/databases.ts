import { join } from "node:path";
import { startPostgres } from "./postgres/server.ts";

/** The databases that a coordinator can keep a study in, for real processes. */

export const databaseKinds = ["SQLite", "PostgreSQL"] as const;
export type DatabaseKind = (typeof databaseKinds)[number];

/** An empty database for one test. */
export interface Database {
  /** What `--db` names. */
  readonly address: string;
  /** Crashes and restarts the server; null without a server. */
  readonly crash: (() => Promise<void>) | null;
  /** The script and arguments that copy it to a file while it is in use. */
  backup(out: string): [script: string, args: string[]];
}

/** Runs the work on a database that is deleted afterwards. */
export async function withDatabase(
  kind: DatabaseKind,
  work: (database: Database) => Promise<void>,
): Promise<void> {
  switch (kind) {
    case "SQLite": {
      const folder = await Deno.makeTempDir({ prefix: "database-" });
      const address = join(folder, "swarm.db");
      try {
        await work({
          address,
          crash: null,
          backup: (
            out,
          ) => ["coordinator/cli/main_backup.ts", [
            "--db",
            address,
            "--out",
            out,
          ]],
        });
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
      return;
    }
    case "PostgreSQL": {
      await using server = await startPostgres();
      const address = await server.createDatabase();
      await work({
        address,
        crash: () => server.restart("immediate"),
        backup: (out) => [
          "coordinator/cli/main_move.ts",
          ["--from", address, "--to", out, "--live"],
        ],
      });
      return;
    }
    default:
      kind satisfies never;
  }
}
