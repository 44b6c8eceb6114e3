import { endpoints } from "../../coordinator/protocol/endpoints.ts";

/**
 * Milliseconds that a call may take, of a hundred all but one. The coordinator
 * counts exactly how many took no longer: it is a bound of one of its buckets.
 */
export const LIMIT = 50;

/** The calls of a volunteer at work, by their routes. */
const ROUTES = {
  lease: endpoints.acquire.path,
  renew: endpoints.renew.path,
  report: endpoints.report.path,
  complete: endpoints.complete.path,
} as const;
export type WorkCall = keyof typeof ROUTES;

export const WORK_CALLS = Object.keys(ROUTES) as readonly WorkCall[];

/** Calls that were answered as hoped, and those of them within the limit. */
export interface Counted {
  readonly calls: number;
  readonly within: number;
}

/** By the coordinator's own watch, from a request's head to its answer's. */
export type OwnTimes = Readonly<Record<WorkCall, Counted>>;

/** What the coordinator on this machine has counted since it started. */
export async function readOwnTimes(url: string): Promise<OwnTimes> {
  const response = await fetch(`${url}/metrics`, {
    signal: AbortSignal.timeout(60_000),
  });
  return parseOwnTimes(await response.text());
}

/** @param text Prometheus' text format. */
export function parseOwnTimes(text: string): OwnTimes {
  const counted = (call: WorkCall): Counted => {
    const route = ROUTES[call].replaceAll(/{(\w+)}/g, ":$1");
    const of = (le: string) => {
      for (
        const [, labels = "", value] of text.matchAll(
          /^swarm_request_seconds_bucket\{(.*)\} (\d+)$/gm,
        )
      ) {
        const has = (name: string, value: string) =>
          labels.split(",").includes(`${name}="${value}"`);
        if (has("le", le) && has("route", route) && has("status", "2xx")) {
          return Number(value);
        }
      }
      return 0;
    };
    return { calls: of("+Inf"), within: of(String(LIMIT / 1000)) };
  };
  return {
    lease: counted("lease"),
    renew: counted("renew"),
    report: counted("report"),
    complete: counted("complete"),
  };
}

/** What was counted between two readings. */
export function ownTimesBetween(before: OwnTimes, after: OwnTimes): OwnTimes {
  const between = (call: WorkCall): Counted => ({
    calls: after[call].calls - before[call].calls,
    within: after[call].within - before[call].within,
  });
  return {
    lease: between("lease"),
    renew: between("renew"),
    report: between("report"),
    complete: between("complete"),
  };
}
