import * as z from "zod";
import type { Instant } from "../../lease/trial.ts";
import { withoutPassword } from "../server_address.ts";
import { sharedCalls } from "../sql/calls.ts";
import { asPlanned, planTrials } from "../sql/plan.ts";
import type { Program } from "../sql/program.ts";
import {
  dueTrials,
  latestInstant,
  readActiveStudy,
  readRevisions,
} from "../sql/reads.ts";
import { ActiveStudyRow, ReportedEpochRow } from "../sql/rows.ts";
import { createUnreadableStudies } from "../sql/unreadable.ts";
import { type News, type Storage, StorageError } from "../storage.ts";
import type { WeightsStore } from "../weights_store.ts";
import { createGroupCommit } from "./group_commit.ts";
import { createLoaders } from "./loaders.ts";
import {
  createPool,
  explainTrouble,
  type PoolOptions,
  type PostgresPool,
  reasonOf,
  runProgram,
  sqlState,
} from "./pool.ts";
import { migrate } from "./schema.ts";
import { openSession, type PostgresSession } from "./session.ts";
import { readTrials } from "./trial.ts";
import { postgresWeights } from "./weights.ts";

export interface PostgresOptions extends PoolOptions {
  /** Called after each lease transaction: its calls and its duration. */
  readonly onBatch?: (calls: number, milliseconds: number) => void;
  /** Called once for each study that a newer version has written. */
  readonly onUnreadable?: (error: StorageError) => void;
  /** Replaces the database's clock in tests: whole milliseconds since 1970. */
  readonly clock?: () => Instant;
}

export interface OpenedPostgres {
  readonly storage: Storage;
  readonly weights: WeightsStore;
}

/** Most epochs that one poll returns. */
const MOST_EPOCHS = 100;

const StandingRow = z.object({ now: z.number(), told: z.number() });

/**
 * Opens a PostgreSQL database as the swarm's storage, which any number of
 * coordinators can share. Creates missing tables.
 *
 * @param url `postgres://user:password@host:port/database`, with libpq's
 * parameters after a `?`: `sslmode`, `sslrootcert`, `options`.
 * @throws StorageError with one line that says what to do.
 */
export async function openPostgres(
  url: string,
  options: PostgresOptions = {},
): Promise<OpenedPostgres> {
  const { clock, onBatch = () => {}, onUnreadable = () => {} } = options;
  const where = withoutPassword(url);
  const pool = createPool(url, options);
  const coordinatorId = crypto.randomUUID();
  let session: PostgresSession | undefined;
  try {
    await pool.transaction((tx) => migrate(tx, where));
    session = await openSession(url);
    await settleClock(pool, session);
    return await connected(pool, session, {
      clock,
      onBatch,
      onUnreadable,
      coordinatorId,
      where,
    });
  } catch (error) {
    await session?.close();
    await pool.close();
    throw explainOpening(where, error);
  }
}

/** Keeps the time from going back after the server's clock was set back. */
async function settleClock(
  pool: PostgresPool,
  session: PostgresSession,
): Promise<void> {
  const latest = await runProgram(pool, latestInstant());
  // Only increased, because running coordinators use it.
  const least = await session.alone() ? "0" : "ahead";
  await pool.rows(
    `UPDATE swarm_database SET ahead = greatest(${least}, $1 - ` +
      "floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)",
    [latest],
  );
}

async function connected(
  pool: PostgresPool,
  session: PostgresSession,
  { clock, onBatch, onUnreadable, coordinatorId, where }: {
    readonly clock: (() => Instant) | undefined;
    readonly onBatch: (calls: number, milliseconds: number) => void;
    readonly onUnreadable: (error: StorageError) => void;
    readonly coordinatorId: string;
    readonly where: string;
  },
): Promise<OpenedPostgres> {
  const { rows } = pool;
  /** The database's time at the last query, and that query's local time. */
  let standing = { now: 0, at: 0 };
  /** Sequence number up to which other coordinators' epochs have been read. */
  let told = 0;

  const now = clock ??
    (() => Math.floor(standing.now + performance.now() - standing.at));

  async function look(): Promise<number> {
    const asked = performance.now();
    const [row] = await rows(
      "SELECT swarm_now() AS now, " +
        "(SELECT coalesce(max(told), 0) FROM epochs) AS told",
    );
    const found = StandingRow.parse(row);
    standing = { now: found.now, at: (asked + performance.now()) / 2 };
    return found.told;
  }
  told = await look();

  const unreadable = createUnreadableStudies(where, onUnreadable);
  const explain = (error: unknown) => unreadable.explain(explainTrouble(error));
  const rethrow = (error: unknown): never => {
    throw explain(error);
  };

  const groupCommit = createGroupCommit({
    pool,
    clock,
    coordinatorId,
    onBatch,
    onChange: session.tell,
    explain,
  });
  /** The time as a parameter; null is the database's own time. */
  const at = () => clock?.() ?? null;
  const loaders = createLoaders(pool, at);
  const weights = postgresWeights(pool, now);

  const read = <T>(program: () => Program<T>): Promise<T> =>
    runProgram(pool, program()).catch(rethrow);
  const snapshot = <T>(program: () => Program<T>): Promise<T> =>
    pool.snapshot((tx) => runProgram(tx, program())).catch(rethrow);
  const transaction = <T>(program: () => Program<T>): Promise<T> =>
    pool.transaction((tx) => runProgram(tx, program())).catch(rethrow);

  const shared = sharedCalls({
    read,
    snapshot,
    change: (text, ...values) => pool.rows(text, values),
    transaction,
    async trials(ids) {
      const trials = await readTrials(pool, ids).catch(rethrow);
      return ids.flatMap((id) => trials.get(id)?.trial ?? []);
    },
    at,
    tell: session.tell,
    unreadable,
  });

  async function news(): Promise<News> {
    const upTo = await look();
    const [active, revisions, epochs] = await Promise.all([
      read(readActiveStudy),
      read(readRevisions),
      upTo === told ? [] : rows(
        "SELECT t.spec, e.metrics FROM epochs AS e " +
          "JOIN trials AS t USING (trial_id) WHERE told > $1 AND told <= $2 " +
          "AND told_to <> $3 ORDER BY told DESC LIMIT $4",
        [told, upTo, coordinatorId, MOST_EPOCHS],
      ),
    ]);
    told = upTo;
    return {
      ...active !== undefined && {
        activeStudy: unreadable.skip(() => ActiveStudyRow.parse(active))
          ?.definition ?? null,
      },
      revisions,
      epochs: epochs.flatMap((row) =>
        unreadable.skip(() => [ReportedEpochRow.parse(row)]) ?? []
      ).reverse(),
    };
  }

  const storage: Storage = {
    ...shared,
    now,

    plan: async (study, trials) => {
      // Starting with the current plan needs no lock and delays nobody.
      const outcome = await snapshot(() => asPlanned(study, trials)) ??
        await transaction(() => planTrials(study, trials));
      session.tell();
      return outcome;
    },

    worker: loaders.worker,
    seen: (workerId, update) =>
      !update.left && update.backend === undefined
        ? loaders.seen(workerId)
        : shared.seen(workerId, update),
    trust: loaders.trust,

    claim: groupCommit.claim,
    updateLease: groupCommit.update,
    expireDue: async (apply, limit) => {
      const due = await read(() => dueTrials(at(), limit, unreadable.ids));
      const changed = await Promise.all(
        due.map((trialId) =>
          groupCommit.change(trialId, apply).catch((error) => {
            // Coordinators of the newer version handle its study.
            if (error instanceof StorageError && error.code === "newer") {
              return null;
            }
            throw error;
          })
        ),
      );
      return changed.flatMap((change) => change ?? []);
    },

    news,
    watch: session.watch,
    alone: session.alone,
    exclusively: session.exclusively,

    async close() {
      await session.close();
      await pool.close();
    },
  };
  return { storage, weights };
}

/** One line: why a database cannot be opened, and what to do. */
function explainOpening(where: string, error: unknown): unknown {
  if (error instanceof StorageError && error.code !== "unavailable") {
    return error;
  }
  const cause = error instanceof StorageError ? error.cause ?? error : error;
  const state = sqlState(cause);
  if (state === null && explainTrouble(cause) === cause && cause !== error) {
    return error;
  }
  const why = reasonOf(cause);
  const [, what, todo] =
    failures.find(([pattern]) => pattern.test(`${state ?? ""} ${why}`)) ??
      unreachable;
  return new StorageError(
    "cannot-open",
    `${what}: ${where} (${why}); ${todo}`,
    cause,
  );
}

type Failure = readonly [pattern: RegExp, what: string, todo: string];

const unreachable: Failure = [
  /^/,
  "the database cannot be reached",
  "check its address, and that the server is running",
];

/** By the server's code, if it is the server's error, and the message. */
const failures: readonly Failure[] = [
  [
    /^28.*no encryption/,
    "the database takes no connection without TLS",
    "add ?sslmode=verify-full to the address",
  ],
  [
    /^28.*pg_hba\.conf/,
    "the database does not let this user in from this machine",
    "allow it in the server's pg_hba.conf",
  ],
  [
    /^28/,
    "the database rejects this user name and password",
    "check both in the address, or PGUSER and PGPASSWORD",
  ],
  [
    /^3D000/,
    "the database does not exist",
    "create it with PostgreSQL's createdb, or name another",
  ],
  [
    /^42501/,
    "the database user lacks a permission",
    "grant the user the right to create tables in its schema",
  ],
  [
    /client password/,
    "the database wants a password",
    "put it into PGPASSWORD or the address: postgres://user:PASSWORD@host/…",
  ],
  [
    /ENOTFOUND|EAI_AGAIN|getaddrinfo/,
    "the database's machine is not found",
    "check the host's name in the address",
  ],
  [
    /ENOENT|EACCES|EISDIR|PEM/,
    "a certificate's file cannot be used",
    "check sslrootcert, sslcert and sslkey in the address",
  ],
  [
    /not support SSL/,
    "the database speaks no TLS",
    "leave sslmode out of the address, or let the server have a certificate",
  ],
  [
    /certificate|altname|SSL routines/i,
    "the database's certificate is not trusted",
    "check the host's name, or give its authority's certificate: " +
    "?sslmode=verify-full&sslrootcert=ca.pem",
  ],
  [
    /invalid response|unexpected message/i,
    "another program answers there, not PostgreSQL",
    "check the host and the port in the address",
  ],
  [
    /timeout|ETIMEDOUT|UNREACH/,
    "the database does not answer",
    "check the host and the port in the address, and firewalls",
  ],
];
