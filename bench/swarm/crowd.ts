import * as Comlink from "comlink";
import type { CrowdApi } from "./crowd_thread.ts";
import { addSeen, createSeen, type Seen } from "./meter.ts";
import type { Accepted } from "./volunteer.ts";

/** Volunteers on several threads, as if they were on one. */
export interface Crowd {
  readonly threads: readonly CrowdApi[];
  /** What was seen since it was last collected. */
  collect(): Promise<Seen>;
  /** Volunteers that were answered at or after a moment (`Date.now()`). */
  heardSince(moment: number): Promise<number>;
  /** All results told to be accepted. */
  accepted(): Promise<Accepted[]>;
  close(): void;
}

/** Starts threads for volunteers; they share nothing with the coordinator. */
export function startCrowd(threads: number): Crowd {
  const workers = Array.from({ length: threads }, () => {
    const worker = new Worker(new URL("./crowd_thread.ts", import.meta.url), {
      type: "module",
    });
    // Comlink's calls never settle when the thread dies.
    worker.onerror = (event) => {
      console.error(`bench swarm: a thread of volunteers died: ${event.message}`);
      Deno.exit(1);
    };
    return worker;
  });
  const apis = workers.map((worker) => Comlink.wrap<CrowdApi>(worker));
  const all = <T>(ask: (api: Comlink.Remote<CrowdApi>) => Promise<T>) =>
    Promise.all(apis.map(ask));
  return {
    threads: apis,
    async collect() {
      const sum = createSeen();
      for (const seen of await all((api) => api.collect())) addSeen(sum, seen);
      return sum;
    },
    async heardSince(moment) {
      const counts = await all((api) => api.heardSince(moment));
      return counts.reduce((sum, n) => sum + n, 0);
    },
    accepted: async () => (await all((api) => api.accepted())).flat(),
    close() {
      for (const worker of workers) worker.terminate();
    },
  };
}
