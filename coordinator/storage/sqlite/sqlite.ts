import { messageOf } from "../../../protocol/error_text.ts";
import type {
  LeaseId,
  StudyId,
  TrialId,
  WorkerId,
} from "../../../protocol/ids.ts";
import type { StudyDefinition, TrialSpec } from "../../../protocol/study.ts";
import type { BackendName } from "../../../protocol/training.ts";
import type { Instant } from "../../lease/trial.ts";
import { createLocalLock } from "./batch.ts";
import { sharedCalls } from "../sql/calls.ts";
import { planTrials } from "../sql/plan.ts";
import { type Program, query } from "../sql/program.ts";
import {
  dueTrials,
  heldLeases,
  latestInstant,
  readActiveStudy,
  readRevisions,
  stateCounts,
} from "../sql/reads.ts";
import {
  ActiveStudyRow,
  RevisionRow,
  TrialIdRow,
  TrustRow,
  WorkerRow,
} from "../sql/rows.ts";
import { createTrialCache } from "./trial.ts";
import { createUnreadableStudies } from "../sql/unreadable.ts";
import {
  type Changed,
  type Claim,
  type ClaimRequest,
  type News,
  type Storage,
  StorageError,
  type Transact,
  type WorkerUpdate,
} from "../storage.ts";
import { createBatcher } from "./batch.ts";
import { openDatabase, type OpenOptions, SQLITE, sqliteCode } from "./open.ts";
import { prepareOnce, runProgram, type Sql } from "./statements.ts";
import { readTrial, writeTrial } from "./trial.ts";

export interface SqliteOptions extends OpenOptions {
  /** Called once for each study that a newer version has written. */
  readonly onUnreadable?: (error: StorageError) => void;
}

/**
 * Opens or creates a SQLite file as the swarm's storage. `:memory:` keeps
 * everything in memory with the same code.
 *
 * @param clock The storage's clock: whole milliseconds since 1970. If it is
 * behind the file's latest event, it was set back meanwhile, and the difference
 * is added.
 * @throws StorageError with one line that says what to do.
 */
export function openSqlite(
  path: string,
  clock: () => Instant,
  options: SqliteOptions = {},
): Storage {
  const { db, close } = openDatabase(path, options);
  const sql = prepareOnce(db);
  const run = <T>(program: Program<T>): T => runProgram(sql, program);
  const now = notBefore(run(latestInstant()), clock);
  const unreadable = createUnreadableStudies(
    path,
    options.onUnreadable ?? (() => {}),
  );
  const explain = (error: unknown) => unreadable.explain(explainTrouble(error));

  const cache = createTrialCache();
  const batcher = createBatcher(db, sql, explain, {
    onUndone: cache.forget,
    ...options.onBatch !== undefined && { onBatch: options.onBatch },
  });
  /** Runs the work atomically; there is no other writer. */
  const atomically = batcher.run;

  /** Runs it and converts SQLite's temporary errors to StorageErrors. */
  function attempt<T>(work: () => T): Promise<T> {
    try {
      return Promise.resolve(work());
    } catch (error) {
      return Promise.reject(explain(error));
    }
  }

  const read = <T>(program: () => Program<T>) => attempt(() => run(program()));

  const shared = sharedCalls({
    read,
    // A program runs synchronously, so there are no writes in between.
    snapshot: read,
    change: (text, ...values) => atomically(() => run(query(text, ...values))),
    transaction: (program) =>
      atomically(() => {
        cache.forget();
        return run(program());
      }),
    trials: (ids) =>
      attempt(() => ids.flatMap((trialId) => readTrial(sql, trialId) ?? [])),
    at: now,
    tell() {},
    unreadable,
  });

  function change<T>(trialId: TrialId, apply: Transact<T>): Changed<T> {
    const before = cache.get(trialId) ?? readTrial(sql, trialId);
    if (before === null) {
      throw new Error(`a lease whose trial is missing: ${trialId}`);
    }
    const { trial: after, changed, value } = apply(before, now());
    writeTrial(sql, before, after);
    cache.keep(after);
    const { studyId } = before.spec;
    const revision = changed ? stamp(sql, studyId, trialId) : at(sql, studyId);
    return { value, studyId, trialId, revision };
  }

  let gathered: {
    readonly ids: Set<WorkerId>;
    readonly stored: Promise<void>;
  } | null = null;
  /** Stores last-seen times: all pending ones in one unit. */
  function noteSeen(workerId: WorkerId): Promise<void> {
    if (gathered === null) {
      const ids = new Set<WorkerId>();
      const stored = atomically(() => {
        gathered = null;
        for (const id of ids) {
          sql(
            "UPDATE workers SET last_seen_at = ?, has_left = 0 " +
              "WHERE worker_id = ?",
          ).run(now(), id);
        }
      });
      gathered = { ids, stored };
    }
    gathered.ids.add(workerId);
    return gathered.stored;
  }

  return {
    ...shared,
    now,

    plan: (study: StudyDefinition, trials: readonly TrialSpec[]) =>
      atomically(() => {
        cache.forget();
        return run(planTrials(study, trials));
      }),

    worker: (workerId: WorkerId) =>
      attempt(() => {
        const row = sql("SELECT * FROM workers WHERE worker_id = ?")
          .get(workerId);
        return row === undefined ? null : WorkerRow.parse(row);
      }),

    seen: (workerId: WorkerId, update: WorkerUpdate) =>
      !update.left && update.backend === undefined
        ? noteSeen(workerId)
        : shared.seen(workerId, update),

    claim: <T>(request: ClaimRequest, apply: Transact<T>) =>
      atomically((): Claim<T> => {
        const known = trialOfLease(sql, request.leaseId);
        if (known !== null) {
          const trial = readTrial(sql, known);
          if (trial !== null) return { type: "repeated", trial };
        }
        if (run(heldLeases(request.workerId)).length >= request.maxLeases) {
          return { type: "enough-leases" };
        }
        const next = request.speculative ?? nextTrial(sql, request);
        if (next !== null) return { type: "claimed", ...change(next, apply) };
        const n = run(stateCounts(request.studyId));
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
        run(dueTrials(now(), limit, unreadable.ids)).flatMap((trialId) =>
          unreadable.skip(() => [change(trialId, apply)]) ?? []
        )
      ),

    trust: (workerId: WorkerId, backend: BackendName) =>
      attempt(() => {
        const row = sql(
          "SELECT accepted, lies FROM trust " +
            "WHERE worker_id = ? AND backend = ?",
        ).get(workerId, backend);
        return row === undefined
          ? { accepted: 0, lies: 0 }
          : TrustRow.parse(row);
      }),

    // There is only one coordinator, so no epochs come from others.
    news: () =>
      attempt((): News => {
        const row = run(readActiveStudy());
        return {
          ...row !== undefined && {
            activeStudy: unreadable.skip(() => ActiveStudyRow.parse(row))
              ?.definition ?? null,
          },
          revisions: run(readRevisions()),
          epochs: [],
        };
      }),
    // Only one coordinator can use the file.
    watch: () => null,
    alone: () => Promise.resolve(true),
    exclusively: createLocalLock(),

    close: () =>
      attempt(() => {
        batcher.flush();
        close();
      }),
  };
}

/** The clock plus the time by which it is behind `earliest` now. */
function notBefore(earliest: Instant, clock: () => Instant): () => Instant {
  const ahead = Math.max(0, earliest - clock());
  return () => clock() + ahead;
}

function explainTrouble(error: unknown): unknown {
  const why = messageOf(error);
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

/** Raises the study's revision and stores it in the trial. */
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

function nextTrial(sql: Sql, request: ClaimRequest): TrialId | null {
  const { studyId, workerId, maxFailures } = request;
  // Usually the first row of an index.
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
