import type { WorkerId } from "../protocol/ids.ts";
import type { Deviation, WorkerList } from "../protocol/views.ts";
import type { Views } from "../swarm/views.ts";
import type { DeviationTable } from "./analyst.ts";
import type { Followed } from "./followed.ts";

/** Milliseconds for which a comparison is handed out as it was made, at least. */
const FRESH = 1000;
/** It is handed out for so many times as long as it took to make. */
const TIMES_AS_LONG = 20;

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
  followed: Followed,
  now: () => number,
): LiveDeviations {
  let kept: {
    readonly studyId: string;
    readonly revision: number;
    readonly deviations: Deviations;
    readonly due: number;
  } | null = null;
  return async () => {
    const studyId = views.activeStudy();
    if (studyId === null) return none;
    const mine = kept?.studyId === studyId ? kept : null;
    if (mine !== null && now() < mine.due) return mine.deviations;
    const begun = now();
    const made = await followed.ask(studyId, async (analyst, { revision }) => ({
      revision,
      deviations: mine?.revision === revision
        ? mine.deviations
        : lookedUp(await analyst.deviations(studyId)),
    }));
    if (made === null) return none;
    const due = now() + Math.max(FRESH, TIMES_AS_LONG * (now() - begun));
    kept = { studyId, ...made, due };
    return made.deviations;
  };
}

function lookedUp({ workers, backends }: DeviationTable): Deviations {
  return { ofWorker: (workerId) => workers.get(workerId) ?? null, backends };
}
