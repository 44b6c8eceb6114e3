import { createMiddleware } from "hono/factory";
import { ProblemError } from "./problems.ts";

const reading = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Lets only the coordinator's own pages change state. Browsers put the page's
 * origin on every such request; a request without one comes from no browser
 * and cannot be made by a page behind its reader's back.
 *
 * Hosts are compared, not schemes: a proxy may add TLS.
 */
export const originCheck = createMiddleware(async (c, next) => {
  const origin = c.req.header("origin");
  if (!reading.has(c.req.method) && origin !== undefined) {
    const host = c.req.header("host") ?? new URL(c.req.url).host;
    if (hostOf(origin) !== host.toLowerCase()) {
      throw new ProblemError(
        "foreign-origin",
        `a page from elsewhere sent this request: ${origin}; ` +
          "open the coordinator's own pages",
      );
    }
  }
  await next();
});

/** Host and port of an origin; null for `null` and what is no origin. */
function hostOf(origin: string): string | null {
  return URL.parse(origin)?.host || null;
}
