import { createMiddleware } from "hono/factory";
import { secureHeaders } from "hono/secure-headers";
import { ProblemError } from "./problems.ts";

/**
 * What browsers are told about every answer. Pages run only the coordinator's
 * own scripts and styles, talk only to it, and stand in nobody's frame. COOP
 * and COEP give them shared memory, which trainer threads hold the data in.
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
    // What the join page uses, for itself alone.
    screenWakeLock: ["self"],
  },
  // Whether there is TLS in front is for the proxy to know.
  strictTransportSecurity: false,
});

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
