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

/** Minimum milliseconds for which a leaderboard is cached. */
const FRESH = 250;

/**
 * A leaderboard is cached for this multiple of the time it took to compute, so
 * that leaderboards use at most a twentieth of one core for a study of any
 * size.
 */
const TIMES_AS_LONG = 20;

interface Kept {
  readonly leaderboard: ReadableLeaderboard;
  readonly throughput: Throughput;
}

/** What is read of a study besides its trials. */
export interface StudyReads {
  readonly throughput: Views["throughput"];
  study(studyId: StudyId): Promise<{ readonly revision: number } | null>;
}

export interface LiveOptions {
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly schedule: Schedule;
  /** Called when a new leaderboard may replace an outdated one. */
  readonly publish: (event: SwarmEvent) => void;
}

/**
 * @param asOfNow Whether to ignore a cached leaderboard.
 * @returns Null for an unknown study.
 */
export type LiveLeaderboards = (
  studyId: StudyId,
  asOfNow?: boolean,
) => Promise<ReadableLeaderboard | null>;

/**
 * Each study's leaderboard as of now or a moment ago. A burst of results causes
 * at most one computation every quarter of a second, or less often if it takes
 * long, for any number of requests: the same object is returned while nothing
 * changed. Pages that got an outdated one are told when there is a new one.
 */
export function createLiveLeaderboards(
  views: StudyReads,
  analystSync: AnalystSync,
  { now, schedule, publish }: LiveOptions,
): LiveLeaderboards {
  /** Revision of the last returned leaderboard, by study. */
  const handedOut = new Map<StudyId, number>();
  /** Studies with a pending notification of pages. */
  const looking = new Set<StudyId>();
  const cache = createFreshCache<StudyId, Kept | null>({
    milliseconds: FRESH,
    timesAsLong: TIMES_AS_LONG,
    now,
    onKept: lookLater,
  });

  /** Notifies pages when a new one may be computed, if there are changes. */
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
        // The storage does not respond; the next request will report that.
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

/** Minimum milliseconds for which a comparison is cached. */
const DEVIATIONS_FRESH = 1000;

/** A comparison is cached for this multiple of the time it took to compute. */
const DEVIATIONS_TIMES_AS_LONG = 20;

/** Comparison of workers' and backends' results in the active study. */
export interface Deviations {
  readonly ofWorker: (workerId: WorkerId) => Deviation | null;
  readonly backends: WorkerList["backends"];
}

/** The comparison as of now or a moment ago. */
export type LiveDeviations = () => Promise<Deviations>;

const none: Deviations = { ofWorker: () => null, backends: [] };

/**
 * Compares again after a new result, with at most a twentieth of one core.
 *
 * @param now Milliseconds of a monotonic clock.
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

/** Logs each verdict that changed since the last call. */
export function createVerdictLog(log: Log): (leaderboard: Judged) => void {
  const known = new Map<StudyId, Map<string, VerdictName>>();
  let last: Judged | null = null;
  return (leaderboard) => {
    // Usually the same object, which means that nothing changed.
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
