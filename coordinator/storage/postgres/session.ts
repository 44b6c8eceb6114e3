// @ts-types="@types/pg"
import pg from "pg";
import * as z from "zod";
import { connectionOptions, explainTrouble, queriesOf } from "./pool.ts";
import { StorageError } from "../storage.ts";

/**
 * One connection that is kept: it says that this coordinator is there, holds
 * the locks of what it is at, and hears of the others. PostgreSQL drops all of
 * that with the connection, however its process ends.
 */
export interface PostgresSession {
  /** Tells the others, soon and once for much, that there is news. */
  tell(): void;
  /** Calls it when others may have told, or could not have been heard. */
  watch(wake: () => void): () => void;
  alone(): Promise<boolean>;
  exclusively<T>(name: string, work: () => Promise<T>): Promise<T | null>;
  close(): Promise<void>;
}

/** Milliseconds over which news is gathered: pages get no more at a time. */
const GATHER = 250;
/** Milliseconds until a lost connection is made again, doubled each time. */
const FIRST_RETRY = 250;
const LAST_RETRY = 5_000;

const NoticeRow = z.object({ held: z.boolean() });
const PlaceRow = z.object({ schema: z.string(), pid: z.number() });

interface Line {
  readonly client: pg.Client;
  readonly pid: number;
  readonly schema: string;
}

/**
 * @throws what connecting throws; later on it connects again by itself.
 */
export async function openSession(url: string): Promise<PostgresSession> {
  const watchers = new Set<() => void>();
  const busy = new Set<string>();
  let line: Line | null = null;
  let closed = false;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let telling: ReturnType<typeof setTimeout> | undefined;

  const wake = () => watchers.forEach((call) => call());

  async function connect(): Promise<void> {
    const client = new pg.Client(connectionOptions(url));
    const lost = () => {
      if (line?.client !== client) return;
      line = null;
      reconnect(FIRST_RETRY);
    };
    client.on("error", lost);
    client.on("end", lost);
    try {
      await client.connect();
      const { rows } = queriesOf(client);
      const [row] = await rows(
        "SELECT current_schema() AS schema, pg_backend_pid() AS pid",
      );
      const { schema, pid } = PlaceRow.parse(row);
      // A machine that is gone without a word: its locks are free in a minute.
      await rows(
        "SET tcp_keepalives_idle = 20; SET tcp_keepalives_interval = 10; " +
          "SET tcp_keepalives_count = 3",
      );
      client.on("notification", ({ processId }) => {
        if (processId !== pid) wake();
      });
      await rows(`LISTEN ${pg.escapeIdentifier(channelOf(schema))}`);
      await rows(
        "SELECT pg_advisory_lock_shared(hashtextextended($1, 0))",
        [`${schema} present`],
      );
      if (closed) return await client.end();
      line = { client, pid, schema };
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
  }

  function reconnect(delay: number): void {
    if (closed) return;
    retry = setTimeout(() => {
      connect().then(
        // What was told meanwhile was not heard.
        wake,
        () => reconnect(Math.min(2 * delay, LAST_RETRY)),
      );
    }, delay);
    Deno.unrefTimer(retry);
  }

  function online(): Line {
    if (line !== null) return line;
    throw new StorageError(
      "unavailable",
      "the database does not serve now: the connection was lost, and is " +
        "being made again",
    );
  }

  /** Whether the lock could be had; it is this session's then. */
  async function lock({ client, schema }: Line, name: string) {
    const [row] = await queriesOf(client).rows(
      "SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS held",
      [`${schema} ${name}`],
    );
    return NoticeRow.parse(row).held;
  }

  async function unlock({ client, schema }: Line, name: string): Promise<void> {
    await queriesOf(client).rows(
      "SELECT pg_advisory_unlock(hashtextextended($1, 0))",
      [`${schema} ${name}`],
    );
  }

  await connect();

  return {
    tell() {
      if (closed || telling !== undefined) return;
      telling = setTimeout(() => {
        telling = undefined;
        if (line === null) return;
        const channel = pg.escapeIdentifier(channelOf(line.schema));
        // Lost with the connection: the others look by themselves as well.
        queriesOf(line.client).rows(`NOTIFY ${channel}`).catch(() => {});
      }, GATHER);
      Deno.unrefTimer(telling);
    },

    watch(call) {
      watchers.add(call);
      return () => void watchers.delete(call);
    },

    async alone() {
      const at = online();
      try {
        const alone = await lock(at, "present");
        if (alone) await unlock(at, "present");
        return alone;
      } catch (error) {
        throw explainTrouble(error);
      }
    },

    async exclusively(name, work) {
      // To one session its own lock is no obstacle.
      if (busy.has(name)) return null;
      busy.add(name);
      try {
        const at = online();
        const mine = await lock(at, name).catch((error) => {
          throw explainTrouble(error);
        });
        if (!mine) return null;
        try {
          return await work();
        } finally {
          // Of a lost connection nothing is locked any more.
          if (line === at) await unlock(at, name).catch(() => {});
        }
      } finally {
        busy.delete(name);
      }
    },

    async close() {
      closed = true;
      clearTimeout(retry);
      clearTimeout(telling);
      watchers.clear();
      const { client } = line ?? {};
      line = null;
      await client?.end();
    },
  };
}

/** Channels are the database's own, tables a schema's. */
function channelOf(schema: string): string {
  return `dropout_swarm_${schema}`.slice(0, 63);
}
