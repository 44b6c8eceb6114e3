// @ts-types="@types/pg"
import pg from "pg";
import { type Program, replaceRows } from "../sql/program.ts";
import { StorageError } from "../storage.ts";

/**
 * A small pool of connections to PostgreSQL, with limits on waiting calls and
 * on the duration of statements.
 */

/** Runs statements, in order on one connection or each on any connection. */
export interface Queries {
  /** The rows. A text with values is prepared once per connection. */
  rows(text: string, values?: readonly unknown[]): Promise<unknown[]>;
  /** The number of changed rows. */
  count(text: string, values?: readonly unknown[]): Promise<number>;
}

export interface PostgresPool extends Queries {
  /**
   * Runs the work in one transaction and retries it after a deadlock or
   * serialization failure. Statements that are not awaited one by one are
   * pipelined.
   */
  transaction<T>(work: (tx: Queries) => Promise<T>): Promise<T>;
  /**
   * The same for work that finds every row by a key. Forces index scans: plans
   * are made once per connection, perhaps when the tables were nearly empty and
   * PostgreSQL preferred to read a whole table.
   */
  batch<T>(work: (tx: Queries) => Promise<Ending<T>>): Promise<T>;
  /** The same, read-only and on one snapshot of the database. */
  snapshot<T>(work: (tx: Queries) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** The last statements of a transaction. */
export interface Ending<T> {
  /** Sent with the commit, so that locks are not held for a round trip. */
  readonly last: readonly Statement[];
  /** Makes the transaction's value from the rows of these statements. */
  value(rows: readonly (readonly unknown[])[]): T;
}

export interface PoolOptions {
  /** Most connections. Default: 8. */
  readonly connections?: number;
  /** Most calls that wait for a connection; more are refused. Default: 1000. */
  readonly waiting?: number;
  /** Time limit for a statement in milliseconds. Default: 15,000. */
  readonly statementTimeout?: number;
}

/** Time limit for connecting in milliseconds. */
const CONNECT = 5_000;
/**
 * Additional milliseconds before the client stops waiting for a server that
 * does not enforce its limit.
 */
const SILENCE = 5_000;
/** Most tries of a transaction. */
const TRIES = 4;

/** Deadlock, serialization failure, concurrently inserted row. */
const AGAIN = new Set(["40P01", "40001", "23505"]);

/** Parsed as numbers: counts and instants are far below 2^53. */
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

const BEGIN_BATCH = "BEGIN; SET LOCAL enable_seqscan = off; " +
  "SET LOCAL enable_bitmapscan = off; SET LOCAL enable_hashjoin = off; " +
  "SET LOCAL enable_mergejoin = off; SET LOCAL jit = off";

const statements = new Map<string, { name: string; text: string }>();

/** One name per text: it identifies the prepared statement. */
function named(text: string, values: readonly unknown[] | undefined) {
  if (values === undefined) return { text };
  let statement = statements.get(text);
  if (statement === undefined) {
    statement = { name: `s${statements.size}`, text: translate(text) };
    statements.set(text, statement);
  }
  return { ...statement, values: [...values] };
}

/** Translates the common SQL to PostgreSQL's. */
function translate(text: string): string {
  return replaceRows(text, (parameter, columns) => {
    const typed = columns.map(({ name, type }) => `${name} ${type}`);
    return `jsonb_to_recordset(${parameter}) AS r (${typed.join(", ")})`;
  }).replace("{lock}", "FOR UPDATE");
}

/** Runs a program's statements in order. */
export async function runProgram<T>(
  { rows }: Queries,
  program: Program<T>,
): Promise<T> {
  let step = program.next();
  while (!step.done) {
    const { text, values } = step.value;
    step = program.next(await rows(text, values));
  }
  return step.value;
}

/** Options of every connection. */
export function connectionOptions(
  url: string,
  { statementTimeout = 15_000 }: PoolOptions = {},
) {
  return {
    // The driver takes them for verify-full, with a warning of eight lines.
    connectionString: url.replace(
      /([?&]sslmode=)(prefer|require|verify-ca)(?=&|$)/,
      "$1verify-full",
    ),
    application_name: "dropout-swarm",
    connectionTimeoutMillis: CONNECT,
    statement_timeout: statementTimeout,
    query_timeout: statementTimeout + SILENCE,
    idle_in_transaction_session_timeout: statementTimeout,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    pipeline: true,
  };
}

export function createPool(
  url: string,
  options: PoolOptions = {},
): PostgresPool {
  const { connections = 8, waiting = 1000 } = options;
  const pool = new pg.Pool({
    ...connectionOptions(url, options),
    max: connections,
    idleTimeoutMillis: 30_000,
  });
  // An idle connection was lost; the next call opens another one.
  pool.on("error", () => {});

  async function connect(): Promise<pg.PoolClient> {
    if (pool.waitingCount >= waiting) {
      throw new StorageError(
        "unavailable",
        `the database is overloaded: ${waiting} calls are waiting`,
      );
    }
    try {
      return await pool.connect();
    } catch (error) {
      throw explainTrouble(error);
    }
  }

  async function on<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    const client = await connect();
    let broken = false;
    const noteBroken = () => broken = true;
    client.on("error", noteBroken);
    try {
      return await work(queriesOf(client));
    } catch (error) {
      // After an error that is not the server's, the connection's state is
      // unknown.
      if (sqlState(error) === null) broken = true;
      throw error;
    } finally {
      client.off("error", noteBroken);
      client.release(broken);
    }
  }

  async function attempt<T>(
    begin: string,
    work: (tx: Queries) => Promise<Ending<T>>,
  ): Promise<T> {
    return await on(async (queries) => {
      const begun = queries.rows(begin);
      try {
        const [{ last, value }] = await Promise.all([work(queries), begun]);
        // If one of them fails, the server turns the commit into a rollback.
        const rows = await Promise.all([
          ...last.map(({ text, values }) => queries.rows(text, values)),
          queries.rows("COMMIT"),
        ]);
        return value(rows);
      } catch (error) {
        await queries.rows("ROLLBACK").catch(() => {});
        throw error;
      }
    });
  }

  async function transaction<T>(
    begin: string,
    work: (tx: Queries) => Promise<Ending<T>>,
  ): Promise<T> {
    for (let tries = 1;; tries++) {
      try {
        return await attempt(begin, work);
      } catch (error) {
        const again = AGAIN.has(sqlState(error) ?? "");
        if (!again || tries === TRIES) throw explainTrouble(error);
      }
    }
  }

  return {
    rows: (text, values) =>
      on((queries) => queries.rows(text, values)).catch(rethrow),
    count: (text, values) =>
      on((queries) => queries.count(text, values)).catch(rethrow),
    transaction: (work) => transaction("BEGIN", plain(work)),
    batch: (work) => transaction(BEGIN_BATCH, work),
    snapshot: (work) =>
      transaction(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        plain(work),
      ),
    close: () => pool.end(),
  };
}

/** A transaction without special last statements. */
function plain<T>(work: (tx: Queries) => Promise<T>) {
  return async (tx: Queries): Promise<Ending<T>> => {
    const value = await work(tx);
    return { last: [], value: () => value };
  };
}

/** Statements on this one connection. */
export function queriesOf(
  client: Pick<pg.ClientBase, "query">,
): Queries {
  return {
    rows: async (text, values) =>
      (await client.query(named(text, values))).rows,
    count: async (text, values) =>
      (await client.query(named(text, values))).rowCount ?? 0,
  };
}

function rethrow(error: unknown): never {
  throw explainTrouble(error);
}

/** PostgreSQL's error code; null if the error is not from the server. */
export function sqlState(error: unknown): string | null {
  return error instanceof pg.DatabaseError ? error.code ?? null : null;
}

/**
 * Error classes that are temporary or that only an operator can fix:
 * connection, resources (disk, memory, connections), operator intervention,
 * system. Source:
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const TROUBLE = /^(08|53|57|58|40|55P03|25006|25P0[234])/;

/** Converts temporary errors and lost connections to StorageErrors. */
export function explainTrouble(error: unknown): unknown {
  if (error instanceof StorageError) return error;
  const state = sqlState(error);
  const ours = !(error instanceof Error) || state === null &&
      !isConnectionTrouble(error);
  if (ours || state !== null && !TROUBLE.test(state)) return error;
  return new StorageError(
    "unavailable",
    `the database is unavailable: ${reasonOf(error)}`,
    error,
  );
}

/** Whether it is a network error, or pg's error for a lost connection. */
function isConnectionTrouble(error: Error): boolean {
  return "code" in error && typeof error.code === "string" ||
    /connection|connect|timeout|Client (was|has)|not queryable/i
      .test(error.message);
}

/** The reason as text: some network errors have a code but no message. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return reasonOf(error.errors[0]);
  }
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? String(error.code) : error.name;
  return error.message === "" ? code : error.message;
}
