import type { WorkerId } from "../../protocol/ids.ts";
import type { Storage } from "../storage/storage.ts";
import type { Schedule } from "./event_hub.ts";
import type { Log } from "./log.ts";

/** Milliseconds for which calls are collected. */
const EVERY = 500;

/** Which workers called lately, to be stored in batches. */
export interface LastSeen {
  note(workerId: WorkerId): void;
  /** The worker has left: what was noted of it before is out of date. */
  forget(workerId: WorkerId): void;
  /** What is noted and not stored is lost. */
  stop(): void;
}

/**
 * Collects for half a second who called, and stores it in one go. Stored at once, it
 * made nearly every call wait for the disk a second time, for something that
 * nobody was promised: a crash loses half a second of it.
 */
export function createLastSeen(
  { storage, schedule, log }: {
    readonly storage: Pick<Storage, "seen">;
    readonly schedule: Schedule;
    readonly log: Log;
  },
): LastSeen {
  const noted = new Set<WorkerId>();
  let cancel: (() => void) | null = null;
  let stopped = false;

  function store(): void {
    cancel = null;
    const workers = [...noted];
    noted.clear();
    Promise.all(workers.map((id) => storage.seen(id, { left: false })))
      .catch((error) => {
        // They will call again, and their calls tell them what is wrong.
        if (!stopped) {
          log("warn", "last-seen times lost", { error: String(error) });
        }
      });
  }

  return {
    note(workerId) {
      if (stopped) return;
      noted.add(workerId);
      cancel ??= schedule(EVERY, store);
    },
    forget: (workerId) => void noted.delete(workerId),
    stop() {
      stopped = true;
      cancel?.();
    },
  };
}
