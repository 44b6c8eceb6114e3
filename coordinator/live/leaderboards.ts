import type { StudyId } from "../protocol/ids.ts";
import type { SwarmEvent } from "../protocol/views.ts";
import type { Schedule } from "../swarm/event_hub.ts";
import type { Pace } from "../swarm/progress.ts";
import type { Views } from "../swarm/views.ts";
import type { Followed } from "./followed.ts";
import { readable, type ReadableLeaderboard } from "./written.ts";

/** Milliseconds for which a leaderboard is handed out as it was made, at least. */
const FRESH = 250;

/**
 * It is handed out for so many times as long as it took to make: leaderboards
 * then take a twentieth of the time of one processor, however large the study.
 */
const TIMES_AS_LONG = 20;

interface Kept {
  readonly leaderboard: ReadableLeaderboard;
  readonly pace: Pace;
  /** When a new one may be made. */
  readonly due: number;
}

/** What is read of a study beside its trials. */
export interface StudyReads {
  readonly pace: Views["pace"];
  study(studyId: StudyId): Promise<{ readonly revision: number } | null>;
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
) => Promise<ReadableLeaderboard | null>;

/**
 * Each study's leaderboard as of now, or of a moment ago. What a burst of
 * results costs is one computation every quarter of a second, or less often
 * where it takes long, whoever asks: the same object comes back while nothing
 * changed. Who was handed an old one is told when there is a new one.
 */
export function createLiveLeaderboards(
  views: StudyReads,
  followed: Followed,
  { now, schedule, publish }: LiveOptions,
): LiveLeaderboards {
  const kept = new Map<StudyId, Kept>();
  const underWay = new Map<StudyId, Promise<ReadableLeaderboard | null>>();
  /** Studies whose pages may have to be told soon. */
  const looking = new Set<StudyId>();

  /** Tells pages when it is due, if there is anything new by then. */
  function lookLater(studyId: StudyId, due: number, at: number): void {
    if (looking.has(studyId)) return;
    looking.add(studyId);
    schedule(due - at, () => {
      looking.delete(studyId);
      views.study(studyId).then((found) => {
        const revision = found?.revision ?? 0;
        if (revision === kept.get(studyId)?.leaderboard.revision) return;
        publish({ type: "changed", studyId, revision });
      }).catch(() => {
        // The storage does not answer: whoever asks next will hear of it.
      });
    });
  }

  async function make(
    studyId: StudyId,
    asOfNow: boolean,
  ): Promise<ReadableLeaderboard | null> {
    const begun = now();
    const before = kept.get(studyId);
    if (before !== undefined && begun < before.due && !asOfNow) {
      lookLater(studyId, before.due, begun);
      return before.leaderboard;
    }
    const made = await followed.ask(studyId, async (analyst, { revision }) => {
      const pace = await views.pace(studyId);
      const same = before?.leaderboard.revision === revision &&
        JSON.stringify(before.pace) === JSON.stringify(pace);
      const leaderboard = same
        ? before.leaderboard
        : readable(await analyst.leaderboard(studyId, pace, revision));
      return { leaderboard, pace };
    });
    if (made === null) return null;
    const ended = now();
    const due = ended + Math.max(FRESH, TIMES_AS_LONG * (ended - begun));
    kept.set(studyId, { ...made, due });
    return made.leaderboard;
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
