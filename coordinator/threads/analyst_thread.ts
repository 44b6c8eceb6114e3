import { type Analyst, createAnalyst } from "./analyst.ts";
import { expose, transfer } from "./thread_host.ts";
import { lowerPriority } from "./thread_host.ts";

/** The analyst's thread; `analyst_host.ts` is its host. */
lowerPriority();
const analyst = createAnalyst();
expose(
  {
    ...analyst,
    async leaderboard(...args) {
      const written = await analyst.leaderboard(...args);
      // Transferred, not copied.
      return transfer(written, [written.json.buffer, written.gzip.buffer]);
    },
  } satisfies Analyst,
);
