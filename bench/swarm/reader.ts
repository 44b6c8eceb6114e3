import { pause } from "./workplace.ts";
import { addLatency, createLatencies, type Latencies } from "./latencies.ts";

/** Milliseconds for which the page collects events before it fetches. */
const GATHER = 800;

/**
 * Opens this many leaderboards, which update as the page does: each reads an
 * event stream and fetches the leaderboard with its `ETag` after a change.
 */
export function startReaders(
  url: string,
  count: number,
): { stop(): Promise<Latencies> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const latencies = createLatencies();
  const reading = Promise.all(
    Array.from(
      { length: count },
      () =>
        read(url, latencies, signal).catch((error) => {
          if (!signal.aborted) throw error;
        }),
    ),
  );
  return {
    async stop() {
      stopping.abort();
      // Closed streams have ended by then.
      await Promise.race([reading, pause(5)]);
      return latencies;
    },
  };
}

async function read(
  url: string,
  latencies: Latencies,
  signal: AbortSignal,
): Promise<void> {
  const events = await fetch(`${url}/api/events`, { signal });
  if (events.body === null) throw new Error("the event stream has no body");
  let etag = "";
  let fetching: Promise<void> | null = null;
  const refresh = async () => {
    await new Promise((resolve) => setTimeout(resolve, GATHER));
    if (signal.aborted) return;
    const begun = performance.now();
    const response = await fetch(`${url}/api/studies/load/leaderboard`, {
      headers: { "if-none-match": etag },
      signal,
    });
    await response.arrayBuffer();
    addLatency(latencies, performance.now() - begun);
    etag = response.headers.get("etag") ?? "";
  };
  for await (
    const text of events.body.pipeThrough(new TextDecoderStream())
  ) {
    if (!text.includes('"changed"') || fetching !== null) continue;
    fetching = refresh().catch((error) => {
      if (!signal.aborted) throw error;
    }).finally(() => fetching = null);
  }
}
