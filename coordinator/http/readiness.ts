import { StorageError } from "../storage/storage.ts";
import type { Schedule } from "../service/event_hub.ts";

/** Why this coordinator is not ready. */
export type NotReady = "draining" | "storage";

/** Readiness for load balancers. */
export interface Readiness {
  /** Null: ready. */
  check(): Promise<NotReady | null>;
  /** Makes the coordinator not ready from now on. */
  drain(): void;
}

/** Milliseconds to wait for the storage; balancers check every few seconds. */
const PATIENCE = 2000;

/** @param ping rejects with a StorageError if the storage does not respond */
export function createReadiness(
  { ping, schedule }: {
    readonly ping: () => Promise<void>;
    readonly schedule: Schedule;
  },
): Readiness {
  let draining = false;
  let asking: Promise<NotReady | null> | null = null;

  async function answers(): Promise<NotReady | null> {
    try {
      await ping();
      return null;
    } catch (error) {
      if (error instanceof StorageError) return "storage";
      throw error;
    }
  }

  return {
    async check() {
      if (draining) return "draining";
      // A hanging storage gets one ping, shared by all checks meanwhile.
      asking ??= answers().finally(() => asking = null);
      const late = Promise.withResolvers<NotReady>();
      const cancel = schedule(PATIENCE, () => late.resolve("storage"));
      try {
        return await Promise.race([asking, late.promise]);
      } finally {
        cancel();
      }
    },
    drain() {
      draining = true;
    },
  };
}
