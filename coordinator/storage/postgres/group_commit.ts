import { setImmediate } from "node:timers";
import * as z from "zod";
import {
  type LeaseId,
  type StudyId,
  type TrialId,
  WorkerId,
} from "../../../protocol/ids.ts";
import type { Instant, TrialRecord } from "../../lease/trial.ts";
import {
  type Ending,
  explainTrouble,
  type PostgresPool,
  type Queries,
} from "./pool.ts";
import { revisionBefore, type Stamps, stampTrials } from "./trial.ts";
import { readTrials, type TrialChange, writeTrials } from "./trial.ts";
import { CountRow, LeaseRow, TrialIdRow } from "../sql/rows.ts";
import {
  type Changed,
  type Claim,
  type ClaimRequest,
  StorageError,
  type Transact,
} from "../storage.ts";

/**
 * Claims and changes of leases. Calls that wait for a connection share one
 * transaction: it locks their trials, reads them, calls their functions, writes
 * the differences and raises the revisions, each in one statement for all
 * calls. So many calls wait for the disk only once, and a study's row, which
 * every change of the study locks, is locked only for the duration of a commit.
 */
export interface GroupCommit {
  claim<T>(request: ClaimRequest, apply: Transact<T>): Promise<Claim<T>>;
  update<T>(leaseId: LeaseId, apply: Transact<T>): Promise<Changed<T> | null>;
  /** The same for given trials, each independently. */
  change<T>(trialId: TrialId, apply: Transact<T>): Promise<Changed<T> | null>;
}

/** Most concurrent transactions: the other connections serve reads of pages. */
const AT_ONCE = 4;
/** Most calls in one transaction. */
const MOST = 100;
/** Most waiting calls, a few seconds of work. More are refused. */
const MAX_WAITING = 5_000;

/** A waiting call and how it is settled. */
interface Unit {
  readonly leaseId: LeaseId | null;
  readonly trialId: TrialId | null;
  readonly claim: ClaimRequest | null;
  readonly apply: Transact<unknown>;
  readonly settle: (claim: Claim<unknown> | null) => void;
  readonly fail: (error: unknown) => void;
}

type Answer = { readonly claim: Claim<unknown> | null } | {
  readonly error: unknown;
};

/** The outcome of a transaction. */
interface Outcome {
  readonly answers: readonly Answer[];
  /** Whether the content of pages changed. */
  readonly visible: boolean;
}

export function createGroupCommit(
  { pool, clock, coordinatorId, onBatch, onChange, explain }: {
    readonly pool: PostgresPool;
    /** For tests. Default: the database's time. */
    readonly clock: (() => Instant) | undefined;
    readonly coordinatorId: string;
    readonly onBatch: (calls: number, milliseconds: number) => void;
    /** Called after a change that other coordinators' pages show. */
    readonly onChange: () => void;
    /** Converts errors about stored values to readable ones. */
    readonly explain: (error: unknown) => unknown;
  },
): GroupCommit {
  const waiting: Unit[] = [];
  let running = 0;
  let scheduled = false;

  function pump(): void {
    scheduled = false;
    while (running < AT_ONCE && waiting.length > 0) {
      const batch = waiting.splice(0, MOST);
      running++;
      run(batch).finally(() => {
        running--;
        pump();
      });
    }
  }

  async function run(batch: readonly Unit[]): Promise<void> {
    const start = performance.now();
    try {
      const { answers, visible } = await pool.batch((tx) =>
        runBatch(tx, batch, clock, coordinatorId)
      );
      onBatch(batch.length, performance.now() - start);
      if (visible) onChange();
      batch.forEach((unit, i) => {
        const answer = answers[i] ?? { claim: null };
        if ("error" in answer) unit.fail(answer.error);
        else unit.settle(answer.claim);
      });
    } catch (error) {
      const trouble = explainTrouble(error);
      const shared = batch.length > 1 && !(trouble instanceof StorageError);
      if (!shared) {
        const explained = explain(trouble);
        return batch.forEach((unit) => unit.fail(explained));
      }
      // One call violates a constraint or reads an unreadable value, so each
      // call is tried alone.
      for (const unit of batch) await run([unit]);
    }
  }

  function enter(
    what: Pick<Unit, "apply"> & Partial<Unit>,
  ): Promise<Claim<unknown> | null> {
    return new Promise((settle, fail) => {
      if (waiting.length >= MAX_WAITING) {
        fail(
          new StorageError(
            "unavailable",
            `the database is overloaded: ${waiting.length} ` +
              "calls are waiting",
          ),
        );
        return;
      }
      waiting.push({
        leaseId: null,
        trialId: null,
        claim: null,
        ...what,
        settle,
        fail,
      });
      if (scheduled) return;
      scheduled = true;
      setImmediate(pump);
    });
  }

  /** Keeps the type of the value that a call's function returns. */
  function typed<T>(apply: Transact<T>) {
    let value: { readonly made: T } | null = null;
    return {
      apply: ((trial, now) => {
        const change = apply(trial, now);
        value = { made: change.value };
        return change;
      }) satisfies Transact<T>,
      changed({ studyId, trialId, revision }: Changed<unknown>): Changed<T> {
        if (value === null) throw new Error("a change without a result");
        return { value: value.made, studyId, trialId, revision };
      },
    };
  }

  async function changed<T>(
    where: Partial<Pick<Unit, "leaseId" | "trialId">>,
    apply: Transact<T>,
  ): Promise<Changed<T> | null> {
    const own = typed(apply);
    const claim = await enter({ ...where, apply: own.apply });
    return claim?.type === "claimed" ? own.changed(claim) : null;
  }

  return {
    async claim<T>(request: ClaimRequest, apply: Transact<T>) {
      const own = typed(apply);
      const claim = await enter({ claim: request, apply: own.apply });
      if (claim === null) throw new Error("a claim without a result");
      return claim.type === "claimed"
        ? { type: claim.type, ...own.changed(claim) }
        : claim;
    },
    update: (leaseId, apply) => changed({ leaseId }, apply),
    change: (trialId, apply) => changed({ trialId }, apply),
  };
}

const LeaseTrialRow = LeaseRow.extend(TrialIdRow.shape);
const HeldCountRow = CountRow.extend({ worker_id: WorkerId });
const FailureRow = HeldCountRow.extend(TrialIdRow.shape);
const NowRow = z.object({ now: z.number() });

/** One transaction's work. */
async function runBatch(
  tx: Queries,
  units: readonly Unit[],
  clock: (() => Instant) | undefined,
  coordinatorId: string,
): Promise<Ending<Outcome>> {
  const claims = units.flatMap(({ claim }) => claim ?? []);
  const claimants = claims.map(({ workerId }) => workerId);
  const [trialOf, held, failures] = await Promise.all([
    trialsOfLeases(
      tx,
      units.flatMap(({ leaseId, claim }) => claim?.leaseId ?? leaseId ?? []),
    ),
    heldByWorkers(tx, claimants),
    failuresOfWorkers(tx, claimants),
  ]);
  const fresh = claims.filter(({ leaseId, speculative }) =>
    speculative === undefined && !trialOf.has(leaseId)
  );
  const named = units.flatMap(({ leaseId, trialId, claim }) =>
    trialOf.get(claim?.leaseId ?? leaseId) ?? trialId ?? claim?.speculative ??
      []
  );
  // All transactions lock in the same order, so there is no deadlock.
  // Candidates come last and are never waited for: those that others hold are
  // skipped.
  const [, candidates] = await Promise.all([
    lockTrials(tx, named),
    findCandidates(tx, fresh, failures),
  ]);
  // Read in a later statement than the one that waited for the lock, because
  // that one saw the other tables as they were before it waited.
  const [stored, [moment]] = await Promise.all([
    readTrials(tx, [...new Set([...named, ...candidates.all])]),
    clock === undefined ? tx.rows("SELECT swarm_now() AS now") : [],
  ]);
  const now = clock?.() ?? NowRow.parse(moment).now;

  const records = new Map<TrialId, TrialRecord>();
  const record = (id: TrialId) => records.get(id) ?? stored.get(id)?.trial;
  const stamped = new Map<StudyId, Stamps>();
  const answers: (Answer & { stamp?: number })[] = [];

  function change(trial: TrialRecord, apply: Transact<unknown>): void {
    const { studyId, trialId } = trial.spec;
    const { trial: after, changed, value } = apply(trial, now);
    records.set(trialId, after);
    const stamps: Stamps = stamped.get(studyId) ??
      { trials: new Map(), order: [] };
    stamped.set(studyId, stamps);
    if (changed || after.state !== trial.state) {
      stamps.trials.set(trialId, after);
    }
    if (changed) stamps.order.push(trialId);
    const claim = {
      type: "claimed" as const,
      value,
      studyId,
      trialId,
      revision: stored.get(trialId)?.revision ?? 0,
    };
    answers.push(changed ? { claim, stamp: stamps.order.length } : { claim });
  }

  for (const unit of units) {
    const { claim, leaseId, trialId } = unit;
    try {
      if (claim === null) {
        const id = trialId ?? trialOf.get(leaseId);
        const trial = id === undefined ? undefined : record(id);
        if (trial === undefined) answers.push({ claim: null });
        else change(trial, unit.apply);
        continue;
      }
      const known = trialOf.get(claim.leaseId);
      const repeated = known === undefined ? undefined : record(known);
      if (repeated !== undefined) {
        answers.push({ claim: { type: "repeated", trial: repeated } });
        continue;
      }
      const holds = held.get(claim.workerId) ?? 0;
      if (holds >= claim.maxLeases) {
        answers.push({ claim: { type: "enough-leases" } });
        continue;
      }
      const next = claim.speculative ?? candidates.take(claim, record);
      const trial = next === undefined ? undefined : record(next);
      if (trial === undefined) {
        const type = await openTrials(tx, claim.studyId)
          ? "all-leased" as const
          : "study-complete" as const;
        answers.push({ claim: { type } });
        continue;
      }
      change(trial, unit.apply);
      held.set(claim.workerId, holds + 1);
      trialOf.set(claim.leaseId, trial.spec.trialId);
    } catch (error) {
      answers.push({ error });
    }
  }

  const changes = [...records].flatMap(([id, after]): TrialChange[] => {
    const before = stored.get(id)?.trial;
    return before === undefined || before === after ? [] : [{ before, after }];
  });
  await writeTrials(tx, changes, coordinatorId);
  const { studies, last } = stampTrials(stamped);
  const visible = last.length > 0 ||
    changes.some(({ before, after }) => isVisible(before, after));
  return {
    last,
    value(rows) {
      const revisions = new Map(
        studies.map((study, i) => [study, revisionBefore(rows[i] ?? [])]),
      );
      return {
        visible,
        answers: answers.map((answer) => {
          if (!("claim" in answer) || answer.claim?.type !== "claimed") {
            return answer;
          }
          const before = revisions.get(answer.claim.studyId);
          const { stamp } = answer;
          return before === undefined || stamp === undefined
            ? answer
            : { claim: { ...answer.claim, revision: before + stamp } };
        }),
      };
    },
  };
}

/** Whether pages show a difference: a renewed lease does not. */
function isVisible(before: TrialRecord, after: TrialRecord): boolean {
  const epochs = ({ attempts }: TrialRecord) =>
    attempts.reduce((sum, a) => sum + a.epochs.length, 0);
  return epochs(before) !== epochs(after);
}

async function trialsOfLeases(
  { rows }: Queries,
  leaseIds: readonly LeaseId[],
): Promise<Map<LeaseId | null, TrialId>> {
  if (leaseIds.length === 0) return new Map();
  return new Map(
    (await rows(
      "SELECT lease_id, trial_id FROM attempts WHERE lease_id = ANY($1)",
      [leaseIds],
    )).map((row) => {
      const { lease_id, trial_id } = LeaseTrialRow.parse(row);
      return [lease_id, trial_id];
    }),
  );
}

/**
 * Leases that these workers hold. Locks the workers: of two claims of one
 * worker at two coordinators, the second must see the first one's lease.
 */
async function heldByWorkers(
  { rows }: Queries,
  workerIds: readonly WorkerId[],
): Promise<Map<WorkerId, number>> {
  if (workerIds.length === 0) return new Map();
  const [, counted] = await Promise.all([
    rows(
      "SELECT 1 FROM workers WHERE worker_id = ANY($1) ORDER BY worker_id " +
        "FOR NO KEY UPDATE",
      [workerIds],
    ),
    rows(
      "SELECT worker_id, count(*) AS n FROM attempts " +
        "WHERE worker_id = ANY($1) AND state = 'running' GROUP BY worker_id",
      [workerIds],
    ),
  ]);
  return new Map(counted.map((row) => {
    const { worker_id, n } = HeldCountRow.parse(row);
    return [worker_id, n];
  }));
}

async function lockTrials(
  { rows }: Queries,
  trialIds: readonly TrialId[],
): Promise<void> {
  if (trialIds.length === 0) return;
  await rows(
    "SELECT 1 FROM trials WHERE trial_id = ANY($1) ORDER BY trial_id " +
      "FOR NO KEY UPDATE",
    [trialIds],
  );
}

/** Queued trials that no other transaction is leasing. */
interface Candidates {
  readonly all: readonly TrialId[];
  /** Removes and returns the next trial for the worker. */
  take(
    claim: ClaimRequest,
    record: (id: TrialId) => TrialRecord | undefined,
  ): TrialId | undefined;
}

/** The ORDER BY must be the expression of the index. Exported for tests. */
export const QUEUED = "SELECT trial_id FROM trials WHERE study_id = $1 " +
  "AND planned AND state = 'queued' " +
  "ORDER BY (replicate::bigint << 32) + position LIMIT $2 " +
  "FOR NO KEY UPDATE SKIP LOCKED";

/** Number of failures of each worker on each queued trial. */
async function failuresOfWorkers(
  { rows }: Queries,
  workerIds: readonly WorkerId[],
): Promise<Map<string, number>> {
  if (workerIds.length === 0) return new Map();
  return new Map(
    (await rows(
      "SELECT worker_id, trial_id, count(*) AS n FROM attempts " +
        "WHERE worker_id = ANY($1) AND state IN ('failed', 'refused') " +
        "AND EXISTS (SELECT 1 FROM trials AS t WHERE state = 'queued' " +
        "AND planned AND t.trial_id = attempts.trial_id) GROUP BY 1, 2",
      [workerIds],
    )).map((row) => {
      const { worker_id, trial_id, n } = FailureRow.parse(row);
      return [`${worker_id} ${trial_id}`, n];
    }),
  );
}

/**
 * Locks as many trials as there are claims, plus the number of trials on which
 * these workers failed, so that each claim finds a trial if one exists for it.
 */
async function findCandidates(
  { rows }: Queries,
  claims: readonly ClaimRequest[],
  failures: ReadonlyMap<string, number>,
): Promise<Candidates> {
  const found = new Map<StudyId, TrialId[]>();
  for (const studyId of new Set(claims.map((claim) => claim.studyId))) {
    const locked = await rows(QUEUED, [
      studyId,
      claims.length + failures.size,
    ]);
    found.set(studyId, locked.map((row) => TrialIdRow.parse(row).trial_id));
  }
  return {
    all: [...found.values()].flat(),
    take({ studyId, workerId, maxFailures }, record) {
      const failed = (id: TrialId) => failures.get(`${workerId} ${id}`) ?? 0;
      const free = (found.get(studyId) ?? []).filter((id) =>
        record(id)?.state === "queued"
      );
      return free.find((id) => failed(id) === 0) ??
        free.find((id) => failed(id) < maxFailures);
    },
  };
}

async function openTrials(
  { rows }: Queries,
  studyId: StudyId,
): Promise<boolean> {
  const open = await rows(
    "SELECT 1 FROM tally WHERE study_id = $1 AND n > 0 " +
      "AND state IN ('queued', 'leased', 'verifying') LIMIT 1",
    [studyId],
  );
  return open.length > 0;
}
