import { confined, createThreadHost } from "./thread_host.ts";
import { type Analyst, AnalystError } from "./analyst.ts";

/** An analyst in a thread of its own. */
export interface AnalystThread extends Analyst {
  close(): void;
}

/**
 * An analyst in a thread, so that working out a leaderboard, however large the
 * study, keeps no worker's call waiting. One that is started again after its
 * thread died knows nothing.
 *
 * @param confine Whether the thread may do nothing but compute, which takes
 * Deno's `--unstable-worker-options`.
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
