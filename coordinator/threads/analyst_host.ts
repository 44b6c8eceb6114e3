import * as Comlink from "comlink";
import { confined } from "./thread_priority.ts";
import type { Analyst } from "./analyst.ts";
import { AnalystError } from "./analyst.ts";

/** An analyst in a thread of its own. */
export interface AnalystThread extends Analyst {
  close(): void;
}

interface Running {
  readonly api: Comlink.Remote<Analyst>;
  readonly end: (why: string) => void;
}

const CLOSED = "the analyst was closed";

const url = new URL("./analyst_thread.ts", import.meta.url);

/**
 * Starts with the first question, and again, knowing nothing, after it died.
 * However large a study is, working out its leaderboard keeps no worker's call
 * waiting.
 *
 * @param confine Whether the thread may do nothing but compute, which takes
 * Deno's `--unstable-worker-options`.
 */
export function spawnAnalyst(confine: boolean): AnalystThread {
  let running: Running | null = null;
  /**
   * Rejects whoever waits for an answer: Comlink's calls never settle when the
   * thread is gone. A race with one promise for all of them would keep every
   * answer, whole leaderboards, as long as the thread lives.
   */
  const waiting = new Set<(error: AnalystError) => void>();
  let closed = false;

  function start(): Running {
    const worker = new Worker(url, {
      type: "module",
      name: "analyst",
      ...confine && { deno: { permissions: confined() } },
    });
    const end = (why: string) => {
      worker.terminate();
      running = null;
      for (const reject of waiting) reject(new AnalystError(why));
      waiting.clear();
    };
    worker.addEventListener("error", (event) => {
      // Unhandled, it would end the whole process with the thread.
      event.preventDefault();
      end(`the analyst died: ${event.message}`);
    });
    return { api: Comlink.wrap<Analyst>(worker), end };
  }

  function ask<T>(
    call: (api: Comlink.Remote<Analyst>) => Promise<T>,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (closed) return reject(new AnalystError(CLOSED));
      const { api } = running ??= start();
      waiting.add(reject);
      call(api).then(resolve, reject).finally(() => waiting.delete(reject));
    });
  }

  return {
    tell: (news) => ask((api) => api.tell(news)),
    leaderboard: (...args) => ask((api) => api.leaderboard(...args)),
    deviations: (studyId) => ask((api) => api.deviations(studyId)),
    backends: (studyId) => ask((api) => api.backends(studyId)),
    close() {
      closed = true;
      running?.end(CLOSED);
    },
  };
}
