import { endpoints } from "../../protocol/endpoints.ts";

/**
 * Milliseconds that 99% of calls may take. The coordinator counts exactly how
 * many took no longer, because it is a bound of one of its buckets.
 */
export const LIMIT = 50;

/** A training volunteer's calls, by their routes. */
const ROUTES = {
  lease: endpoints.acquire.path,
  renew: endpoints.renew.path,
  report: endpoints.report.path,
  complete: endpoints.complete.path,
} as const;
export type WorkCall = keyof typeof ROUTES;

export const WORK_CALLS = Object.keys(ROUTES) as readonly WorkCall[];

/** Calls with the expected answer, and those within the limit. */
export interface Counted {
  readonly calls: number;
  readonly within: number;
}

/** Measured by the coordinator, from a request's head to its answer's. */
export type OwnTimes = Readonly<Record<WorkCall, Counted>>;

/** What the coordinator on this machine has counted since it started. */
export async function readOwnTimes(url: string): Promise<OwnTimes> {
  const response = await fetch(`${url}/metrics`, {
    signal: AbortSignal.timeout(60_000),
  });
  const text = await response.text();
  if (!response.ok) {
    throw new Error(`the coordinator did not give its figures: ${text}`);
  }
  return parseOwnTimes(text);
}

/** @param text Prometheus' text format. */
export function parseOwnTimes(text: string): OwnTimes {
  const counts = new Map<string, number>();
  for (
    const [, labels = "", count] of text.matchAll(
      /^swarm_request_seconds_bucket\{(.*)\} (\d+)$/gm,
    )
  ) {
    counts.set(labels.split(",").toSorted().join(), Number(count));
  }
  return ofEach((call) => {
    const route = ROUTES[call].replaceAll(/{(\w+)}/g, ":$1");
    const upTo = (le: number | "+Inf") =>
      counts.get(
        `le="${le}",method="POST",route="${route}",status="2xx"`,
      ) ?? 0;
    return { calls: upTo("+Inf"), within: upTo(LIMIT / 1000) };
  });
}

/** The difference of two readings. */
export function ownTimesBetween(before: OwnTimes, after: OwnTimes): OwnTimes {
  return ofEach((call) => ({
    calls: after[call].calls - before[call].calls,
    within: after[call].within - before[call].within,
  }));
}

function ofEach(count: (call: WorkCall) => Counted): OwnTimes {
  return {
    lease: count("lease"),
    renew: count("renew"),
    report: count("report"),
    complete: count("complete"),
  };
}
