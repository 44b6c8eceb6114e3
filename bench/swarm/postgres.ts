import * as z from "zod";
import {
  createPool,
  type PostgresPool,
  reasonOf,
} from "../../coordinator/storage/postgres/pool.ts";
import { withoutPassword } from "../../coordinator/storage/server_address.ts";
import type { Database } from "./database.ts";
import { readLedger } from "./ledger.ts";
import { serverSeconds } from "./process_stat.ts";
import { shell } from "./shell.ts";

/** Milliseconds: the ledger of many trials is read in one statement. */
const PATIENCE = 300_000;

const pool = (url: string) =>
  createPool(url, { connections: 1, statementTimeout: PATIENCE });

/** Tables, views and sequences of any owner, except those of extensions. */
const HELD = "SELECT n.nspname || '.' || c.relname AS name " +
  "FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace " +
  "WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S') " +
  "AND n.nspname <> 'information_schema' AND NOT starts_with(n.nspname, 'pg_') " +
  "AND NOT EXISTS (SELECT 1 FROM pg_depend AS d WHERE d.objid = c.oid " +
  "AND d.classid = 'pg_class'::regclass AND d.deptype = 'e') " +
  "ORDER BY name LIMIT 1";

const HeldRow = z.object({ name: z.string() });

/** Why a database cannot be used; null: it exists and is empty. */
export async function unfitServer(url: string): Promise<string | null> {
  const { rows, close } = pool(url);
  const where = withoutPassword(url);
  try {
    const [held] = await rows(HELD);
    return held === undefined
      ? null
      : `the database is not empty: ${where} holds ` +
        `${HeldRow.parse(held).name}; create an empty one and name it`;
  } catch (error) {
    return `the database cannot be used: ${where}: ${reasonOf(error)}; ` +
      "start its server, and allow the user to use it";
  } finally {
    await close();
  }
}

const ServerRow = z.object({ version: z.string(), settings: z.string() });
const PlaceRow = z.object({ pid: z.number(), here: z.boolean() });
const SizeRow = z.object({ bytes: z.number() });

/** A new schema in a server's database, dropped at the end. */
export async function openSchema(url: string): Promise<Database> {
  const schema = `bench_${crypto.randomUUID().slice(0, 8)}`;
  const address = inSchema(url, schema);
  const { rows, close } = pool(address);
  await rows(`CREATE SCHEMA ${schema}`);
  const [server] = await rows(
    "SELECT current_setting('server_version') AS version, " +
      "(SELECT string_agg(name || ' ' || current_setting(name), ', ') " +
      "FROM unnest(ARRAY['fsync', 'synchronous_commit', 'full_page_writes', " +
      "'shared_buffers', 'max_wal_size']) AS name) AS settings",
  );
  const { version, settings } = ServerRow.parse(server);
  return {
    kind: `PostgreSQL ${version.split(" ")[0]}`,
    settings,
    address,
    readLedger: async (told) =>
      await readLedger({ rows, bytes: await size(rows) }, told),
    async cpuSeconds() {
      const [place] = await rows(
        "SELECT pg_backend_pid() AS pid, coalesce(inet_server_addr() IN " +
          "('127.0.0.1', '::1'), true) AS here",
      );
      const { pid, here } = PlaceRow.parse(place);
      // A process may end while it is read.
      const stats = here
        ? await shell("cat /proc/[0-9]*/stat 2>/dev/null; true")
        : null;
      return stats === null ? null : serverSeconds(stats, pid);
    },
    async close() {
      await rows(`DROP SCHEMA ${schema} CASCADE`);
      await close();
    },
  };
}

async function size(rows: PostgresPool["rows"]): Promise<number> {
  const [row] = await rows(
    "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint AS bytes " +
      "FROM pg_class WHERE relkind = 'r' " +
      "AND relnamespace = current_schema()::regnamespace",
  );
  return SizeRow.parse(row).bytes;
}

/** The address of a schema: tables are found and created there. */
export function inSchema(url: string, schema: string): string {
  const address = new URL(url);
  const options = address.searchParams.get("options");
  address.searchParams.set(
    "options",
    `${options === null ? "" : `${options} `}-c search_path=${schema}`,
  );
  // Some readers do not decode + as a space.
  address.search = address.search.replaceAll("+", "%20");
  return address.href;
}
