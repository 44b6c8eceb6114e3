import type { Handler } from "./server.ts";

/** A handler that can come to an end. */
export interface LastAnswers {
  readonly handler: Handler;
  /** From now on newcomers get 503; resolves when the others are answered. */
  finish(): Promise<void>;
}

const gone = JSON.stringify({
  type: "unavailable",
  title: "Not now",
  status: 503,
  detail: "this coordinator stops; ask again by and by",
});

/**
 * Lets a handler answer what it has been asked before its server is shut down.
 * `Deno.HttpServer.shutdown` alone makes bodies unreadable that have not been
 * read yet, in Deno 2.9.6: https://github.com/denoland/deno/issues/36809
 */
export function lastAnswers(handler: Handler): LastAnswers {
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
