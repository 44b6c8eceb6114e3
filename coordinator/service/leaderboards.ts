import type { StudyId, WorkerId } from "../../protocol/ids.ts";
import type { VerdictName } from "../../protocol/leaderboard.ts";
import type {
  Deviation,
  SwarmEvent,
  WorkerList,
} from "../../protocol/views.ts";
import type { Throughput } from "../lease/progress.ts";
import type { DeviationTable } from "../threads/analyst.ts";
import type { AnalystSync } from "../threads/analyst_sync.ts";
import {
  readable,
  type ReadableLeaderboard,
  type WrittenLeaderboard,
} from "../threads/leaderboard_json.ts";
import type { Schedule } from "./event_hub.ts";
import { createFreshCache } from "./fresh_cache.ts";
import type { Log } from "./log.ts";
import type { Views } from "./reads.ts";

/** Milliseconds for which a leaderboard is handed out as it was made, at least. */
const FRESH = 250;

/**
 * It is handed out for so many times as long as it took to make: leaderboards
 * then take a twentieth of the time of one processor, however large the study.
 */
const TIMES_AS_LONG = 20;

interface Kept {
  readonly leaderboard: ReadableLeaderboard;
  readonly throughput: Throughput;
}

/** What is read of a study beside its trials. */
export interface StudyReads {
  readonly throughput: Views["throughput"];
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
  analystSync: AnalystSync,
  { now, schedule, publish }: LiveOptions,
): LiveLeaderboards {
  /** Revision that was handed out last, by study. */
  const handedOut = new Map<StudyId, number>();
  /** Studies whose pages may have to be told soon. */
  const looking = new Set<StudyId>();
  const cache = createFreshCache<StudyId, Kept | null>({
    milliseconds: FRESH,
    timesAsLong: TIMES_AS_LONG,
    now,
    onKept: lookLater,
  });

  /** Tells pages when a new one may be made, if there is anything new by then. */
  function lookLater(studyId: StudyId, milliseconds: number): void {
    if (looking.has(studyId)) return;
    looking.add(studyId);
    schedule(milliseconds, () => {
      looking.delete(studyId);
      views.study(studyId).then((found) => {
        const revision = found?.revision ?? 0;
        if (revision === handedOut.get(studyId)) return;
        publish({ type: "changed", studyId, revision });
      }).catch(() => {
        // The storage does not answer: whoever asks next will hear of it.
      });
    });
  }

  return async (studyId, asOfNow) => {
    const made = await cache(
      studyId,
      (before) =>
        analystSync.ask(studyId, async (analyst, { revision }) => {
          const throughput = await views.throughput(studyId);
          const same = before?.leaderboard.revision === revision &&
            JSON.stringify(before.throughput) === JSON.stringify(throughput);
          const leaderboard = same ? before.leaderboard : readable(
            await analyst.leaderboard(studyId, throughput, revision),
          );
          return { leaderboard, throughput };
        }),
      asOfNow,
    );
    if (made === null) return null;
    handedOut.set(studyId, made.leaderboard.revision);
    return made.leaderboard;
  };
}

/** Milliseconds for which a comparison is handed out as it was made, at least. */
const DEVIATIONS_FRESH = 1000;

/** It is handed out for so many times as long as it took to make. */
const DEVIATIONS_TIMES_AS_LONG = 20;

/** How workers' and backends' results compare, in the study that is lent. */
export interface Deviations {
  readonly ofWorker: (workerId: WorkerId) => Deviation | null;
  readonly backends: WorkerList["backends"];
}

/** As of now, or of a moment ago. */
export type LiveDeviations = () => Promise<Deviations>;

const none: Deviations = { ofWorker: () => null, backends: [] };

/**
 * Compares anew when a result has come, and for a twentieth of the time at most.
 *
 * @param now Milliseconds of any clock that only goes forward.
 */
export function createLiveDeviations(
  views: Pick<Views, "activeStudy">,
  analystSync: AnalystSync,
  now: () => number,
): LiveDeviations {
  const cache = createFreshCache<
    StudyId,
    { readonly revision: number; readonly deviations: Deviations } | null
  >({
    milliseconds: DEVIATIONS_FRESH,
    timesAsLong: DEVIATIONS_TIMES_AS_LONG,
    most: 1,
    now,
  });
  return async () => {
    const studyId = views.activeStudy();
    if (studyId === null) return none;
    const made = await cache(
      studyId,
      (before) =>
        analystSync.ask(studyId, async (analyst, { revision }) => ({
          revision,
          deviations: before?.revision === revision
            ? before.deviations
            : lookedUp(await analyst.deviations(studyId)),
        })),
    );
    return made?.deviations ?? none;
  };
}

function lookedUp({ workers, backends }: DeviationTable): Deviations {
  return { ofWorker: (workerId) => workers.get(workerId) ?? null, backends };
}

type Judged = Pick<WrittenLeaderboard, "studyId" | "verdicts">;

/** Logs each verdict that is another than it was when it was last looked at. */
export function createVerdictLog(log: Log): (leaderboard: Judged) => void {
  const known = new Map<StudyId, Map<string, VerdictName>>();
  let last: Judged | null = null;
  return (leaderboard) => {
    // Nearly always the same: the very object means nothing changed.
    if (leaderboard === last) return;
    last = leaderboard;
    const { studyId, verdicts } = leaderboard;
    const before = known.get(studyId);
    for (const { claimId, verdict } of verdicts) {
      const from = before?.get(claimId);
      if (from === undefined || from === verdict) continue;
      log("info", "verdict changed", { studyId, claimId, from, to: verdict });
    }
    known.set(
      studyId,
      new Map(verdicts.map(({ claimId, verdict }) => [claimId, verdict])),
    );
  };
}
