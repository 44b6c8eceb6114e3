import type {
  LeaseId,
  StudyId,
  TrialId,
  WorkerId,
} from "../../protocol/ids.ts";
import type { StudyDefinition } from "../../protocol/study.ts";
import type { BackendName, TrialResult } from "../../protocol/training.ts";
import { publishedResult } from "../verification/check_result.ts";
import { sameValue } from "../lease/same_value.ts";
import {
  type Attempt,
  deliveredAttempts,
  failuresOn,
  furthest,
  type Instant,
  newTrial,
  nextExpiry,
  runningAttempts,
  type TrialRecord,
} from "../lease/trial.ts";
import {
  type Acceptance,
  type Changed,
  type ClaimRequest,
  conflictingPlan,
  type PlanOutcome,
  RECENT_RESULTS,
  type SecretName,
  type Storage,
  type StudyRecord,
  type Transact,
  type TrialBrief,
  type TrialCurveRecord,
  type Trust,
  type WorkerRecord,
} from "./storage.ts";
import { createTurnstile } from "./local_lock.ts";

/** Whether the trial lost its result for a reason. */
function withdrawn(attempt: number, trial: TrialRecord): boolean {
  return trial.attempts[attempt - 1]?.state === "refused";
}

/** The result that counts; null: there is none yet. */
function published(trial: TrialRecord): TrialResult | null {
  if (trial.state !== "completed") return null;
  const { result, recomputed } = trial.accepted;
  return publishedResult(result, recomputed);
}

interface Study {
  definition: StudyDefinition;
  revision: number;
  deleted: boolean;
}

/** A trial as stored; `position` orders the plan. */
interface Row {
  trial: TrialRecord;
  position: number;
  revision: number;
}

/**
 * The swarm's storage in plain maps, for tests and for reading: the contract
 * without SQL. Records are immutable, so handing them out is safe.
 *
 * @param now The storage's clock: whole milliseconds since 1970.
 */
export function openMemory(now: () => Instant): Storage {
  const studies = new Map<StudyId, Study>();
  const workers = new Map<WorkerId, WorkerRecord>();
  const rows = new Map<TrialId, Row>();
  const leases = new Map<LeaseId, TrialId>();
  const trusts = new Map<string, Trust & { liedAt: Instant }>();

  const trustOf = (workerId: WorkerId, backend: BackendName) =>
    trusts.get(`${workerId} ${backend}`) ??
      { accepted: 0, lies: 0, liedAt: -Infinity };
  const secrets = new Map<SecretName, string>();
  let activeStudy: StudyId | null | undefined;

  const definitionOf = (id: StudyId | null) => {
    const study = id === null ? undefined : studies.get(id);
    return study === undefined || study.deleted ? null : study.definition;
  };

  const rowsOf = (studyId: StudyId) =>
    [...rows.values()].filter((r) => r.trial.spec.studyId === studyId);

  const plannedOf = (studyId: StudyId) =>
    rowsOf(studyId).filter((r) => r.trial.planned).sort((a, b) =>
      a.trial.spec.replicate - b.trial.spec.replicate || a.position - b.position
    );

  const counts = (studyId: StudyId) => {
    const n = {
      queued: 0,
      leased: 0,
      verifying: 0,
      completed: 0,
      quarantined: 0,
    };
    for (const { trial } of plannedOf(studyId)) n[trial.state]++;
    return n;
  };

  const online = (worker: WorkerRecord, since: Instant) =>
    !worker.left && worker.lastSeenAt >= since;

  /** Accepted results of these trials, the latest first. */
  const acceptances = (
    of: readonly Row[],
    by: (workerId: WorkerId) => boolean = () => true,
  ): Acceptance[] =>
    of.flatMap(({ trial }) =>
      trial.state === "completed" && by(trial.accepted.workerId)
        ? [{
          acceptedAt: trial.accepted.acceptedAt,
          startedAt: trial.attempts[trial.accepted.attempt - 1]?.startedAt ??
            trial.accepted.acceptedAt,
        }]
        : []
    ).sort((a, b) => b.acceptedAt - a.acceptedAt);

  const acceptancesOf = (workerId: WorkerId) =>
    acceptances([...rows.values()], (by) => by === workerId);

  const held = (workerId: WorkerId) =>
    [...rows.values()].flatMap((r) => runningAttempts(r.trial))
      .filter((a) => a.workerId === workerId)
      .sort((a, b) =>
        a.startedAt - b.startedAt || (a.leaseId < b.leaseId ? -1 : 1)
      ).map(({ leaseId, attempt }) => ({ leaseId, attempt }));

  function change<T>(row: Row, apply: Transact<T>): Changed<T> {
    const { trial, changed, value } = apply(row.trial, now());
    const { studyId, trialId } = trial.spec;
    if (
      row.trial.state === "completed" && trial.state !== "completed" &&
      !withdrawn(row.trial.accepted.attempt, trial)
    ) {
      throw new Error(`a completed trial stays completed: ${trialId}`);
    }
    for (const { leaseId } of trial.attempts) {
      if ((leases.get(leaseId) ?? trialId) !== trialId) {
        throw new Error(`a lease id exists once: ${leaseId}`);
      }
      leases.set(leaseId, trialId);
    }
    row.trial = trial;
    const study = studies.get(studyId);
    if (study === undefined) throw new Error(`no such study: ${studyId}`);
    if (changed) row.revision = ++study.revision;
    return { value, studyId, trialId, revision: study.revision };
  }

  function nextTrial(request: ClaimRequest): Row | undefined {
    const failures = (row: Row) => failuresOn(row.trial, request.workerId);
    const queued = plannedOf(request.studyId)
      .filter((r) => r.trial.state === "queued");
    return queued.find((r) => failures(r) === 0) ??
      queued.find((r) => failures(r) < request.maxFailures);
  }

  function record({ definition, revision }: Study): StudyRecord {
    const { completed } = counts(definition.id);
    const trials = plannedOf(definition.id).length;
    return { definition, revision, trials, completed };
  }

  function plan(
    ...[study, specs]: Parameters<Storage["plan"]>
  ): PlanOutcome {
    for (const spec of specs) {
      const old = rows.get(spec.trialId);
      if (old !== undefined && !sameValue(old.trial.spec, spec)) {
        throw conflictingPlan(spec.trialId);
      }
    }
    const before = studies.get(study.id);
    const revision = (before?.revision ?? 0) + 1;
    const outcome = { added: 0, restored: 0, unplanned: 0 };
    let differs = !sameValue(before?.definition, study);
    const left = new Set(rowsOf(study.id).filter((r) => r.trial.planned));
    for (const [position, spec] of specs.entries()) {
      const old = rows.get(spec.trialId);
      if (old === undefined) {
        outcome.added++;
        const trial = newTrial(spec);
        rows.set(spec.trialId, { trial, position, revision });
        differs = true;
        continue;
      }
      left.delete(old);
      if (old.trial.planned && old.position === position) continue;
      if (!old.trial.planned) outcome.restored++;
      old.trial = { ...old.trial, planned: true };
      Object.assign(old, { position, revision });
      differs = true;
    }
    for (const row of left) {
      outcome.unplanned++;
      row.trial = { ...row.trial, planned: false };
      row.revision = revision;
      differs = true;
    }
    studies.set(study.id, {
      definition: study,
      revision: differs ? revision : revision - 1,
      deleted: false,
    });
    return { ...outcome, revision: differs ? revision : revision - 1 };
  }

  /** The attempt that lists show of a trial. */
  const shownOf = (trial: TrialRecord): Attempt | undefined =>
    trial.state === "completed"
      ? trial.attempts[trial.accepted.attempt - 1]
      : furthest(trial);

  function brief({ trial }: Row): TrialBrief {
    const { spec, state, attempts } = trial;
    const shown = shownOf(trial);
    const result = trial.state === "completed" ? trial.accepted.result : null;
    return {
      trialId: spec.trialId,
      studyId: spec.studyId,
      params: spec.params,
      replicate: spec.replicate,
      state,
      attempts: attempts.length,
      workerName: shown && workers.get(shown.workerId)?.name || null,
      backend: shown?.backend ?? null,
      backendDetail: shown?.backendDetail ?? null,
      startedAt: shown?.startedAt ?? null,
      endedAt: shown === undefined || shown.state === "running"
        ? null
        : shown.endedAt,
      epochsDone: result?.epochs.length ?? shown?.epochs.length ?? 0,
      seconds: result?.seconds ?? null,
    };
  }

  // Async, so that what throws inside becomes a rejection, as elsewhere.
  // deno-lint-ignore require-await
  const atomically = async <T>(work: () => T): Promise<T> => work();

  return {
    now,
    plan: (study, trials) => atomically(() => plan(study, trials)),

    studies: () =>
      atomically(() =>
        [...studies.values()].filter((s) => !s.deleted).map(record).sort((
          a,
          b,
        ) => a.definition.id < b.definition.id ? -1 : 1)
      ),
    study: (studyId) =>
      atomically(() => {
        const study = studies.get(studyId);
        return study === undefined || study.deleted ? null : record(study);
      }),
    deleteStudy: (studyId) =>
      atomically(() => {
        const study = studies.get(studyId);
        if (study === undefined || study.deleted) return false;
        study.deleted = true;
        study.revision++;
        for (const row of rowsOf(studyId).filter((r) => r.trial.planned)) {
          row.trial = { ...row.trial, planned: false };
          row.revision = study.revision;
        }
        return true;
      }),

    registerWorker: (worker) =>
      atomically(() => {
        if (workers.has(worker.workerId)) {
          throw new Error(`a worker id exists once: ${worker.workerId}`);
        }
        workers.set(worker.workerId, {
          ...worker,
          backend: null,
          backendDetail: null,
          stepMilliseconds: null,
          registeredAt: now(),
          lastSeenAt: now(),
          left: false,
          removed: false,
        });
      }),
    removeWorker: (workerId) =>
      atomically(() => {
        const old = workers.get(workerId);
        if (old !== undefined) workers.set(workerId, { ...old, removed: true });
      }),
    worker: (workerId) => atomically(() => workers.get(workerId) ?? null),
    seen: (workerId, { left, backend }) =>
      atomically(() => {
        const old = workers.get(workerId);
        if (old === undefined) return;
        workers.set(workerId, {
          ...old,
          lastSeenAt: now(),
          left,
          backend: backend === undefined ? old.backend : backend.name,
          backendDetail: backend === undefined
            ? old.backendDetail
            : backend.detail,
          stepMilliseconds: backend === undefined
            ? old.stepMilliseconds
            : backend.stepMilliseconds,
        });
      }),
    workers: (limit, { order = "seen", onlineSince, offset = 0 } = {}) =>
      atomically(() => {
        const rank = (w: WorkerRecord) =>
          order === "seen" ? w.lastSeenAt : acceptancesOf(w.workerId).length;
        return [...workers.values()]
          .filter((w) => onlineSince === undefined || online(w, onlineSince))
          .sort((a, b) =>
            rank(b) - rank(a) || a.registeredAt - b.registeredAt ||
            (a.workerId < b.workerId ? -1 : 1)
          ).slice(offset, offset + limit).map((worker) => {
            const accepted = acceptancesOf(worker.workerId);
            return {
              worker,
              trialsRunning: held(worker.workerId).length,
              trialsCompleted: accepted.length,
              recent: accepted.slice(0, RECENT_RESULTS),
            };
          });
      }),
    countWorkers: () => atomically(() => workers.size),
    countOnline: (since) =>
      atomically(() =>
        [...workers.values()].filter((w) => online(w, since)).length
      ),

    claim: (request, apply) =>
      atomically(() => {
        const known = leases.get(request.leaseId);
        const repeated = known === undefined ? undefined : rows.get(known);
        if (repeated !== undefined) {
          return { type: "repeated", trial: repeated.trial };
        }
        if (held(request.workerId).length >= request.maxLeases) {
          return { type: "enough-leases" };
        }
        const { speculative } = request;
        const next = speculative === undefined
          ? nextTrial(request)
          : rows.get(speculative);
        if (next !== undefined) {
          return { type: "claimed", ...change(next, apply) };
        }
        const { queued, leased, verifying } = counts(request.studyId);
        return {
          type: queued + leased + verifying > 0
            ? "all-leased"
            : "study-complete",
        };
      }),
    updateLease: (leaseId, apply) =>
      atomically(() => {
        const trialId = leases.get(leaseId);
        const row = trialId === undefined ? undefined : rows.get(trialId);
        return row === undefined ? null : change(row, apply);
      }),
    expireDue: (apply, limit) =>
      atomically(() => {
        const due = (row: Row) => nextExpiry(row.trial) ?? Infinity;
        return [...rows.values()].filter((r) => due(r) <= now())
          .sort((a, b) => due(a) - due(b)).slice(0, limit)
          .map((row) => change(row, apply));
      }),
    running: (studyId, limit) =>
      atomically(() => {
        const begun = (trial: TrialRecord) =>
          Math.min(...runningAttempts(trial).map((a) => a.startedAt));
        return plannedOf(studyId).map(({ trial }) => trial)
          .filter(({ state }) => state === "leased")
          .sort((a, b) =>
            runningAttempts(a).length - runningAttempts(b).length ||
            begun(a) - begun(b)
          ).slice(0, limit);
      }),
    verifying: (studyId, limit) =>
      atomically(() => {
        const since = ({ trial }: Row) =>
          Math.min(...deliveredAttempts(trial).map((a) => a.endedAt));
        return plannedOf(studyId).filter((r) => r.trial.state === "verifying")
          .sort((a, b) => since(a) - since(b)).slice(0, limit)
          .map(({ trial }) => trial);
      }),
    trust: (workerId, backend) =>
      atomically(() => {
        const { accepted, lies } = trustOf(workerId, backend);
        return { accepted, lies };
      }),
    noteTrust: (workerId, backend, what) =>
      atomically(() => {
        const before = trustOf(workerId, backend);
        trusts.set(
          `${workerId} ${backend}`,
          what === "lie"
            ? { accepted: 0, lies: before.lies + 1, liedAt: now() }
            : { ...before, accepted: before.accepted + 1 },
        );
      }),
    vouchedByLiars: (limit) =>
      atomically(() =>
        [...rows.values()].flatMap(({ trial }) => {
          if (trial.state !== "completed") return [];
          const { accepted } = trial;
          const by = trial.attempts[accepted.attempt - 1];
          const doubtful =
            accepted.repeatedEpochs < accepted.result.epochs.length &&
            by !== undefined &&
            accepted.acceptedAt <= trustOf(by.workerId, by.backend).liedAt;
          return doubtful ? [accepted.leaseId] : [];
        }).slice(0, limit)
      ),
    runningLeases: (workerId) => atomically(() => held(workerId)),

    counts: (studyId) => atomically(() => counts(studyId)),
    recentAcceptances: (studyId, limit) =>
      atomically(() => acceptances(plannedOf(studyId)).slice(0, limit)),
    changesSince: (studyId, revision, limit = Infinity) =>
      atomically(() => {
        const rows = rowsOf(studyId).filter((r) => r.revision > revision)
          .sort((a, b) => a.revision - b.revision || a.position - b.position);
        const end = rows[limit - 1]?.revision ??
          studies.get(studyId)?.revision ?? 0;
        return {
          revision: end,
          trials: rows.filter((r) => r.revision <= end)
            .map(({ trial, position }) => ({
              spec: trial.spec,
              position,
              planned: trial.planned,
              state: trial.state,
              result: published(trial),
              workerId: trial.state === "completed"
                ? trial.accepted.workerId
                : null,
            })),
        };
      }),
    trials: (studyId, { state, order = "leasing", limit, offset }) =>
      atomically(() => {
        const all = plannedOf(studyId)
          .filter((r) => state === undefined || r.trial.state === state);
        // Stable: those of one revision stay in leasing order.
        if (order === "latest") all.sort((a, b) => b.revision - a.revision);
        return {
          trials: all.slice(offset, offset + limit).map(brief),
          total: all.length,
        };
      }),
    curves: (studyId, { params, limit, offset }) =>
      atomically(() =>
        plannedOf(studyId).filter(({ trial }) =>
          params === undefined || sameValue(trial.spec.params, params)
        ).slice(offset, offset + limit).map((row): TrialCurveRecord => {
          const { trial } = row;
          const result = published(trial);
          const epochs = result?.epochs ?? shownOf(trial)?.epochs ?? [];
          return { ...brief(row), result, epochs };
        })
      ),
    trial: (trialId) =>
      atomically(() => {
        const trial = rows.get(trialId)?.trial;
        if (trial === undefined) return null;
        const ids = new Set(trial.attempts.map((a) => a.workerId));
        return {
          trial,
          names: new Map(
            [...ids].map((id) => [id, workers.get(id)?.name ?? ""]),
          ),
        };
      }),

    secret: (name) => atomically(() => secrets.get(name) ?? null),
    keepSecret: (name, hash, replace) =>
      atomically(() => {
        const kept = replace ? hash : secrets.get(name) ?? hash;
        secrets.set(name, kept);
        return kept;
      }),

    activateStudy: (studyId) => atomically(() => void (activeStudy = studyId)),
    news: () =>
      atomically(() => ({
        ...activeStudy === undefined
          ? {}
          : { activeStudy: definitionOf(activeStudy) },
        revisions: new Map(
          [...studies].map(([id, { revision }]) => [id, revision]),
        ),
        epochs: [],
      })),
    watch: () => null,
    alone: () => atomically(() => true),
    exclusively: createTurnstile(),

    ping: () => atomically(() => {}),
    close: () => atomically(() => {}),
  };
}
