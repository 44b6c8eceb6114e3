import { createAnalyser } from "./analysis/analyser.ts";
import type { StudyId } from "./protocol/ids.ts";
import type { Leaderboard } from "./protocol/leaderboard.ts";
import type { StudyDefinition, TrialSpec } from "./protocol/study.ts";
import type { TrialChange } from "./storage/storage.ts";
import type { StudySnapshot, Views } from "./swarm/views.ts";

/** Milliseconds for which a leaderboard is handed out as it was made. */
const FRESH = 250;

interface Kept {
  readonly specs: readonly TrialSpec[];
  readonly definition: StudyDefinition;
  readonly analyser: ReturnType<typeof createAnalyser>;
  /** What the analyser was last told of each trial. */
  told: readonly (TrialChange | null)[];
  leaderboard: Leaderboard | null;
  madeAt: number;
}

/**
 * Each study's leaderboard as of now. What a burst of results costs is one
 * computation every quarter of a second, whoever asks: the same object comes
 * back while nothing changed.
 *
 * @param now Milliseconds of any clock that only goes forward.
 * @returns Null for an unknown study.
 */
export function createLiveLeaderboards(
  views: Pick<Views, "snapshot" | "progress">,
  now: () => number,
): (studyId: StudyId) => Promise<Leaderboard | null> {
  const kept = new Map<StudyId, Kept>();
  const underWay = new Map<StudyId, Promise<Leaderboard | null>>();

  async function make(studyId: StudyId): Promise<Leaderboard | null> {
    const before = kept.get(studyId);
    if (before?.leaderboard && now() - before.madeAt < FRESH) {
      return before.leaderboard;
    }
    const snapshot = await views.snapshot(studyId);
    if (snapshot === null) return null;
    const progress = await views.progress(studyId);
    const study = before !== undefined && samePlan(before, snapshot)
      ? before
      : analysed(snapshot);
    kept.set(studyId, study);
    if (study.told !== snapshot.trials) {
      snapshot.trials.forEach((trial, index) => {
        // Of thousands, a handful: the rest are the objects they were.
        if (study.told[index] === trial) return;
        const { spec: { trialId }, state, result } = trial;
        study.analyser.set(trialId, { state, result });
      });
      study.told = snapshot.trials;
    }
    study.madeAt = now();
    const { leaderboard } = study;
    if (
      leaderboard?.revision === snapshot.revision &&
      JSON.stringify(leaderboard.progress) === JSON.stringify(progress)
    ) return leaderboard;
    study.leaderboard = study.analyser.leaderboard(progress, snapshot.revision);
    return study.leaderboard;
  }

  return (studyId) => {
    const running = underWay.get(studyId);
    if (running !== undefined) return running;
    const started = make(studyId).finally(() => underWay.delete(studyId));
    underWay.set(studyId, started);
    return started;
  };
}

function analysed({ definition, trials }: StudySnapshot): Kept {
  const specs = trials.map(({ spec }) => spec);
  return {
    specs,
    definition,
    analyser: createAnalyser(definition, specs),
    told: [],
    leaderboard: null,
    madeAt: -Infinity,
  };
}

/** Whether the snapshot has the very trials that the analyser was made for. */
function samePlan(
  { told, specs, definition }: Kept,
  snapshot: StudySnapshot,
): boolean {
  if (told === snapshot.trials) return true;
  return specs.length === snapshot.trials.length &&
    specs.every(({ trialId }, i) =>
      trialId === snapshot.trials[i]?.spec.trialId
    ) &&
    JSON.stringify(definition) === JSON.stringify(snapshot.definition);
}
