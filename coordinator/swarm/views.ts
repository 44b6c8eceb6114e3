import type { StudyId, TrialId } from "../protocol/ids.ts";
import type { Progress } from "../protocol/leaderboard.ts";
import type { StudyDefinition } from "../protocol/study.ts";
import type {
  AttemptView,
  StudyDetail,
  StudyList,
  TrialPage,
  TrialView,
  WorkerList,
  WorkerView,
} from "../protocol/views.ts";
import type {
  PageRequest,
  Storage,
  TrialChange,
  TrialWithNames,
  WorkerListing,
} from "../storage/storage.ts";
import { publishedResult } from "../verification/published_result.ts";
import type { StudyToRun } from "./calls.ts";
import type { LeaseTerms } from "./lease_terms.ts";
import { PACE_RESULTS, studyProgress } from "./progress.ts";
import { type Instant, openAttempts } from "./trial.ts";

/** A study as the leaderboard needs it: one moment's state of its plan. */
export interface StudySnapshot {
  readonly definition: StudyDefinition;
  readonly revision: number;
  /** Every planned trial in leasing order, with its result if it has one. */
  readonly trials: readonly TrialChange[];
}

/** What pages may read. Null: there is no such thing. */
export interface Views {
  /** The study leased out now. */
  activeStudy(): StudyId | null;
  studies(): Promise<StudyList>;
  study(studyId: StudyId): Promise<StudyDetail | null>;
  progress(studyId: StudyId): Promise<Progress>;
  /** Cheap to ask again: only what changed is read from the storage. */
  snapshot(studyId: StudyId): Promise<StudySnapshot | null>;
  trials(studyId: StudyId, page: PageRequest): Promise<TrialPage | null>;
  trial(trialId: TrialId): Promise<TrialView | null>;
  workers(limit: number): Promise<WorkerList>;
  /** Throws a StorageError where the storage does not answer. */
  ping(): Promise<void>;
}

export function createViews(deps: {
  readonly storage: Storage;
  readonly terms: LeaseTerms;
  readonly now: () => Instant;
  readonly study: () => StudyToRun | null;
}): Views {
  const { storage, terms, now, study } = deps;
  const snapshots = new Map<
    StudyId,
    { revision: number; trials: Map<TrialId, TrialChange> }
  >();

  const seenSince = () => now() - terms.offlineAfter * 1000;
  const activeStudy = () => study()?.definition.id ?? null;

  async function progress(studyId: StudyId): Promise<Progress> {
    return studyProgress(
      await storage.counts(studyId),
      await storage.recentAcceptances(studyId, PACE_RESULTS),
      await storage.countOnline(seenSince()),
      now(),
    );
  }

  return {
    activeStudy,
    progress,
    ping: () => storage.ping(),

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

    async snapshot(studyId) {
      const found = await storage.study(studyId);
      if (found === null) return null;
      const known = snapshots.get(studyId) ??
        { revision: 0, trials: new Map() };
      snapshots.set(studyId, known);
      if (found.revision !== known.revision) {
        const changes = await storage.changesSince(studyId, known.revision);
        // Another call may have read more meanwhile; older news is no news.
        if (changes.revision > known.revision) {
          for (const change of changes.trials) {
            if (change.planned) known.trials.set(change.spec.trialId, change);
            else known.trials.delete(change.spec.trialId);
          }
          known.revision = changes.revision;
        }
      }
      return {
        definition: found.definition,
        revision: known.revision,
        trials: [...known.trials.values()].sort((a, b) =>
          a.spec.replicate - b.spec.replicate || a.position - b.position
        ),
      };
    },

    async trials(studyId, page) {
      if (await storage.study(studyId) === null) return null;
      const { trials, total } = await storage.trials(studyId, page);
      return { trials: [...trials], total };
    },

    async trial(trialId) {
      const found = await storage.trial(trialId);
      return found === null ? null : trialView(found);
    },

    async workers(limit) {
      const listings = await storage.workers(limit);
      const since = seenSince();
      return {
        workers: listings.map((listing) => workerView(listing, since)),
        online: await storage.countOnline(since),
      };
    },
  };
}

function trialView({ trial, names }: TrialWithNames): TrialView {
  const { spec, state } = trial;
  const accepted = trial.state === "completed" ? trial.accepted : null;
  const shown = accepted === null
    ? openAttempts(trial).at(-1)
    : trial.attempts.find((a) => a.attempt === accepted.attempt);
  return {
    trialId: spec.trialId,
    studyId: spec.studyId,
    params: spec.params,
    replicate: spec.replicate,
    state,
    workerName: shown === undefined ? null : names.get(shown.workerId) ?? null,
    backend: shown?.backend ?? null,
    epochsDone: accepted?.result.epochs.length ?? shown?.epochs.length ?? 0,
    seconds: accepted?.result.seconds ?? null,
    result: accepted === null
      ? null
      : publishedResult(accepted.result, accepted.recomputed),
    attempts: trial.attempts.map((a): AttemptView => ({
      attempt: a.attempt,
      state: a.state,
      workerId: a.workerId,
      workerName: names.get(a.workerId) ?? "",
      backend: a.backend,
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

function workerView(
  { worker, trialsRunning, trialsCompleted }: WorkerListing,
  since: Instant,
): WorkerView {
  return {
    workerId: worker.workerId,
    name: worker.name,
    kind: worker.kind,
    threads: worker.threads,
    device: worker.device,
    backend: worker.backend,
    backendDetail: worker.backendDetail,
    online: !worker.left && worker.lastSeenAt >= since,
    lastSeenAt: toIso(worker.lastSeenAt),
    trialsRunning,
    trialsCompleted,
  };
}

function toIso(instant: Instant): string {
  return new Date(instant).toISOString();
}
