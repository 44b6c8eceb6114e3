import type { StudyId } from "../../protocol/ids.ts";
import type { StudyDefinition } from "../../protocol/study.ts";
import type { SwarmEvent } from "../../protocol/views.ts";
import type { Storage } from "../storage/storage.ts";
import type { Schedule } from "./event_hub.ts";
import type { Log } from "./log.ts";

/** Milliseconds between polls without notifications. */
const EVERY = 5_000;
/** Minimum milliseconds between two polls. */
const PAUSE = 200;

/** Follows changes by other coordinators on the same storage. */
export interface Peers {
  /** Sends an event to this coordinator's pages and remembers it. */
  publish(event: SwarmEvent): void;
  /** Polls now. */
  look(): Promise<void>;
  /** Starts polling after notifications and regularly. */
  start(): void;
  stop(): void;
}

/**
 * Follows the other coordinators on this storage: which study is active, which
 * studies changed, which epochs were reported. One query reads all of this,
 * soon after a notification and every few seconds without one. It never polls
 * if there cannot be other coordinators.
 */
export function createPeers(deps: {
  readonly storage: Pick<Storage, "news" | "watch">;
  readonly schedule: Schedule;
  readonly log: Log;
  readonly publish: (event: SwarmEvent) => void;
  /** Called after each poll with the active study; null: none. */
  readonly onActiveStudy: (definition: StudyDefinition | null) => void;
  /** Called when there may be other changes. */
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

  /** Whether the event is newer than the known one. */
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
      // The connection is restored automatically; there is nothing else to do.
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
