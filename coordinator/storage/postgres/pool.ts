// @ts-types="@types/pg"
import pg from "pg";
import { type Program, replaceRows } from "../sql/program.ts";
import { StorageError } from "../storage.ts";

/**
 * Connections to PostgreSQL: a small pool, bounded in what may wait for it and
 * in how long anything may take.
 */

/** Statements, one after the other on one connection or each on any. */
export interface Queries {
  /** The statement's rows. A text with values is prepared once a connection. */
  rows(text: string, values?: readonly unknown[]): Promise<unknown[]>;
  /** The rows that it changed. */
  count(text: string, values?: readonly unknown[]): Promise<number>;
}

export interface PostgresPool extends Queries {
  /**
   * Runs the work in one transaction; tried again where PostgreSQL broke it up
   * for the sake of another. Statements that are not waited for one by one
   * travel together.
   */
  transaction<T>(work: (tx: Queries) => Promise<T>): Promise<T>;
  /**
   * The same for work that finds every row by a key. It goes by indexes, also
   * where PostgreSQL takes a table for small enough to read all of it: a plan is
   * made once a connection, when the tables were nearly empty.
   */
  batch<T>(work: (tx: Queries) => Promise<Ending<T>>): Promise<T>;
  /** The same, on one unchanging state of the database, and read only. */
  snapshot<T>(work: (tx: Queries) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** How a transaction ends. */
export interface Ending<T> {
  /**
   * Travel together with the commit: what they lock is locked for as long as
   * that takes, and not for the way to here and back as well.
   */
  readonly last: readonly Statement[];
  /** What came of it all, by the rows of each of them. */
  value(rows: readonly (readonly unknown[])[]): T;
}

export interface PoolOptions {
  /** Connections at most. Default: 8. */
  readonly connections?: number;
  /** Calls that may wait for a connection; more are refused. Default: 1000. */
  readonly waiting?: number;
  /** Milliseconds that a statement may take. Default: 15 000. */
  readonly statementTimeout?: number;
}

/** Milliseconds to wait for a connection. */
const CONNECT = 5_000;
/** Milliseconds that the server may fail to answer beyond its own limit. */
const SILENCE = 5_000;
/** Times that a transaction is tried. */
const TRIES = 4;

/** Deadlock, serialization failure; a row that somebody else just inserted. */
const AGAIN = new Set(["40P01", "40001", "23505"]);

/** Counts and instants are far below 2^53. */
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

const BEGIN_BATCH = "BEGIN; SET LOCAL enable_seqscan = off; " +
  "SET LOCAL enable_bitmapscan = off; SET LOCAL enable_hashjoin = off; " +
  "SET LOCAL enable_mergejoin = off; SET LOCAL jit = off";

const statements = new Map<string, { name: string; text: string }>();

/** One name a text: that it is prepared, connections remember by the name. */
function named(text: string, values: readonly unknown[] | undefined) {
  if (values === undefined) return { text };
  let statement = statements.get(text);
  if (statement === undefined) {
    statement = { name: `s${statements.size}`, text: translate(text) };
    statements.set(text, statement);
  }
  return { ...statement, values: [...values] };
}

/** The SQL of both databases as PostgreSQL's. */
function translate(text: string): string {
  return replaceRows(text, (parameter, columns) => {
    const typed = columns.map(({ name, type }) => `${name} ${type}`);
    return `jsonb_to_recordset(${parameter}) AS r (${typed.join(", ")})`;
  }).replace("{lock}", "FOR UPDATE");
}

/** Runs a program, one statement after the other. */
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

/** What every connection is opened with. */
export function connectionOptions(
  url: string,
  { statementTimeout = 15_000 }: PoolOptions = {},
) {
  return {
    connectionString: url,
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
  // An idle connection that breaks: the next call opens another.
  pool.on("error", () => {});

  async function connect(): Promise<pg.PoolClient> {
    if (pool.waitingCount >= waiting) {
      throw new StorageError(
        "unavailable",
        `the database is slower than its callers: ${waiting} calls wait for it`,
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
      // Whatever is not the server's own word leaves the connection's state open.
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
        // Where one of them fails, the server takes the commit for a rollback.
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

/** Work whose last statements are like its others. */
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

/** PostgreSQL's code of the error; null where the server did not send it. */
export function sqlState(error: unknown): string | null {
  return error instanceof pg.DatabaseError ? error.code ?? null : null;
}

/**
 * States that pass or that only an operator can mend. By class: connection
 * trouble, resources (disk, memory, connections), an operator's stop, the
 * system. Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const TROUBLE = /^(08|53|57|58|40|55P03|25006|25P0[234])/;

/** The server's troubles of the moment, and a lost one, as StorageErrors. */
export function explainTrouble(error: unknown): unknown {
  if (error instanceof StorageError) return error;
  const state = sqlState(error);
  const ours = !(error instanceof Error) || state === null &&
      !isConnectionTrouble(error);
  if (ours || state !== null && !TROUBLE.test(state)) return error;
  return new StorageError(
    "unavailable",
    `the database does not serve now: ${reasonOf(error)}`,
    error,
  );
}

/** Of the network, or what pg says of a connection that it lost. */
function isConnectionTrouble(error: Error): boolean {
  return "code" in error && typeof error.code === "string" ||
    /connection|connect|timeout|Client (was|has)|not queryable/i
      .test(error.message);
}

/** In words: some errors of the network have a code and no message. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return reasonOf(error.errors[0]);
  }
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? String(error.code) : error.name;
  return error.message === "" ? code : error.message;
}
