import { confined, createThreadHost } from "./thread_host.ts";
import { type Analyst, AnalystError } from "./analyst.ts";

/** An analyst in its own thread. */
export interface AnalystThread extends Analyst {
  close(): void;
}

/**
 * An analyst in a thread, so that computing the leaderboard of a large study
 * delays no worker's call. After its thread died and was restarted it has no
 * data.
 *
 * @param confine Whether the thread has no permissions, which needs Deno's
 * `--unstable-worker-options`.
 */
export function spawnAnalyst(confine: boolean): AnalystThread {
  const { ask, close } = createThreadHost<Analyst>({
    url: new URL("./analyst_thread.ts", import.meta.url),
    name: "analyst",
    ...confine && { permissions: confined() },
    error: (message) => new AnalystError(message),
  });
  return {
    tell: (news) => ask((api) => api.tell(news)),
    leaderboard: (...args) => ask((api) => api.leaderboard(...args)),
    deviations: (studyId) => ask((api) => api.deviations(studyId)),
    backends: (studyId) => ask((api) => api.backends(studyId)),
    close,
  };
}
