import * as Comlink from "comlink";
import { lowerPriority } from "./thread_priority.ts";
import { type Analyst, createAnalyst } from "./analyst.ts";

/** An analyst's thread; `spawn_analyst.ts` is the other side. */
lowerPriority();
const analyst = createAnalyst();
Comlink.expose(
  {
    ...analyst,
    async leaderboard(...args) {
      const written = await analyst.leaderboard(...args);
      // Handed over, not copied.
      return Comlink.transfer(
        written,
        [written.json.buffer, written.gzip.buffer],
      );
    },
  } satisfies Analyst,
);
