import type {
  LeaseId,
  StudyId,
  TrialId,
  WorkerId,
} from "../../../protocol/ids.ts";
import type { StudyDefinition, TrialSpec } from "../../../protocol/study.ts";
import type { BackendName } from "../../../protocol/training.ts";
import type { TrialState } from "../../../protocol/views.ts";
import type { Instant } from "../../lease/trial.ts";
import { createKeptTrials } from "../sql/trial_cache.ts";
import { createBatcher } from "./batch.ts";
import { SQLITE, sqliteCode } from "./open.ts";
import { openDatabase, type OpenOptions } from "./open.ts";
import { deleteStudy, planTrials } from "./plan.ts";
import {
  latestInstant,
  listCurves,
  listTrials,
  listWorkers,
  readChanges,
  readNames,
  readNews,
  readStudies,
  recentAcceptances,
  runningTrials,
  stateCounts,
  verifyingTrials,
} from "./reads.ts";
import {
  CountRow,
  HeldRow,
  RevisionRow,
  SecretRow,
  TrialIdRow,
  WorkerRow,
} from "../sql/rows.ts";
import { noteTrust, readTrust, vouchedByLiars } from "./trial.ts";
import { prepareOnce, readTrial, type Sql, writeTrial } from "./trial.ts";
import { createTurnstile } from "../local_lock.ts";
import {
  type Changed,
  type Claim,
  type ClaimRequest,
  type CurveRequest,
  type NewWorker,
  type PageRequest,
  type SecretName,
  type Storage,
  StorageError,
  type Transact,
  type WorkerRequest,
  type WorkerUpdate,
} from "../storage.ts";

/**
 * Opens a SQLite file as the swarm's storage, or makes it. `:memory:` keeps
 * everything in memory, through the same code.
 *
 * @param clock The storage's clock: whole milliseconds since 1970. Where it is
 * behind what the file holds, it was set back meanwhile, and runs ahead by as
 * much as it then was.
 * @throws StorageError with one line that says what to do.
 */
export function openSqlite(
  path: string,
  clock: () => Instant,
  options: OpenOptions = {},
): Storage {
  const { db, close } = openDatabase(path, options);
  const sql = prepareOnce(db);
  const now = notBefore(latestInstant(sql), clock);

  const kept = createKeptTrials();
  const batcher = createBatcher(db, sql, explain, {
    onUndone: kept.forget,
    ...options.onBatch !== undefined && { onBatch: options.onBatch },
  });
  /** All or nothing; nobody else writes meanwhile. */
  const atomically = batcher.run;

  function change<T>(trialId: TrialId, apply: Transact<T>): Changed<T> {
    const before = kept.get(trialId) ?? readTrial(sql, trialId);
    if (before === null) {
      throw new Error(`a lease without its trial: ${trialId}`);
    }
    const { trial: after, changed, value } = apply(before, now());
    writeTrial(sql, before, after);
    kept.keep(after);
    const { studyId } = before.spec;
    const revision = changed ? stamp(sql, studyId, trialId) : at(sql, studyId);
    return { value, studyId, trialId, revision };
  }

  let sighted: {
    readonly ids: Set<WorkerId>;
    readonly stored: Promise<void>;
  } | null = null;
  /** That the worker was there: all that is noted by then in one unit. */
  function sight(workerId: WorkerId): Promise<void> {
    if (sighted === null) {
      const ids = new Set<WorkerId>();
      const stored = atomically(() => {
        sighted = null;
        for (const id of ids) {
          sql(
            "UPDATE workers SET last_seen_at = ?, has_left = 0 " +
              "WHERE worker_id = ?",
          ).run(now(), id);
        }
      });
      sighted = { ids, stored };
    }
    sighted.ids.add(workerId);
    return sighted.stored;
  }

  return {
    now,

    plan: (study: StudyDefinition, trials: readonly TrialSpec[]) =>
      atomically(() => {
        kept.forget();
        return planTrials(sql, study, trials);
      }),

    studies: () => attempt(() => readStudies(sql, null)),
    study: (studyId: StudyId) =>
      attempt(() => readStudies(sql, studyId)[0] ?? null),

    deleteStudy: (studyId: StudyId) =>
      atomically(() => {
        kept.forget();
        return deleteStudy(sql, studyId);
      }),

    registerWorker: (worker: NewWorker) =>
      atomically(() => insertWorker(sql, worker, now())),

    worker: (workerId: WorkerId) =>
      attempt(() => {
        const row = sql("SELECT * FROM workers WHERE worker_id = ?")
          .get(workerId);
        return row === undefined ? null : WorkerRow.parse(row);
      }),

    async seen(workerId: WorkerId, { left, backend }: WorkerUpdate) {
      if (!left && backend === undefined) return await sight(workerId);
      await atomically(() => {
        sql(
          "UPDATE workers SET last_seen_at = ?, has_left = ? " +
            "WHERE worker_id = ?",
        ).run(now(), left ? 1 : 0, workerId);
        if (backend === undefined) return;
        sql(
          "UPDATE workers SET backend = ?, backend_detail = ?, " +
            "step_milliseconds = ? WHERE worker_id = ?",
        ).run(
          backend.name,
          backend.detail,
          backend.stepMilliseconds,
          workerId,
        );
      });
    },

    removeWorker: (workerId: WorkerId) =>
      atomically(() => {
        sql("UPDATE workers SET removed = 1 WHERE worker_id = ?").run(workerId);
      }),

    workers: (limit: number, request: WorkerRequest = {}) =>
      attempt(() => listWorkers(sql, limit, request)),
    countWorkers: () =>
      attempt(() =>
        CountRow.parse(sql("SELECT count(*) AS n FROM workers").get()).n
      ),

    countOnline: (since: Instant) =>
      attempt(() =>
        CountRow.parse(
          sql(
            "SELECT count(*) AS n FROM workers " +
              "WHERE last_seen_at >= ? AND has_left = 0",
          ).get(since),
        ).n
      ),

    claim: <T>(request: ClaimRequest, apply: Transact<T>) =>
      atomically((): Claim<T> => {
        const known = trialOfLease(sql, request.leaseId);
        if (known !== null) {
          const trial = readTrial(sql, known);
          if (trial !== null) return { type: "repeated", trial };
        }
        if (held(sql, request.workerId).length >= request.maxLeases) {
          return { type: "enough-leases" };
        }
        const next = request.speculative ?? nextTrial(sql, request);
        if (next !== null) return { type: "claimed", ...change(next, apply) };
        const n = stateCounts(sql, request.studyId);
        const open = n.queued + n.leased + n.verifying > 0;
        return { type: open ? "all-leased" : "study-complete" };
      }),

    updateLease: <T>(leaseId: LeaseId, apply: Transact<T>) =>
      atomically(() => {
        const trialId = trialOfLease(sql, leaseId);
        return trialId === null ? null : change(trialId, apply);
      }),

    expireDue: <T>(apply: Transact<T>, limit: number) =>
      atomically(() =>
        sql(
          "SELECT trial_id, min(expires_at) FROM attempts " +
            "WHERE state = 'running' AND expires_at <= ? " +
            "GROUP BY trial_id ORDER BY min(expires_at) LIMIT ?",
        ).all(now(), limit).map((row) =>
          change(TrialIdRow.parse(row).trial_id, apply)
        )
      ),

    verifying: (studyId: StudyId, limit: number) =>
      attempt(() =>
        verifyingTrials(sql, studyId, limit).flatMap((trialId) =>
          readTrial(sql, trialId) ?? []
        )
      ),

    running: (studyId: StudyId, limit: number) =>
      attempt(() =>
        runningTrials(sql, studyId, limit).flatMap((trialId) =>
          readTrial(sql, trialId) ?? []
        )
      ),

    trust: (workerId: WorkerId, backend: BackendName) =>
      attempt(() => readTrust(sql, workerId, backend)),
    noteTrust: (workerId: WorkerId, backend: BackendName, what) =>
      atomically(() => noteTrust(sql, workerId, backend, what, now())),
    vouchedByLiars: (limit: number) =>
      attempt(() => vouchedByLiars(sql, limit)),

    runningLeases: (workerId: WorkerId) => attempt(() => held(sql, workerId)),

    counts: (studyId: StudyId): Promise<Record<TrialState, number>> =>
      attempt(() => stateCounts(sql, studyId)),
    recentAcceptances: (studyId: StudyId, limit: number) =>
      attempt(() => recentAcceptances(sql, studyId, limit)),
    changesSince: (studyId: StudyId, revision: number, limit = Infinity) =>
      attempt(() => readChanges(sql, studyId, revision, limit)),
    trials: (studyId: StudyId, page: PageRequest) =>
      attempt(() => listTrials(sql, studyId, page)),
    curves: (studyId: StudyId, page: CurveRequest) =>
      attempt(() => listCurves(sql, studyId, page)),
    trial: (trialId: TrialId) =>
      attempt(() => {
        const trial = readTrial(sql, trialId);
        return trial === null
          ? null
          : { trial, names: readNames(sql, trialId) };
      }),

    secret: (name: SecretName) =>
      attempt(() => {
        const row = sql("SELECT hash FROM secrets WHERE name = ?").get(name);
        return row === undefined ? null : SecretRow.parse(row).hash;
      }),
    keepSecret: (name: SecretName, hash: string, replace: boolean) =>
      atomically(() => {
        const otherwise = replace
          ? "DO UPDATE SET hash = excluded.hash"
          : "DO NOTHING";
        sql(
          "INSERT INTO secrets (name, hash) VALUES (?, ?) " +
            `ON CONFLICT (name) ${otherwise}`,
        ).run(name, hash);
        return SecretRow.parse(
          sql("SELECT hash FROM secrets WHERE name = ?").get(name),
        ).hash;
      }),

    activateStudy: (studyId: StudyId | null) =>
      atomically(() => {
        sql("INSERT OR REPLACE INTO lending (one, study_id) VALUES (1, ?)")
          .run(studyId);
      }),
    news: () => attempt(() => readNews(sql)),
    // The file is one coordinator's alone.
    watch: () => null,
    alone: () => Promise.resolve(true),
    exclusively: createTurnstile(),

    ping: () => attempt(() => void sql("SELECT 1").get()),
    close: () =>
      attempt(() => {
        batcher.flush();
        close();
      }),
  };
}

/** The clock, ahead by as much as it is behind `earliest` at this moment. */
function notBefore(earliest: Instant, clock: () => Instant): () => Instant {
  const ahead = Math.max(0, earliest - clock());
  return () => clock() + ahead;
}

/** Runs it, with SQLite's troubles of the moment as StorageErrors. */
function attempt<T>(work: () => T): Promise<T> {
  try {
    return Promise.resolve(work());
  } catch (error) {
    return Promise.reject(explain(error));
  }
}

function explain(error: unknown): unknown {
  const why = error instanceof Error ? error.message : String(error);
  switch (sqliteCode(error)) {
    case SQLITE.busy:
    case SQLITE.locked:
    case SQLITE.readOnly:
    case SQLITE.ioError:
    case SQLITE.full:
    case SQLITE.cannotOpen:
      return new StorageError(
        "unavailable",
        `the database cannot be written now: ${why}; check disk and ` +
          "permissions",
        error,
      );
    default:
      return error;
  }
}

/** Raises the study's revision and marks the trial with it. */
function stamp(sql: Sql, studyId: StudyId, trialId: TrialId): number {
  const { revision } = RevisionRow.parse(
    sql(
      "UPDATE studies SET revision = revision + 1 WHERE study_id = ? " +
        "RETURNING revision",
    ).get(studyId),
  );
  sql("UPDATE trials SET revision = ? WHERE trial_id = ?")
    .run(revision, trialId);
  return revision;
}

function at(sql: Sql, studyId: StudyId): number {
  return RevisionRow.parse(
    sql("SELECT revision FROM studies WHERE study_id = ?").get(studyId),
  ).revision;
}

function trialOfLease(sql: Sql, leaseId: LeaseId): TrialId | null {
  const row = sql("SELECT trial_id FROM attempts WHERE lease_id = ?")
    .get(leaseId);
  return row === undefined ? null : TrialIdRow.parse(row).trial_id;
}

function held(sql: Sql, workerId: WorkerId) {
  return sql(
    "SELECT lease_id, attempt FROM attempts " +
      "WHERE worker_id = ? AND state = 'running' ORDER BY started_at, lease_id",
  ).all(workerId).map((row) => HeldRow.parse(row));
}

function nextTrial(sql: Sql, request: ClaimRequest): TrialId | null {
  const { studyId, workerId, maxFailures } = request;
  // Nearly always the first row of an index.
  const fresh = sql(
    "SELECT trial_id FROM trials AS t WHERE study_id = ? AND planned = 1 " +
      "AND state = 'queued' AND NOT EXISTS (SELECT 1 FROM attempts AS a " +
      "WHERE a.trial_id = t.trial_id AND a.worker_id = ? " +
      "AND a.state IN ('failed', 'refused')) ORDER BY replicate, position LIMIT 1",
  ).get(studyId, workerId);
  const row = fresh ?? sql(
    "SELECT t.trial_id FROM trials AS t JOIN attempts AS a " +
      "ON a.trial_id = t.trial_id AND a.worker_id = ? " +
      "AND a.state IN ('failed', 'refused') " +
      "WHERE study_id = ? AND planned = 1 AND t.state = 'queued' " +
      "GROUP BY t.trial_id HAVING count(*) < ? " +
      "ORDER BY replicate, position LIMIT 1",
  ).get(workerId, studyId, maxFailures);
  return row === undefined ? null : TrialIdRow.parse(row).trial_id;
}

function insertWorker(sql: Sql, worker: NewWorker, now: Instant): void {
  sql(
    "INSERT INTO workers (worker_id, name, kind, threads, device, " +
      "protocol_version, token_hash, registered_at, last_seen_at, has_left) " +
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
  ).run(
    worker.workerId,
    worker.name,
    worker.kind,
    worker.threads,
    worker.device,
    worker.protocolVersion,
    worker.tokenHash,
    now,
    now,
  );
}
