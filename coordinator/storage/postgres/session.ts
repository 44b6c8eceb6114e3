// @ts-types="@types/pg"
import pg from "pg";
import * as z from "zod";
import { connectionOptions, explainTrouble, queriesOf } from "./pool.ts";
import { StorageError } from "../storage.ts";

/**
 * A permanent connection. It marks this coordinator as present, holds its
 * advisory locks and receives notifications of others. PostgreSQL ends all of
 * that with the connection, however the process ends.
 */
export interface PostgresSession {
  /** Notifies the other coordinators soon, once for many changes. */
  tell(): void;
  /** Calls the listener after a notification or a possible loss of one. */
  watch(wake: () => void): () => void;
  alone(): Promise<boolean>;
  exclusively<T>(name: string, work: () => Promise<T>): Promise<T | null>;
  close(): Promise<void>;
}

/** Milliseconds between notifications, as between updates of pages. */
const GATHER = 250;
/** Milliseconds until reconnecting, doubled after each failure. */
const FIRST_RETRY = 250;
const LAST_RETRY = 5_000;

const NoticeRow = z.object({ held: z.boolean() });
const PlaceRow = z.object({ schema: z.string(), pid: z.number() });

interface Line {
  readonly client: pg.Client;
  readonly pid: number;
  readonly schema: string;
}

/** @throws connection errors; later it reconnects by itself. */
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
      // If a machine vanishes, its locks are released within a minute.
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
        // Notifications in between were lost.
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
      "the database is unavailable: the connection was lost and is " +
        "being restored",
    );
  }

  /** Tries to take the lock for this session. */
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
        // A notification is lost with the connection; the others also poll.
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
      // A session's own lock does not block it, so this set is needed.
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
          // A lost connection holds no locks.
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

/** Named by schema: a database's channels are common to its schemas. */
function channelOf(schema: string): string {
  return `dropout_swarm_${schema}`.slice(0, 63);
}
