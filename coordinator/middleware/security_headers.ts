import { secureHeaders } from "hono/secure-headers";

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
