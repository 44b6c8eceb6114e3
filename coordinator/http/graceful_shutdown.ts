import type { Handler } from "./server.ts";

/** A handler that can stop accepting requests. */
export interface GracefulShutdown {
  readonly handler: Handler;
  /** Answers new requests with 503; resolves when running ones are answered. */
  finish(): Promise<void>;
}

const gone = JSON.stringify({
  type: "unavailable",
  title: "Not now",
  status: 503,
  detail: "this coordinator is stopping; try again later",
});

/**
 * Lets a handler answer running requests before its server shuts down. In Deno
 * 2.9.6, `Deno.HttpServer.shutdown` alone makes request bodies unreadable:
 * https://github.com/denoland/deno/issues/36809
 */
export function gracefulShutdown(handler: Handler): GracefulShutdown {
  let underWay = 0;
  let finishing = false;
  const finished = Promise.withResolvers<void>();

  return {
    async handler(request, info) {
      if (finishing) {
        return new Response(gone, {
          status: 503,
          headers: {
            "content-type": "application/problem+json",
            "retry-after": "5",
            "connection": "close",
          },
        });
      }
      underWay++;
      try {
        return await handler(request, info);
      } finally {
        underWay--;
        if (finishing && underWay === 0) finished.resolve();
      }
    },
    finish() {
      finishing = true;
      if (underWay === 0) finished.resolve();
      return finished.promise;
    },
  };
}
