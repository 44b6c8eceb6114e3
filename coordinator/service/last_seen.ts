import type { WorkerId } from "../../protocol/ids.ts";
import type { Storage } from "../storage/storage.ts";
import type { Schedule } from "./event_hub.ts";
import type { Log } from "./log.ts";

/** Milliseconds for which calls are collected. */
const EVERY = 500;

/** Collects the last-seen times of workers and stores them in batches. */
export interface LastSeen {
  note(workerId: WorkerId): void;
  /** The worker has left: an earlier pending time must not be stored. */
  forget(workerId: WorkerId): void;
  /** Stops; pending times are lost. */
  stop(): void;
}

/**
 * Collects calls for half a second and stores them at once. Storing each
 * immediately made nearly every call wait for the disk a second time, for
 * something without a durability promise: a crash loses half a second of it.
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
        // The workers will call again, and those calls report the problem.
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
