import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import type { Guard } from "../limits/guard.ts";
import { withinBudget } from "./admission.ts";
import type { WorkerEnv } from "./authenticate.ts";
import { ProblemError } from "./problems.ts";

/** Bytes of a body that is read in one go: nearly all are smaller. */
const SMALL = 16 * 1024;

/**
 * Reads the body to its end before anything else is done, and gives up on one
 * that is too large or does not come. Whoever reads it later gets what was
 * read.
 */
export function readBody(guard: Guard) {
  const { bodyBytes } = guard.limits;
  return createMiddleware<WorkerEnv>(async (c, next) => {
    const { body } = c.req.raw;
    if (body === null) return await next();
    const length = c.req.header("content-length");
    // The server holds a body to the length that its head tells.
    const told = c.req.header("transfer-encoding") === undefined &&
        /^\d+$/.test(length ?? "")
      ? Number(length)
      : null;
    if (told !== null && told > bodyBytes) throw tooLarge(bodyBytes);
    await withinBudget(
      guard,
      c.var.address,
      told ?? bodyBytes,
      () => receive(c, body, told !== null && told <= SMALL, guard),
    );
    await next();
  });
}

/** @param small Whether the server lets but a few bytes come. */
async function receive(
  c: Context,
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  small: boolean,
  { limits: { bodyBytes, bodySeconds } }: Guard,
): Promise<void> {
  const stop = new AbortController();
  // As text, which is kept: the handler's JSON is parsed from it.
  const reading: Promise<string | ArrayBuffer> = small
    ? c.req.text()
    : readBounded(body, bodyBytes, stop.signal);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), bodySeconds * 1000);
  });
  let read: string | ArrayBuffer | null;
  try {
    read = await Promise.race([reading, late]);
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw new ProblemError(
      "invalid-request",
      "the body broke off before its end; send it again",
      { headers: CLOSE },
    );
  } finally {
    clearTimeout(timer);
  }
  if (read === null) {
    // What comes of it once the connection is cut is nobody's business.
    reading.catch(() => {});
    stop.abort();
    throw new ProblemError(
      "body-too-slow",
      `the body did not come within ${bodySeconds} s; ` +
        "send it again over a better connection",
      { headers: CLOSE },
    );
  }
  if (!small) c.req.raw = new Request(c.req.raw, { body: read });
}

/** The rest of the body is not wanted: the connection can serve no more. */
const CLOSE = { connection: "close" };

async function readBounded(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  most: number,
  signal: AbortSignal,
): Promise<ArrayBuffer> {
  const reader = body.getReader();
  signal.addEventListener("abort", () => void reader.cancel().catch(() => {}));
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let received = 0;
  while (true) {
    const { done, value } = await reader.read();
    if (done) return await new Blob(chunks).arrayBuffer();
    received += value.length;
    if (received > most) {
      reader.cancel().catch(() => {});
      throw tooLarge(most);
    }
    chunks.push(value);
  }
}

function tooLarge(most: number): ProblemError {
  return new ProblemError(
    "body-too-large",
    `the body is larger than the coordinator takes: ${most} bytes`,
    { headers: CLOSE },
  );
}

/**
 * A request's body if it has exactly so many bytes. One that says or turns out
 * to be of another length is not read any further.
 *
 * @param seconds Within which all of it has to be here.
 */
export async function readExactly(
  request: Request,
  length: number,
  seconds: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const stated = request.headers.get("content-length");
  if (request.body === null) return null;
  const reader = request.body.getReader();
  const giveUp = () => void reader.cancel().catch(() => {});
  if (stated !== null && stated !== String(length)) {
    giveUp();
    return null;
  }
  const late = Promise.withResolvers<never>();
  late.promise.catch(() => {});
  const timer = setTimeout(() => {
    late.reject(
      new ProblemError(
        "body-too-slow",
        `the weights did not come within ${Math.round(seconds)} s; send them ` +
          "again over a better connection",
        { headers: { connection: "close" } },
      ),
    );
    giveUp();
  }, seconds * 1000);
  const bytes = new Uint8Array(length);
  let received = 0;
  try {
    while (true) {
      const { done, value } = await Promise.race([reader.read(), late.promise]);
      if (done) return received === length ? bytes : null;
      if (received + value.length > length) {
        giveUp();
        return null;
      }
      bytes.set(value, received);
      received += value.length;
    }
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw new ProblemError(
      "invalid-request",
      "the weights broke off before their end; send them again",
      { headers: { connection: "close" } },
    );
  } finally {
    clearTimeout(timer);
  }
}
