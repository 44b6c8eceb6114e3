import * as z from "zod";
import type { LeaseId, TrialId, WorkerId } from "../../../protocol/ids.ts";
import type { Instant } from "../../lease/trial.ts";
import type { WeightsStore } from "../weights_store.ts";
import { createCrowd } from "./loaders.ts";
import { deleteStudy, planTrials } from "./plan.ts";
import {
  createPool,
  explainTrouble,
  type PoolOptions,
  type PostgresPool,
  reasonOf,
  sqlState,
} from "./pool.ts";
import {
  listCurves,
  listTrials,
  listWorkers,
  readChanges,
  readNames,
  readStudies,
  recentAcceptances,
  runningTrials,
  stateCounts,
  verifyingTrials,
} from "./reads.ts";
import { migrate } from "./schema.ts";
import { openSession, type PostgresSession } from "./session.ts";
import { readTrials } from "./trial.ts";
import { createTurns } from "./group_commit.ts";
import { postgresWeights } from "./weights.ts";
import { storable } from "../sql/rows.ts";
import {
  ActiveStudyRow,
  CountRow,
  HeldRow,
  LeaseRow,
  ReportedEpochRow,
  SecretRow,
  StudyRevisionRow,
  TrialIdRow,
} from "../sql/rows.ts";
import { withoutPassword } from "../server_address.ts";
import { type News, type Storage, StorageError } from "../storage.ts";

export interface PostgresOptions extends PoolOptions {
  /** Told of each transaction of leases: its calls and its time. */
  readonly onBatch?: (calls: number, milliseconds: number) => void;
  /**
   * In place of the database's clock, for tests: whole milliseconds since 1970.
   */
  readonly clock?: () => Instant;
}

export interface OpenedPostgres {
  readonly storage: Storage;
  readonly weights: WeightsStore;
}

/** Epochs that a coordinator tells its pages of after one look. */
const MOST_EPOCHS = 100;

const StandingRow = z.object({ now: z.number(), told: z.number() });

/**
 * Opens a PostgreSQL database as the swarm's storage, which any number of
 * coordinators share, and makes its tables where there are none.
 *
 * @param url `postgres://user:password@host:port/database`, with what libpq
 * knows behind a `?`: `sslmode`, `sslrootcert`, `options`.
 * @throws StorageError with one line that says what to do.
 */
export async function openPostgres(
  url: string,
  options: PostgresOptions = {},
): Promise<OpenedPostgres> {
  const { clock, onBatch = () => {} } = options;
  const where = withoutPassword(url);
  const pool = createPool(url, options);
  const teller = crypto.randomUUID();
  let session: PostgresSession | undefined;
  try {
    await pool.transaction((tx) => migrate(tx, where));
    session = await openSession(url);
    await settleClock(pool, session);
    return await connected(pool, session, { clock, onBatch, teller });
  } catch (error) {
    await session?.close();
    await pool.close();
    throw explainOpening(where, error);
  }
}

/** After the server's clock was set back, the swarm's time still goes on. */
async function settleClock(
  pool: PostgresPool,
  session: PostgresSession,
): Promise<void> {
  const latest = "SELECT greatest(" +
    "(SELECT max(last_seen_at) FROM workers), " +
    "(SELECT max(started_at) FROM attempts), " +
    "(SELECT max(ended_at) FROM attempts), 0)";
  // What others go by may only grow under them.
  const least = await session.alone() ? "0" : "ahead";
  await pool.rows(
    `UPDATE swarm_database SET ahead = greatest(${least}, (${latest}) - ` +
      "floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)",
  );
}

async function connected(
  pool: PostgresPool,
  session: PostgresSession,
  { clock, onBatch, teller }: {
    readonly clock: (() => Instant) | undefined;
    readonly onBatch: (calls: number, milliseconds: number) => void;
    readonly teller: string;
  },
): Promise<OpenedPostgres> {
  const { rows, count } = pool;
  /** The database's time when last asked, and how long ago that was. */
  let standing = { now: 0, at: 0 };
  /** Up to where other coordinators' epochs have been read. */
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

  const turns = createTurns({
    pool,
    clock,
    teller,
    onBatch,
    onChange: session.tell,
  });
  /** As a parameter: null is the database's own time. */
  const at = () => clock?.() ?? null;
  const crowd = createCrowd(pool, at);
  const weights = postgresWeights(pool, now);

  async function trialsOf(ids: readonly TrialId[]) {
    const trials = await readTrials(pool, ids);
    return ids.flatMap((id) => trials.get(id)?.trial ?? []);
  }

  async function news(): Promise<News> {
    const upTo = await look();
    const [active, revisions, epochs] = await Promise.all([
      rows(
        'SELECT s.definition AS "activeStudy" FROM lending AS l LEFT JOIN studies AS s ' +
          "ON s.study_id = l.study_id AND NOT s.deleted",
      ),
      rows("SELECT study_id, revision FROM studies"),
      upTo === told ? [] : rows(
        "SELECT t.spec, e.metrics FROM epochs AS e " +
          "JOIN trials AS t USING (trial_id) WHERE told > $1 AND told <= $2 " +
          "AND told_to <> $3 ORDER BY told DESC LIMIT $4",
        [told, upTo, teller, MOST_EPOCHS],
      ),
    ]);
    told = upTo;
    const [row] = active;
    return {
      ...row === undefined ? {} : ActiveStudyRow.parse(row),
      revisions: new Map(revisions.map((row) => {
        const { study_id, revision } = StudyRevisionRow.parse(row);
        return [study_id, revision];
      })),
      epochs: epochs.map((row) => ReportedEpochRow.parse(row)).reverse(),
    };
  }

  const storage: Storage = {
    now,

    plan: async (study, trials) => {
      const outcome = await planTrials(pool, study, trials);
      session.tell();
      return outcome;
    },
    studies: () => readStudies(pool, null),
    study: async (studyId) => (await readStudies(pool, studyId))[0] ?? null,
    deleteStudy: async (studyId) => {
      const deleted = await pool.transaction((tx) => deleteStudy(tx, studyId));
      session.tell();
      return deleted;
    },

    registerWorker: async (w) => {
      await count(
        "INSERT INTO workers (worker_id, name, kind, threads, device, " +
          "protocol_version, token_hash, registered_at, last_seen_at) " +
          "SELECT $1, $2, $3, $4, $5, $6, $7, t, t " +
          "FROM (SELECT coalesce($8, swarm_now()) AS t) AS now",
        [
          w.workerId,
          storable(w.name),
          w.kind,
          w.threads,
          storable(w.device),
          w.protocolVersion,
          w.tokenHash,
          at(),
        ],
      );
    },
    worker: crowd.worker,
    seen: async (workerId, { left, backend }) => {
      if (!left && backend === undefined) return await crowd.seen(workerId);
      await count(
        "UPDATE workers SET last_seen_at = coalesce($2, swarm_now()), " +
          "has_left = $3, backend = CASE WHEN $4 THEN $5 ELSE backend END, " +
          "backend_detail = CASE WHEN $4 THEN $6 ELSE backend_detail END, " +
          "step_milliseconds = CASE WHEN $4 THEN $7 ELSE step_milliseconds " +
          "END WHERE worker_id = $1",
        [
          workerId,
          at(),
          left,
          backend !== undefined,
          backend?.name ?? null,
          storable(backend?.detail ?? null),
          backend?.stepMilliseconds ?? null,
        ],
      );
    },
    removeWorker: async (workerId) => {
      await count("UPDATE workers SET removed = true WHERE worker_id = $1", [
        workerId,
      ]);
    },
    workers: (limit, request = {}) => listWorkers(pool, limit, request),
    countWorkers: async () => {
      const [row] = await rows("SELECT count(*) AS n FROM workers");
      return CountRow.parse(row).n;
    },
    countOnline: async (since) => {
      const [row] = await rows(
        "SELECT count(*) AS n FROM workers " +
          "WHERE last_seen_at >= $1 AND NOT has_left",
        [since],
      );
      return CountRow.parse(row).n;
    },

    claim: turns.claim,
    updateLease: turns.update,
    expireDue: async (apply, limit) => {
      const due = await rows(
        "SELECT trial_id FROM attempts WHERE state = 'running' " +
          "AND expires_at <= coalesce($1, swarm_now()) " +
          "GROUP BY trial_id ORDER BY min(expires_at) LIMIT $2",
        [at(), limit],
      );
      const changed = await Promise.all(
        due.map((row) => turns.change(TrialIdRow.parse(row).trial_id, apply)),
      );
      return changed.flatMap((change) => change ?? []);
    },

    verifying: async (studyId, limit) =>
      await trialsOf(await verifyingTrials(pool, studyId, limit)),
    running: async (studyId, limit) =>
      await trialsOf(await runningTrials(pool, studyId, limit)),

    trust: crowd.trust,
    noteTrust: async (workerId, backend, what) => {
      await count(
        what === "accepted"
          ? "INSERT INTO trust VALUES ($1, $2, 1, 0) " +
            "ON CONFLICT (worker_id, backend) DO UPDATE " +
            "SET accepted = trust.accepted + 1"
          : "INSERT INTO trust VALUES ($1, $2, 0, 1, " +
            "coalesce($3, swarm_now())) " +
            "ON CONFLICT (worker_id, backend) DO UPDATE SET accepted = 0, " +
            "lies = trust.lies + 1, lied_at = excluded.lied_at",
        what === "accepted" ? [workerId, backend] : [workerId, backend, at()],
      );
    },
    vouchedByLiars: async (limit): Promise<LeaseId[]> =>
      (await rows(
        "SELECT a.lease_id FROM trust AS t " +
          "JOIN results AS r ON r.worker_id = t.worker_id " +
          "JOIN attempts AS a USING (trial_id, attempt) " +
          "WHERE t.lied_at IS NOT NULL AND a.backend = t.backend " +
          "AND r.repeated_epochs < r.epochs AND r.accepted_at <= t.lied_at LIMIT $1",
        [limit],
      )).map((row) => LeaseRow.parse(row).lease_id),

    runningLeases: async (workerId: WorkerId) =>
      (await rows(
        "SELECT lease_id, attempt FROM attempts WHERE worker_id = $1 " +
          "AND state = 'running' ORDER BY started_at, lease_id",
        [workerId],
      )).map((row) => HeldRow.parse(row)),

    counts: (studyId) => stateCounts(pool, studyId),
    recentAcceptances: (studyId, limit) =>
      recentAcceptances(pool, studyId, limit),
    // Read in two statements: whatever comes between them is later news.
    changesSince: (studyId, revision, limit = Infinity) =>
      pool.snapshot((tx) => readChanges(tx, studyId, revision, limit)),
    trials: (studyId, page) =>
      pool.snapshot((tx) => listTrials(tx, studyId, page)),
    curves: (studyId, page) => listCurves(pool, studyId, page),
    trial: async (trialId) => {
      const [[trial], names] = await Promise.all([
        trialsOf([trialId]),
        readNames(pool, trialId),
      ]);
      return trial === undefined ? null : { trial, names };
    },

    secret: async (name) => {
      const [row] = await rows("SELECT hash FROM secrets WHERE name = $1", [
        name,
      ]);
      return row === undefined ? null : SecretRow.parse(row).hash;
    },
    keepSecret: async (name, hash, replace) => {
      const [row] = await rows(
        "INSERT INTO secrets (name, hash) VALUES ($1, $2) ON CONFLICT (name) " +
          "DO UPDATE SET hash = CASE WHEN $3 THEN excluded.hash " +
          "ELSE secrets.hash END RETURNING hash",
        [name, hash, replace],
      );
      session.tell();
      return SecretRow.parse(row).hash;
    },

    activateStudy: async (studyId) => {
      await count(
        "INSERT INTO lending (study_id) VALUES ($1) " +
          "ON CONFLICT (one) DO UPDATE SET study_id = excluded.study_id",
        [studyId],
      );
      session.tell();
    },
    news,
    watch: session.watch,
    alone: session.alone,
    exclusively: session.exclusively,

    ping: async () => void await rows("SELECT 1"),
    async close() {
      await session.close();
      await pool.close();
    },
  };
  return { storage, weights };
}

/** One line on why a database cannot be opened, and what to do. */
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
  return new StorageError(
    "cannot-open",
    `${what(state)}: ${where}: ${why}; ${hint(state)}`,
    cause,
  );
}

/** Invalid authorization, and no such database. */
const what = (state: string | null) =>
  state?.startsWith("28")
    ? "the database lets nobody in by that name and password"
    : state === "3D000"
    ? "there is no such database"
    : state === "42501"
    ? "the database does not allow it"
    : "the database cannot be reached";

const hint = (state: string | null) =>
  state?.startsWith("28")
    ? "check both in --db, or PGUSER and PGPASSWORD"
    : state === "3D000"
    ? "create it, or name another one with --db"
    : state === "42501"
    ? "let the user create tables in its schema"
    : "check that it runs there, or name another one with --db";
