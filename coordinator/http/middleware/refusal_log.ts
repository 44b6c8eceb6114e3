import type { Context } from "hono";
import type { Address } from "../limits/addresses.ts";
import type { Metrics } from "../metrics.ts";
import type { Log } from "../../service/log.ts";
import type { WorkerEnv } from "./authenticate.ts";
import type { NoteRefusal } from "./problems.ts";

/** Milliseconds between two log lines about one reason. */
const QUIET = 60_000;

/** Status codes to log; others are ordinary client errors. */
const NOTABLE = new Set([401, 403, 408, 413, 421, 426, 429]);

/**
 * Counts refusals by reason and logs the first one of each reason in a minute,
 * with the number since the last line, so that many refusals cannot flood the
 * log.
 *
 * @param now Milliseconds of a monotonic clock.
 */
export function createRefusalLog(
  log: Log,
  metrics: Metrics | undefined,
  now: () => number,
): NoteRefusal {
  const told = new Map<string, { at: number; untold: number }>();
  return ({ problem, reason }, c: Context<WorkerEnv>) => {
    metrics?.refused(reason);
    // An unavailable storage has already been logged with its reason.
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
