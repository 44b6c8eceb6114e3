import * as Comlink from "comlink";
import v8 from "node:v8";
import type { CrowdApi } from "./crowd_thread.ts";
import { addSeen, createSeen, type Seen } from "./meter.ts";
import { collectorsGiveWay } from "./priority.ts";
import type { Accepted } from "./volunteer.ts";

/** Volunteers on several threads behind one interface. */
export interface Crowd {
  /** Number of threads. */
  readonly size: number;
  /**
   * Which thread, if any, keeps normal priority: its few volunteers see times
   * close to those of a separate machine.
   */
  readonly watching: number | null;
  /** Asks each thread; rejects if one has died. */
  each<T>(ask: (api: CrowdApi, index: number) => Promise<T>): Promise<T[]>;
  /** Measurements since the last collection. */
  collect(): Promise<Seen>;
  /** The same, by thread. */
  collectEach(): Promise<Seen[]>;
  /** Volunteers that got an answer at or after a moment (`Date.now()`). */
  heardSince(moment: number): Promise<number>;
  /** All results that were reported as accepted. */
  accepted(): Promise<Accepted[]>;
  close(): void;
}

/**
 * Starts threads for volunteers; they share nothing with the coordinator.
 *
 * @param watched Whether to add one thread with normal priority.
 */
export async function startCrowd(
  working: number,
  watched = false,
): Promise<Crowd> {
  // Pending calls of thousands of volunteers outlive a nursery of the usual
  // size, and marking them again stops a thread for a tenth of a second, which
  // would look like the coordinator's delay.
  v8.setFlagsFromString("--max-semi-space-size=64");
  await collectorsGiveWay();
  // Comlink's calls never settle when the thread dies.
  const death = Promise.withResolvers<never>();
  death.promise.catch(() => {});
  const size = working + (watched ? 1 : 0);
  const workers = Array.from({ length: size }, () => {
    const worker = new Worker(new URL("./crowd_thread.ts", import.meta.url), {
      type: "module",
    });
    worker.onerror = (event) => {
      event.preventDefault();
      death.reject(
        new Error(`a thread of volunteers died: ${event.message}`),
      );
    };
    return worker;
  });
  const apis = workers.map((worker) => Comlink.wrap<CrowdApi>(worker));
  const each: Crowd["each"] = (ask) =>
    Promise.race([Promise.all(apis.map(ask)), death.promise]);
  await each((api, i) => i < working ? api.giveWay() : Promise.resolve());
  const collectEach = () => each((api) => api.collect());
  return {
    size,
    watching: watched ? working : null,
    each,
    collectEach,
    async collect() {
      const sum = createSeen();
      for (const seen of await collectEach()) addSeen(sum, seen);
      return sum;
    },
    async heardSince(moment) {
      const counts = await each((api) => api.heardSince(moment));
      return counts.reduce((sum, n) => sum + n, 0);
    },
    accepted: async () => (await each((api) => api.accepted())).flat(),
    close() {
      for (const worker of workers) worker.terminate();
    },
  };
}
