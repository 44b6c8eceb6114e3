import { createAnalyser } from "./analysis/analyser.ts";
import type { StudyId } from "./protocol/ids.ts";
import type { Leaderboard } from "./protocol/leaderboard.ts";
import type { StudyDefinition, TrialSpec } from "./protocol/study.ts";
import type { SwarmEvent } from "./protocol/views.ts";
import type { TrialChange } from "./storage/storage.ts";
import type { Schedule } from "./swarm/event_hub.ts";
import type { StudySnapshot, Views } from "./swarm/views.ts";

/** Milliseconds for which a leaderboard is handed out as it was made, at least. */
const FRESH = 250;

/**
 * It is handed out for so many times as long as it took to make: leaderboards
 * then take a fiftieth of the time and leave the rest to the workers' calls,
 * however large the study.
 */
const TIMES_AS_LONG = 50;

interface Kept {
  readonly trials: readonly TrialSpec[];
  readonly definition: StudyDefinition;
  readonly analyser: ReturnType<typeof createAnalyser>;
  /** As the analyser was last told, in the plan's order. */
  told: readonly TrialChange[];
  leaderboard: Leaderboard | null;
  /** When a new one may be made. */
  due: number;
  /** A look at whether pages have to be told is coming. */
  look: boolean;
}

export interface LiveOptions {
  /** Milliseconds of any clock that only goes forward. */
  readonly now: () => number;
  readonly schedule: Schedule;
  /** Told that a leaderboard can be had that was due when one was asked for. */
  readonly publish: (event: SwarmEvent) => void;
}

/**
 * @param asOfNow Whether one that was made a moment ago will not do.
 * @returns Null for an unknown study.
 */
export type LiveLeaderboards = (
  studyId: StudyId,
  asOfNow?: boolean,
) => Promise<Leaderboard | null>;

/**
 * Each study's leaderboard as of now, or of a moment ago. What a burst of
 * results costs is one computation every quarter of a second, or less often
 * where it takes long, whoever asks: the same object comes back while nothing
 * changed. Who was handed an old one is told when there is a new one.
 */
export function createLiveLeaderboards(
  views: Pick<Views, "snapshot" | "progress" | "study">,
  { now, schedule, publish }: LiveOptions,
): LiveLeaderboards {
  const kept = new Map<StudyId, Kept>();
  const underWay = new Map<StudyId, Promise<Leaderboard | null>>();

  /** Tells pages when it is due, if there is anything new by then. */
  function lookLater(studyId: StudyId, study: Kept, at: number): void {
    if (study.look) return;
    study.look = true;
    schedule(study.due - at, () => {
      study.look = false;
      views.study(studyId).then((found) => {
        const revision = found?.revision ?? 0;
        if (revision === study.leaderboard?.revision) return;
        publish({ type: "changed", studyId, revision });
      }).catch(() => {
        // The storage does not answer: whoever asks next will hear of it.
      });
    });
  }

  async function make(
    studyId: StudyId,
    asOfNow: boolean,
  ): Promise<Leaderboard | null> {
    const begun = now();
    const before = kept.get(studyId);
    if (before?.leaderboard && begun < before.due && !asOfNow) {
      lookLater(studyId, before, begun);
      return before.leaderboard;
    }
    const snapshot = await views.snapshot(studyId);
    if (snapshot === null) return null;
    const progress = await views.progress(studyId);
    const study = before !== undefined && samePlan(before, snapshot)
      ? before
      : analysed(snapshot);
    kept.set(studyId, study);
    // What did not change is the same object as before, a trial or all.
    if (study.told !== snapshot.trials) {
      snapshot.trials.forEach((trial, i) => {
        if (study.told[i] === trial) return;
        const { spec, state, result } = trial;
        study.analyser.set(spec.trialId, { state, result });
      });
      study.told = snapshot.trials;
    }
    const { leaderboard } = study;
    if (
      leaderboard?.revision !== snapshot.revision ||
      JSON.stringify(leaderboard.progress) !== JSON.stringify(progress)
    ) {
      study.leaderboard = study.analyser.leaderboard(
        progress,
        snapshot.revision,
      );
    }
    const ended = now();
    study.due = ended + Math.max(FRESH, TIMES_AS_LONG * (ended - begun));
    return study.leaderboard;
  }

  return async (studyId, asOfNow = false) => {
    const running = underWay.get(studyId);
    if (running !== undefined && !asOfNow) return await running;
    if (running !== undefined) await running;
    const started = make(studyId, asOfNow).finally(() => {
      if (underWay.get(studyId) === started) underWay.delete(studyId);
    });
    underWay.set(studyId, started);
    return await started;
  };
}

function analysed({ definition, trials }: StudySnapshot): Kept {
  const specs = trials.map(({ spec }) => spec);
  return {
    trials: specs,
    definition,
    analyser: createAnalyser(definition, specs),
    told: [],
    leaderboard: null,
    due: -Infinity,
    look: false,
  };
}

/** Whether the snapshot has the very trials that the analyser was made for. */
function samePlan(
  { trials, definition, told }: Kept,
  snapshot: StudySnapshot,
): boolean {
  if (told === snapshot.trials) return true;
  return trials.length === snapshot.trials.length &&
    trials.every(({ trialId }, i) =>
      trialId === snapshot.trials[i]?.spec.trialId
    ) &&
    JSON.stringify(definition) === JSON.stringify(snapshot.definition);
}
