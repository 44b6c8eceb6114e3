import { type GivenResult, judgeDeviations } from "./analysis/deviations.ts";
import type { StudyId, WorkerId } from "./protocol/ids.ts";
import type { BackendName } from "./protocol/training.ts";
import type { Deviation, WorkerList } from "./protocol/views.ts";
import type { TrialChange } from "./storage/storage.ts";
import type { Views } from "./swarm/views.ts";

/** Milliseconds for which a comparison is handed out as it was made, at least. */
const FRESH = 1000;
/** It is handed out for so many times as long as it took to make. */
const TIMES_AS_LONG = 50;

/** Results that are compared at most, the last replicates': a tenth of a second. */
const MOST_RESULTS = 5000;

/** How workers' and backends' results compare, in the study that is lent. */
export interface Deviations {
  readonly ofWorker: (workerId: WorkerId) => Deviation | null;
  readonly backends: WorkerList["backends"];
}

/** As of now, or of a moment ago. */
export type LiveDeviations = () => Promise<Deviations>;

const none: Deviations = { ofWorker: () => null, backends: [] };

/**
 * Compares anew when a result has come, and for a fiftieth of the time at most.
 *
 * @param now Milliseconds of any clock that only goes forward.
 */
export function createLiveDeviations(
  views: Pick<Views, "activeStudy" | "snapshot">,
  now: () => number,
): LiveDeviations {
  let kept: {
    readonly studyId: StudyId;
    readonly trials: readonly TrialChange[];
    readonly deviations: Deviations;
    readonly due: number;
  } | null = null;
  return async () => {
    const studyId = views.activeStudy();
    if (studyId === null) return none;
    const mine = kept?.studyId === studyId ? kept : null;
    if (mine !== null && now() < mine.due) return mine.deviations;
    const trials = (await views.snapshot(studyId))?.trials ?? [];
    const begun = now();
    const deviations = mine?.trials === trials
      ? mine.deviations
      : compare(trials);
    const due = now() + Math.max(FRESH, TIMES_AS_LONG * (now() - begun));
    kept = { studyId, trials, deviations, due };
    return deviations;
  };
}

/** Every trained result, with its last epoch's figures. */
function given(trials: readonly TrialChange[]) {
  return trials.flatMap(({ spec, result, workerId }) => {
    const last = result?.epochs.at(-1);
    // A loss of 0 has no logarithm, and no network has it.
    if (
      result?.outcome !== "trained" || last === undefined ||
      workerId === null || !(last.trainLoss > 0 && last.testLoss > 0)
    ) return [];
    const { dropout1, dropout2 } = spec.params;
    return [{
      workerId,
      backend: result.backend,
      point: `${dropout1} ${dropout2}`,
      replicate: spec.replicate,
      trainLoss: last.trainLoss,
      testLoss: last.testLoss,
    }];
  });
}

function compare(trials: readonly TrialChange[]): Deviations {
  const results = given(trials);
  const last = results.slice(-MOST_RESULTS);
  const by = (group: (r: typeof results[number]) => string): GivenResult[] =>
    last.map((r) => ({ ...r, group: group(r) }));
  const workers = judgeDeviations(by((r) => r.workerId));
  const backends = judgeDeviations(by((r) => r.backend));
  const counts = new Map<BackendName, number>();
  for (const { backend } of results) {
    counts.set(backend, (counts.get(backend) ?? 0) + 1);
  }
  return {
    ofWorker: (workerId) => workers.get(workerId) ?? null,
    backends: Array.from(counts, ([backend, results]) => ({
      backend,
      results,
      deviation: backends.get(backend) ?? null,
    })).sort((a, b) => b.results - a.results),
  };
}
