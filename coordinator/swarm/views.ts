import type { StudyId, TrialId } from "../protocol/ids.ts";
import type { Progress } from "../protocol/leaderboard.ts";
import type { StudyDefinition } from "../protocol/study.ts";
import type {
  StudyDetail,
  StudyList,
  TrialCurve,
  TrialPage,
  TrialView,
  WorkerList,
  WorkerOrder,
  WorkerView,
} from "../protocol/views.ts";
import type {
  CurveRequest,
  PageRequest,
  Storage,
  TrialChange,
} from "../storage/storage.ts";
import type { StudyToRun } from "./calls.ts";
import type { LeaseTerms } from "./lease_terms.ts";
import {
  type Pace,
  PACE_RESULTS,
  studyProgress,
  trialsPerMinute,
} from "./progress.ts";
import type { Instant } from "./trial.ts";
import {
  trialCurve,
  trialSummary,
  trialView,
  workerView,
} from "./trial_views.ts";

/** What changed of a study since a revision. */
export interface StudyChanges {
  readonly definition: StudyDefinition;
  readonly revision: number;
  /** Each with its result if it has one; trials that left the plan as well. */
  readonly trials: readonly TrialChange[];
  /** Whether there is more to hear after that revision. */
  readonly more: boolean;
}

/** Read in some 10 ms. */
const CHANGES_AT_ONCE = 100;

/** The workers as the storage knows them, uncompared. */
export interface WorkerRoll extends Omit<WorkerList, "workers" | "backends"> {
  readonly workers: readonly Omit<WorkerView, "deviation">[];
}

/** What pages may read. Null: there is no such thing. */
export interface Views {
  /** The study leased out now. */
  activeStudy(): StudyId | null;
  studies(): Promise<StudyList>;
  study(studyId: StudyId): Promise<StudyDetail | null>;
  progress(studyId: StudyId): Promise<Progress>;
  /** What of the progress does not follow from where the trials stand. */
  pace(studyId: StudyId): Promise<Pace>;
  /**
   * What whoever knows a revision has to hear, of 0 everything; in parts, so
   * that workers are answered between them.
   */
  changes(studyId: StudyId, since: number): Promise<StudyChanges | null>;
  trials(studyId: StudyId, page: PageRequest): Promise<TrialPage | null>;
  trial(trialId: TrialId): Promise<TrialView | null>;
  /** By replicate, then in the plan's order; null for an unknown study. */
  curves(studyId: StudyId, page: CurveRequest): Promise<TrialCurve[] | null>;
  workers(request: WorkersRequest): Promise<WorkerRoll>;
  /** Workers seen lately. */
  workersOnline(): Promise<number>;
  /** Throws a StorageError where the storage does not answer. */
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
  readonly study: () => StudyToRun | null;
}): Views {
  const { storage, terms, now, study } = deps;

  const seenSince = () => now() - terms.offlineAfter * 1000;
  const activeStudy = () => study()?.definition.id ?? null;

  async function pace(studyId: StudyId): Promise<Pace> {
    const recent = await storage.recentAcceptances(studyId, PACE_RESULTS);
    return {
      workersOnline: await storage.countOnline(seenSince()),
      trialsPerMinute: trialsPerMinute(recent, now()),
    };
  }

  async function progress(studyId: StudyId): Promise<Progress> {
    return studyProgress(
      await storage.counts(studyId),
      await pace(studyId),
    );
  }

  return {
    activeStudy,
    progress,
    pace,
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
