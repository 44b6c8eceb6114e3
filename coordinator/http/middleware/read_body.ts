import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { readBytes } from "../../../protocol/read_bytes.ts";
import type { Guard } from "../limits/guard.ts";
import { withinBudget } from "./admission.ts";
import type { WorkerEnv } from "./authenticate.ts";
import { ProblemError } from "./problems.ts";

/** Bodies up to this size are read at once; nearly all are smaller. */
const SMALL = 16 * 1024;

/**
 * Reads the whole body first and refuses one that is too large or too slow.
 * Later reads return the same bytes.
 */
export function readBody(guard: Guard) {
  const { bodyBytes } = guard.limits;
  return createMiddleware<WorkerEnv>(async (c, next) => {
    const { body } = c.req.raw;
    if (body === null) return await next();
    const length = c.req.header("content-length");
    // The server enforces the body's declared length.
    const told = c.req.header("transfer-encoding") === undefined &&
        /^\d+$/.test(length ?? "")
      ? Number(length)
      : null;
    if (told !== null && told > bodyBytes) throw tooLarge(bodyBytes);
    await withinBudget(
      guard,
      c.var.address,
      told ?? bodyBytes,
      () => receive(c, body, told, guard),
    );
    await next();
  });
}

/** @param told The declared length in bytes; null if unknown. */
async function receive(
  c: Context,
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  told: number | null,
  { limits: { bodyBytes, bodySeconds } }: Guard,
): Promise<void> {
  // The server enforces the length. Read as text, which Hono caches and parses.
  if (told !== null && told <= SMALL) {
    await within(bodySeconds, BODY, () => c.req.text());
    return;
  }
  const read = await within(
    bodySeconds,
    BODY,
    (signal) => readBytes(body, told ?? bodyBytes, { signal }),
  );
  if (read === null) throw tooLarge(bodyBytes);
  c.req.raw = new Request(c.req.raw, { body: read });
}

const BODY = ["the body", "it"] as const;
const WEIGHTS = ["the weights", "them"] as const;

/** The rest of the body is not read, so the connection cannot be reused. */
const CLOSE = { connection: "close" };

/** Resolves to the body if it arrives completely within the time. */
async function within<T>(
  seconds: number,
  [what, it]: typeof BODY | typeof WEIGHTS,
  read: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(
      new ProblemError(
        "body-too-slow",
        `${what} did not arrive within ${Math.round(seconds)} s; ` +
          `send ${it} again over a better connection`,
        { headers: CLOSE },
      ),
    );
    stop.abort();
  }, seconds * 1000);
  try {
    return await Promise.race([read(stop.signal), late.promise]);
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw new ProblemError(
      "invalid-request",
      `${what} ended too early; send ${it} again`,
      { headers: CLOSE },
    );
  } finally {
    clearTimeout(timer);
  }
}

function tooLarge(most: number): ProblemError {
  return new ProblemError(
    "body-too-large",
    `the body is larger than the coordinator accepts: ${most} bytes`,
    { headers: CLOSE },
  );
}

/**
 * A request's body if it has exactly this many bytes; null otherwise. A body
 * with another length is not read any further.
 *
 * @param seconds Time limit for the whole body.
 */
export async function readExactly(
  request: Request,
  length: number,
  seconds: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const { body } = request;
  const stated = request.headers.get("content-length");
  if (body === null) return null;
  if (stated !== null && stated !== String(length)) {
    body.cancel().catch(() => {});
    return null;
  }
  const bytes = await within(
    seconds,
    WEIGHTS,
    (signal) => readBytes(body, length, { signal }),
  );
  return bytes?.length === length ? bytes : null;
}
