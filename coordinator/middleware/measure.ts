import { createMiddleware } from "hono/factory";
import { matchedRoutes } from "hono/route";
import type { Metrics } from "../metrics.ts";

/** Measures each answer by its route, whose number is small, not its path. */
export function measure(metrics: Metrics, now: () => number) {
  return createMiddleware(async (c, next) => {
    const start = now();
    await next();
    const route = matchedRoutes(c).findLast(({ path }) => !path.endsWith("*"));
    const { method } = c.req;
    metrics.answered(
      route?.path ?? "none",
      METHODS.has(method) ? method : "other",
      c.res.status,
      now() - start,
    );
  });
}

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "DELETE"]);
