import {
  axesOf,
  isRatePair,
  pointKey,
  ratesOf,
} from "../../protocol/grid_point.ts";
import type { StudyId, TrialId } from "../../protocol/ids.ts";
import type {
  Comparison,
  Leaderboard,
  Progress,
  Standstill,
} from "../../protocol/leaderboard.ts";
import type { Params, StudyDefinition } from "../../protocol/study.ts";
import type {
  AttemptView,
  PointView,
  StudyDetail,
  StudyList,
  TrialCurve,
  TrialPage,
  TrialState,
  TrialSummary,
  TrialView,
  WorkerList,
  WorkerOrder,
  WorkerView,
} from "../../protocol/views.ts";
import type { LeaseTerms, Policy } from "../lease/policy.ts";
import {
  standsStill,
  studyProgress,
  type Throughput,
  THROUGHPUT_RESULTS,
  trialsPerMinute,
} from "../lease/progress.ts";
import { furthest, type Instant } from "../lease/trial.ts";
import type {
  CurveRequest,
  PageRequest,
  Storage,
  TrialBrief,
  TrialChange,
  TrialCurveRecord,
  TrialWithNames,
  WorkerListing,
} from "../storage/storage.ts";
import { publishedResult } from "../verification/check_result.ts";
import type { StudyToRun } from "./service_types.ts";

/** Changes of a study since a revision. */
export interface StudyChanges {
  readonly definition: StudyDefinition;
  readonly revision: number;
  /** Changed trials with their results, including trials that left the plan. */
  readonly trials: readonly TrialChange[];
  /** Whether there are more changes after that revision. */
  readonly more: boolean;
}

/** Trials that can be read in about 10 ms. */
const CHANGES_AT_ONCE = 100;

/** The stored workers, without the comparison of their results. */
export interface WorkerRoll extends Omit<WorkerList, "workers" | "backends"> {
  readonly workers: readonly Omit<WorkerView, "deviation">[];
}

/** What pages may read. Null means not found. */
export interface Views {
  /** The active study. */
  activeStudy(): StudyId | null;
  studies(): Promise<StudyList>;
  study(studyId: StudyId): Promise<StudyDetail | null>;
  progress(studyId: StudyId): Promise<Progress>;
  /** The data of the progress that do not follow from the trials' states. */
  throughput(studyId: StudyId): Promise<Throughput>;
  /** Changes since a revision (0: all) in parts; workers are served between. */
  changes(studyId: StudyId, since: number): Promise<StudyChanges | null>;
  trials(studyId: StudyId, page: PageRequest): Promise<TrialPage | null>;
  trial(trialId: TrialId): Promise<TrialView | null>;
  /** By replicate, then in the plan's order; null for an unknown study. */
  curves(studyId: StudyId, page: CurveRequest): Promise<TrialCurve[] | null>;
  workers(request: WorkersRequest): Promise<WorkerRoll>;
  /** Workers seen lately. */
  workersOnline(): Promise<number>;
  /** Throws a StorageError if the storage does not respond. */
  ping(): Promise<void>;
}

/** Which workers to list. */
export interface WorkersRequest {
  readonly show: "all" | "online";
  readonly order: WorkerOrder;
  readonly limit: number;
  readonly offset: number;
}

export function createViews(deps: {
  readonly storage: Storage;
  readonly terms: LeaseTerms;
  readonly now: () => Instant;
  readonly policy: Policy;
  readonly study: () => StudyToRun | null;
}): Views {
  const { storage, terms, policy, now, study } = deps;

  const seenSince = () => now() - terms.offlineAfter * 1000;
  const activeStudy = () => study()?.definition.id ?? null;

  const throughput = async (studyId: StudyId) =>
    await throughputOf(studyId, await storage.counts(studyId));

  async function throughputOf(
    studyId: StudyId,
    counts: Record<TrialState, number>,
  ): Promise<Throughput> {
    const recent = await storage.recentAcceptances(studyId, THROUGHPUT_RESULTS);
    const workersOnline = await storage.countOnline(seenSince());
    return {
      workersOnline,
      trialsPerMinute: trialsPerMinute(recent, now()),
      // Asked only then: the question goes over all workers and trials.
      notLeasable: standsStill(counts)
        ? await notLeasable(studyId, workersOnline)
        : null,
    };
  }

  async function notLeasable(
    studyId: StudyId,
    workersOnline: number,
  ): Promise<Standstill | null> {
    if (studyId !== activeStudy()) return "not-active";
    if (workersOnline === 0) return "no-workers";
    const { failuresPerWorker } = policy;
    return await storage.anyLeasable(studyId, seenSince(), failuresPerWorker)
      ? null
      : "all-failed";
  }

  async function progress(studyId: StudyId): Promise<Progress> {
    const counts = await storage.counts(studyId);
    return studyProgress(counts, await throughputOf(studyId, counts));
  }

  return {
    activeStudy,
    progress,
    throughput,
    ping: () => storage.ping(),
    workersOnline: () => storage.countOnline(seenSince()),

    async studies() {
      const studies = (await storage.studies()).map((s) => ({
        id: s.definition.id,
        active: s.definition.id === activeStudy(),
        trials: s.trials,
        completed: s.completed,
      }));
      return { studies };
    },

    async study(studyId) {
      const found = await storage.study(studyId);
      const running = study();
      const active = studyId === running?.definition.id;
      return found === null ? null : {
        definition: found.definition,
        active,
        progress: await progress(studyId),
        revision: found.revision,
        dataset: active ? running.dataset : null,
      };
    },

    async changes(studyId, since) {
      const found = await storage.study(studyId);
      if (found === null) return null;
      const { definition, revision } = found;
      if (revision === since) {
        return { definition, revision, trials: [], more: false };
      }
      const part = await storage.changesSince(studyId, since, CHANGES_AT_ONCE);
      return { definition, ...part, more: part.revision < revision };
    },

    async trials(studyId, page) {
      if (await storage.study(studyId) === null) return null;
      const { trials, total } = await storage.trials(studyId, page);
      return { trials: trials.map(trialSummary), total };
    },

    async trial(trialId) {
      const found = await storage.trial(trialId);
      return found === null ? null : trialView(found);
    },

    async curves(studyId, page) {
      if (await storage.study(studyId) === null) return null;
      return (await storage.curves(studyId, page)).map(trialCurve);
    },

    async workers({ show, order, limit, offset }) {
      const at = now();
      const since = seenSince();
      const listings = await storage.workers(limit, {
        order,
        offset,
        ...show === "online" ? { onlineSince: since } : {},
      });
      const online = await storage.countOnline(since);
      return {
        workers: listings.map((listing) => workerView(listing, since, at)),
        online,
        total: show === "online" ? online : await storage.countWorkers(),
      };
    },
  };
}

/** Conversion of the storage's records to views. */

export function trialSummary(brief: TrialBrief): TrialSummary {
  return {
    trialId: brief.trialId,
    studyId: brief.studyId,
    params: brief.params,
    replicate: brief.replicate,
    state: brief.state,
    attempts: brief.attempts,
    workerName: brief.workerName,
    backend: brief.backend,
    backendDetail: brief.backendDetail,
    startedAt: toIsoOrNull(brief.startedAt),
    endedAt: toIsoOrNull(brief.endedAt),
    epochsDone: brief.epochsDone,
    seconds: brief.seconds,
  };
}

export function trialCurve(record: TrialCurveRecord): TrialCurve {
  const { result, epochs } = record;
  return {
    ...trialSummary(record),
    outcome: result?.outcome ?? null,
    divergedAtEpoch: result?.outcome === "diverged"
      ? result.divergedAtEpoch
      : null,
    checks: result?.outcome === "trained" ? result.checks : null,
    epochs: [...epochs],
  };
}

export function trialView({ trial, names }: TrialWithNames): TrialView {
  const { spec, state } = trial;
  const accepted = trial.state === "completed" ? trial.accepted : null;
  const shown = accepted === null
    ? furthest(trial)
    : trial.attempts.find((a) => a.attempt === accepted.attempt);
  return {
    trialId: spec.trialId,
    studyId: spec.studyId,
    params: spec.params,
    replicate: spec.replicate,
    seed: spec.seed,
    recipe: spec.recipe,
    planned: trial.planned,
    state,
    workerName: shown === undefined ? null : names.get(shown.workerId) ?? null,
    backend: shown?.backend ?? null,
    backendDetail: shown?.backendDetail ?? null,
    startedAt: toIsoOrNull(shown?.startedAt ?? null),
    endedAt: shown === undefined || shown.state === "running"
      ? null
      : toIso(shown.endedAt),
    epochsDone: accepted?.result.epochs.length ?? shown?.epochs.length ?? 0,
    seconds: accepted?.result.seconds ?? null,
    result: accepted === null
      ? null
      : publishedResult(accepted.result, accepted.recomputed),
    acceptedAttempt: accepted?.attempt ?? null,
    attempts: trial.attempts.map((a): AttemptView => ({
      attempt: a.attempt,
      state: a.state,
      workerId: a.workerId,
      workerName: names.get(a.workerId) ?? "",
      backend: a.backend,
      backendDetail: a.backendDetail,
      startedAt: toIso(a.startedAt),
      endedAt: a.state === "running" ? null : toIso(a.endedAt),
      epochs: [...a.epochs],
      message: a.state === "failed" || a.state === "refused" ||
          a.state === "released"
        ? a.message
        : null,
    })),
  };
}

/**
 * @param since A worker that was seen since then and has not left is online.
 */
export function workerView(
  { worker, trialsRunning, trialsCompleted, recent }: WorkerListing,
  since: Instant,
  now: Instant,
): Omit<WorkerView, "deviation"> {
  return {
    workerId: worker.workerId,
    name: worker.name,
    kind: worker.kind,
    threads: worker.threads,
    device: worker.device,
    backend: worker.backend,
    backendDetail: worker.backendDetail,
    stepMilliseconds: worker.stepMilliseconds,
    trialsPerMinute: trialsPerMinute(recent, now),
    online: !worker.left && !worker.removed && worker.lastSeenAt >= since,
    registeredAt: toIso(worker.registeredAt),
    lastSeenAt: toIso(worker.lastSeenAt),
    trialsRunning,
    trialsCompleted,
  };
}

function toIsoOrNull(instant: Instant | null): string | null {
  return instant === null ? null : toIso(instant);
}

function toIso(instant: Instant): string {
  return new Date(instant).toISOString();
}

/**
 * A grid point as its page shows it: the leaderboard's row, so that both pages
 * agree, and the point's own trials.
 *
 * @returns Null if the study does not have the point.
 */
export function pointView(
  leaderboard: Leaderboard,
  params: Params,
  trials: readonly TrialCurve[],
): PointView | null {
  const rowOf = (point: Params) => {
    const key = pointKey(point);
    return leaderboard.rows.find((row) => pointKey(row.params) === key) ?? null;
  };
  const row = rowOf(params);
  if (row === null) return null;
  const { dropout1, dropout2 } = ratesOf(params);
  const partner = { dropout1: dropout2, dropout2: dropout1 };
  const swapped = dropout1 === dropout2 || !isRatePair(axesOf([params]))
    ? null
    : rowOf(partner);
  const { study, verdicts } = leaderboard;
  return {
    studyId: study.id,
    title: study.title,
    recipe: study.recipe,
    row,
    trials: trials.toSorted((a, b) => a.replicate - b.replicate),
    swapped,
    comparisons: swapped === null
      ? []
      : distinct(verdicts.flatMap((verdict) => verdict.comparisons))
        .filter((comparison) => isBetween(comparison, params, partner)),
  };
}

/** Two claims may compare the same points by the same metric. */
function distinct(comparisons: readonly Comparison[]): Comparison[] {
  return [...new Map(comparisons.map((c) => [JSON.stringify(c), c])).values()];
}

function isBetween(
  { first, second }: Comparison,
  one: Params,
  other: Params,
): boolean {
  if (first.length !== 1 || second.length !== 1) return false;
  const sides = [...first, ...second].map(pointKey).toSorted();
  const wanted = [one, other].map(pointKey).toSorted();
  return sides.every((key, i) => key === wanted[i]);
}
