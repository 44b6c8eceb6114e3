import * as Comlink from "comlink";
import { type Analyst, AnalystError } from "./analyst.ts";

/** An analyst in a thread of its own. */
export interface AnalystThread extends Analyst {
  close(): void;
}

interface Running {
  readonly worker: Worker;
  readonly api: Comlink.Remote<Analyst>;
  /** Rejects when the thread has died: Comlink's calls never settle then. */
  readonly death: Promise<never>;
}

const url = new URL("./analyst_thread.ts", import.meta.url);

/**
 * Starts with the first question, and again, knowing nothing, after it died.
 * However large a study is, working out its leaderboard keeps no worker's call
 * waiting.
 *
 * @param confined Whether the thread may do nothing but compute, which takes
 * Deno's `--unstable-worker-options`.
 */
export function spawnAnalyst(confined: boolean): AnalystThread {
  let running: Running | null = null;
  let closed = false;

  function start(): Running {
    const worker = new Worker(url, {
      type: "module",
      name: "analyst",
      ...confined && { deno: { permissions: "none" as const } },
    });
    const death = Promise.withResolvers<never>();
    death.promise.catch(() => {});
    worker.addEventListener("error", (event) => {
      // Unhandled, it would end the whole process with the thread.
      event.preventDefault();
      worker.terminate();
      running = null;
      death.reject(new AnalystError(`the analyst died: ${event.message}`));
    });
    const api = Comlink.wrap<Analyst>(worker);
    return { worker, api, death: death.promise };
  }

  function ask<T>(call: (api: Comlink.Remote<Analyst>) => Promise<T>) {
    if (closed) return Promise.reject(new Error("the analyst was closed"));
    const { api, death } = running ??= start();
    return Promise.race([call(api), death]);
  }

  return {
    tell: (news) => ask((api) => api.tell(news)),
    leaderboard: (...args) => ask((api) => api.leaderboard(...args)),
    deviations: (studyId) => ask((api) => api.deviations(studyId)),
    backends: (studyId) => ask((api) => api.backends(studyId)),
    close() {
      closed = true;
      running?.worker.terminate();
      running = null;
    },
  };
}
