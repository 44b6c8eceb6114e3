import { createMiddleware } from "hono/factory";
import { secureHeaders } from "hono/secure-headers";
import type { Guard } from "../limits/guard.ts";
import { ProblemError } from "./problems.ts";

/**
 * Security headers of every answer. Pages may run only the coordinator's own
 * scripts and styles, connect only to it, and cannot be framed. COOP and COEP
 * enable shared memory, in which trainer threads keep the data.
 */
export const securityHeaders = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'", "'wasm-unsafe-eval'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", "data:"],
    connectSrc: ["'self'"],
    workerSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
  crossOriginOpenerPolicy: "same-origin",
  crossOriginEmbedderPolicy: "require-corp",
  crossOriginResourcePolicy: "same-origin",
  referrerPolicy: "no-referrer",
  xContentTypeOptions: "nosniff",
  xFrameOptions: "DENY",
  permissionsPolicy: {
    camera: [],
    microphone: [],
    geolocation: [],
    displayCapture: [],
    payment: [],
    usb: [],
    serial: [],
    bluetooth: [],
    hid: [],
    midi: [],
    // Features that only the join page itself may use.
    screenWakeLock: ["self"],
  },
  // HSTS is left to the proxy, which knows whether there is TLS.
  strictTransportSecurity: false,
});

const reading = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Lets only the coordinator's own pages change state (no cross-site request
 * forgery). Browsers send the page's origin with every such request, so a
 * request without one does not come from a browser.
 *
 * Only hosts are compared, not schemes, because a proxy may add TLS. A proxy
 * that replaces the host needs the public address: that origin is the pages'
 * own, too.
 */
export function originCheck({ publicUrl }: Guard) {
  return createMiddleware(async (c, next) => {
    const origin = c.req.header("origin");
    if (!reading.has(c.req.method) && origin !== undefined) {
      const host = c.req.header("host") ?? new URL(c.req.url).host;
      if (
        hostOf(origin) !== host.toLowerCase() &&
        publicUrl?.isOrigin(origin) !== true
      ) {
        throw new ProblemError(
          "foreign-origin",
          `a page of another site sent this request: ${origin}; use the ` +
            "coordinator's own pages; behind a proxy, start it with " +
            "--public-url",
        );
      }
    }
    await next();
  });
}

/** Host and port of an origin; null for `null` and invalid origins. */
function hostOf(origin: string): string | null {
  return URL.parse(origin)?.host || null;
}
