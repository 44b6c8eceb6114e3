import type { Context } from "hono";
import type { Address } from "../limits/addresses.ts";
import type { Metrics } from "../metrics.ts";
import type { Log } from "../../service/log.ts";
import type { WorkerEnv } from "./authenticate.ts";
import type { NoteRefusal } from "./problems.ts";

/** Milliseconds for which one line stands for all refusals of a reason. */
const QUIET = 60_000;

/** Answers to keep an eye on; the rest is what clients and readers mistake. */
const NOTABLE = new Set([401, 403, 408, 413, 421, 426, 429]);

/**
 * Counts each refusal by its reason, and logs the first of a reason in a
 * minute with the number of those before it: a crowd cannot flood the log.
 *
 * @param now Milliseconds of any clock that only goes forward.
 */
export function createRefusalLog(
  log: Log,
  metrics: Metrics | undefined,
  now: () => number,
): NoteRefusal {
  const told = new Map<string, { at: number; untold: number }>();
  return ({ problem, reason }, c: Context<WorkerEnv>) => {
    metrics?.refused(reason);
    // A storage that is away has been logged, with its reason.
    const full = reason.startsWith("unavailable:");
    if (!NOTABLE.has(problem.status) && !full) return;
    const last = told.get(reason);
    if (last !== undefined && now() - last.at < QUIET) {
      last.untold++;
      return;
    }
    told.set(reason, { at: now(), untold: 0 });
    const address: Address | undefined = c.var.address;
    log("warn", "refused", {
      reason,
      status: problem.status,
      method: c.req.method,
      address: address?.key ?? "unknown",
      untold: last?.untold ?? 0,
    });
  };
}
