import { pointKey } from "../../protocol/grid_point.ts";
import type { StudyId, TrialId, WorkerId } from "../../protocol/ids.ts";
import type { ReportOrigin } from "../../protocol/leaderboard.ts";
import type { Params, StudyDefinition } from "../../protocol/study.ts";
import type { BackendName, TrialResult } from "../../protocol/training.ts";
import type {
  Deviation,
  TrialState,
  WorkerList,
} from "../../protocol/views.ts";
import { type Analyser, createAnalyser } from "../analysis/analyser.ts";
import { type GivenResult, judgeDeviations } from "../analysis/deviations.ts";
import { studyProgress, type Throughput } from "../lease/progress.ts";
import type { TrialChange } from "../storage/storage.ts";
import {
  writeLeaderboard,
  type WrittenLeaderboard,
} from "./leaderboard_json.ts";

/** Changes of a study for an analyst. */
export interface StudyNews {
  readonly definition: StudyDefinition;
  /** Changes since the last call. */
  readonly trials: readonly TrialChange[];
  /** The first part of the whole study: earlier data of it are discarded. */
  readonly anew: boolean;
  /** More parts follow; no question is asked before the last one. */
  readonly more: boolean;
}

/** The comparison of workers' and backends' results. */
export interface DeviationTable {
  readonly workers: ReadonlyMap<WorkerId, Deviation>;
  readonly backends: WorkerList["backends"];
}

/**
 * Keeps the trials of studies and computes what pages show of them. It may run
 * in another thread: arguments and answers are plain data. Questions about an
 * unknown study reject.
 */
export interface Analyst {
  /** False if the plan has changed and the whole study must be sent again. */
  tell(news: StudyNews): Promise<boolean>;
  /**
   * Computes the leaderboard; rows and progress are of the same moment.
   *
   * @param revision Revision of the last change that was sent.
   */
  leaderboard(
    studyId: StudyId,
    throughput: Throughput,
    revision: number,
  ): Promise<WrittenLeaderboard>;
  deviations(studyId: StudyId): Promise<DeviationTable>;
  /** Backends of the accepted results, the most frequent first. */
  backends(studyId: StudyId): Promise<ReportOrigin["backends"]>;
}

/** Most results that are compared, which takes a tenth of a second. */
const MOST_COMPARED = 5000;

/** Data of a result that the analyser does not keep. */
interface KnownResult {
  readonly backend: BackendName;
  readonly seconds: number;
  readonly workerId: WorkerId | null;
  /** Figures of the last epoch; null if there are none to compare. */
  readonly losses: { readonly train: number; readonly test: number } | null;
}

interface KnownTrial {
  readonly params: Params;
  readonly replicate: number;
  state: TrialState;
  result: KnownResult | null;
}

interface KnownStudy {
  readonly definition: StudyDefinition;
  readonly analyser: Analyser;
  /** Sorted in leasing order. */
  readonly trials: ReadonlyMap<TrialId, KnownTrial>;
  readonly counts: Record<TrialState, number>;
}

/** An analyst in the calling thread. */
export function createAnalyst(): Analyst {
  const studies = new Map<StudyId, KnownStudy>();
  /** Studies whose last part has not arrived yet. */
  const learning = new Map<StudyId, Map<TrialId, TrialChange>>();

  function known(studyId: StudyId): KnownStudy {
    const study = studies.get(studyId);
    if (study === undefined) {
      throw new AnalystError(`unknown study: ${studyId}`);
    }
    return study;
  }

  return {
    // Async, so that errors reject like those of a thread.
    // deno-lint-ignore require-await
    async tell({ definition, trials, anew, more }) {
      const { id } = definition;
      if (anew) {
        studies.delete(id);
        learning.set(id, new Map());
      }
      const heard = learning.get(id);
      if (heard !== undefined) {
        // A trial may have changed again meanwhile.
        for (const trial of trials) heard.set(trial.spec.trialId, trial);
        if (more) return true;
        learning.delete(id);
        studies.set(id, learn(definition, [...heard.values()]));
        return true;
      }
      const study = studies.get(id);
      if (study === undefined || !samePlan(study, definition, trials)) {
        return false;
      }
      for (const trial of trials) take(study, trial);
      return true;
    },

    // deno-lint-ignore require-await
    async leaderboard(studyId, throughput, revision) {
      const { analyser, counts } = known(studyId);
      const progress = studyProgress(counts, throughput);
      return writeLeaderboard(analyser.leaderboard(progress, revision));
    },

    // deno-lint-ignore require-await
    async deviations(studyId) {
      return compare([...known(studyId).trials.values()]);
    },

    // deno-lint-ignore require-await
    async backends(studyId) {
      const found = new Map<string, { trials: number; seconds: number }>();
      for (const { result } of known(studyId).trials.values()) {
        if (result === null) continue;
        const { trials, seconds } = found.get(result.backend) ??
          { trials: 0, seconds: 0 };
        found.set(result.backend, {
          trials: trials + 1,
          seconds: seconds + result.seconds,
        });
      }
      return Array.from(found, ([backend, sums]) => ({ backend, ...sums }))
        .sort((a, b) => b.trials - a.trials);
    },
  };
}

function learn(
  definition: StudyDefinition,
  changes: readonly TrialChange[],
): KnownStudy {
  const planned = changes.filter((change) => change.planned).sort((a, b) =>
    a.spec.replicate - b.spec.replicate || a.position - b.position
  );
  const study: KnownStudy = {
    definition,
    analyser: createAnalyser(definition, planned.map(({ spec }) => spec)),
    trials: new Map(
      planned.map(({ spec: { trialId, params, replicate } }) => [
        trialId,
        { params, replicate, state: "queued", result: null },
      ]),
    ),
    counts: {
      queued: planned.length,
      leased: 0,
      verifying: 0,
      completed: 0,
      quarantined: 0,
    },
  };
  for (const trial of planned) take(study, trial);
  return study;
}

/** Whether the changes belong to the plan of the analyser. */
function samePlan(
  study: KnownStudy,
  definition: StudyDefinition,
  changes: readonly TrialChange[],
): boolean {
  return JSON.stringify(study.definition) === JSON.stringify(definition) &&
    changes.every(({ planned, spec }) =>
      planned === study.trials.has(spec.trialId)
    );
}

function take(
  { analyser, trials, counts }: KnownStudy,
  { spec: { trialId }, state, result, workerId }: TrialChange,
): void {
  const mine = trials.get(trialId);
  if (mine === undefined) return;
  analyser.set(trialId, { state, result });
  counts[mine.state] -= 1;
  counts[state] += 1;
  mine.state = state;
  mine.result = result === null ? null : {
    backend: result.backend,
    seconds: result.seconds,
    workerId,
    losses: lossesOf(result),
  };
}

/** Final losses of a trained result; the comparison uses their logarithms. */
function lossesOf({ outcome, epochs }: TrialResult): KnownResult["losses"] {
  const last = epochs.at(-1);
  return outcome === "trained" && last !== undefined && last.trainLoss > 0 &&
      last.testLoss > 0
    ? { train: last.trainLoss, test: last.testLoss }
    : null;
}

function compare(trials: readonly KnownTrial[]): DeviationTable {
  const counts = new Map<BackendName, number>();
  const given = trials.flatMap(({ params, replicate, result }) => {
    if (result === null) return [];
    const { losses, workerId, backend } = result;
    if (losses === null || workerId === null) return [];
    counts.set(backend, (counts.get(backend) ?? 0) + 1);
    return [{
      workerId,
      backend,
      point: pointKey(params),
      replicate,
      trainLoss: losses.train,
      testLoss: losses.test,
    }];
  });
  const last = given.slice(-MOST_COMPARED);
  const by = (group: (r: typeof given[number]) => string): GivenResult[] =>
    last.map((r) => ({ ...r, group: group(r) }));
  const workers = judgeDeviations(by((r) => r.workerId));
  const backends = judgeDeviations(by((r) => r.backend));
  return {
    workers: workers as ReadonlyMap<WorkerId, Deviation>,
    backends: Array.from(counts, ([backend, results]) => ({
      backend,
      results,
      deviation: backends.get(backend) ?? null,
    })).sort((a, b) => b.results - a.results),
  };
}

/** The analyst lost its data because its thread died or was closed. */
export class AnalystError extends Error {
  /** The name, because Comlink transfers no class. */
  override readonly name = "AnalystError";
}

export function isAnalystError(error: unknown): error is Error {
  return error instanceof Error && error.name === "AnalystError";
}
