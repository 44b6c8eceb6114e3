import type { StudyId } from "../../protocol/ids.ts";
import type { StudyDefinition } from "../../protocol/study.ts";
import type { SwarmEvent } from "../../protocol/views.ts";
import type { Storage } from "../storage/storage.ts";
import type { Schedule } from "./event_hub.ts";
import type { Log } from "./log.ts";

/** Milliseconds after which it looks, though nobody called. */
const EVERY = 5_000;
/** Milliseconds between two looks, however often others call. */
const PAUSE = 200;

/** What other coordinators on the same storage did. */
export interface Peers {
  /** Passes an event on to this coordinator's pages, and remembers it. */
  publish(event: SwarmEvent): void;
  /** Looks now. */
  look(): Promise<void>;
  /** Looks from now on, whenever there may be news. */
  start(): void;
  stop(): void;
}

/**
 * Follows the other coordinators on this storage: which study is active, what changed
 * through them, what was reported to them. One look serves all of it, soon after
 * a call and every few seconds without. Where there can be no others, it never
 * looks.
 */
export function createPeers(deps: {
  readonly storage: Pick<Storage, "news" | "watch">;
  readonly schedule: Schedule;
  readonly log: Log;
  readonly publish: (event: SwarmEvent) => void;
  /** Told which study is active, each time; null: none. */
  readonly onActiveStudy: (definition: StudyDefinition | null) => void;
  /** Told that there may be more to do, or to know. */
  readonly onNews: () => Promise<void>;
}): Peers {
  const { storage, schedule, log } = deps;
  const known = new Map<StudyId, number>();
  let unwatch: (() => void) | null = null;
  let cancel: (() => void) | null = null;
  let looking = false;
  let again = false;
  let stopped = false;

  function publish(event: SwarmEvent): void {
    if (event.type === "changed") note(event.studyId, event.revision);
    deps.publish(event);
  }

  /** Whether it is later than what was known. */
  function note(studyId: StudyId, revision: number): boolean {
    const before = known.get(studyId) ?? 0;
    known.set(studyId, Math.max(before, revision));
    return revision > before;
  }

  async function look(): Promise<void> {
    const { activeStudy, revisions, epochs } = await storage.news();
    if (stopped) return;
    if (activeStudy !== undefined) deps.onActiveStudy(activeStudy);
    for (const [studyId, revision] of revisions) {
      if (!note(studyId, revision)) continue;
      deps.publish({ type: "changed", studyId, revision });
    }
    for (const epoch of epochs) deps.publish({ type: "epoch", ...epoch });
    await deps.onNews();
  }

  function later(milliseconds: number): void {
    cancel?.();
    cancel = stopped ? null : schedule(milliseconds, lookNow);
  }

  function lookNow(): void {
    looking = true;
    again = false;
    look().catch((error) => {
      // It comes back by itself; until then nobody can do anything anyway.
      if (!stopped) log("warn", "no news", { error: String(error) });
    }).finally(() => {
      looking = false;
      later(again ? PAUSE : EVERY);
    });
  }

  return {
    publish,
    look,
    start() {
      unwatch = storage.watch(() => {
        if (looking) again = true;
        else if (!again) {
          again = true;
          later(PAUSE);
        }
      });
      if (unwatch !== null) later(EVERY);
    },
    stop() {
      stopped = true;
      unwatch?.();
      cancel?.();
    },
  };
}
