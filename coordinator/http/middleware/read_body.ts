import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { readBytes } from "../../../protocol/read_bytes.ts";
import type { Charge, Guard } from "../limits/guard.ts";
import type { Limits } from "../limits/rates.ts";
import { enforceRate } from "./admission.ts";
import type { WorkerEnv } from "./authenticate.ts";
import { ProblemError } from "./problems.ts";

/** Bytes of a call's body, unless `mostBytes` allows its route more. */
export const CALL_BYTES = 4 * 1024;

/**
 * Bodies up to this size are read at once; nearly all are smaller. They are not
 * charged to the budget: the connections limit how many there are.
 */
const SMALL = 16 * 1024;

/** Allows a route's bodies this many bytes; null: its handler reads them. */
export function mostBytes(bytes: number | null) {
  return createMiddleware<WorkerEnv>(async (c, next) => {
    c.set("mostBytes", bytes);
    await next();
  });
}

/**
 * Reads the whole body first and refuses one that is too large, too slow or of
 * a shape that no route wants. Later reads return the same bytes.
 */
export function readBody(guard: Guard) {
  const { limits } = guard;
  return createMiddleware<WorkerEnv>(async (c, next) => {
    const { address, mostBytes: allowed = CALL_BYTES } = c.var;
    const { body } = c.req.raw;
    if (body === null || allowed === null) return await next();
    const most = Math.min(limits.bodyBytes, allowed);
    const length = c.req.header("content-length");
    // The server enforces the body's declared length.
    const told = c.req.header("transfer-encoding") === undefined &&
        /^\d+$/.test(length ?? "")
      ? Number(length)
      : null;
    if (told !== null && told > most) throw tooLarge(most);
    if (told !== null && told <= SMALL) {
      // Read as text, which Hono caches and parses.
      const text = await arriving(limits, BODY, () => c.req.text());
      checkShape(new TextEncoder().encode(text));
      return await next();
    }
    using charge = guard.receiving.open(address);
    const bytes = await arriving(
      limits,
      BODY,
      ({ signal, arrived }) =>
        readBytes(body, most, { signal, onBytes: arrived }),
      charge,
    );
    if (bytes === null) throw tooLarge(most);
    enforceRate(
      guard.admitRequest(address, Math.floor(bytes.length / CALL_BYTES)),
      "address",
      "your address sends large bodies",
    );
    checkShape(bytes);
    replaceBody(c, bytes);
    await next();
  });
}

function replaceBody(c: Context, body: Uint8Array<ArrayBuffer>): void {
  c.req.raw = new Request(c.req.raw, { body });
}

/**
 * Most levels of objects and arrays in a body, and most members of an object:
 * several times what any schema has. Parsing a megabyte of other JSON takes a
 * hundred times as long as looking at its bytes.
 */
const MOST_LEVELS = 16;
const MOST_MEMBERS = 64;

/** @throws {ProblemError} 400 for JSON of a shape that no route wants */
function checkShape(bytes: Uint8Array): void {
  const members = new Uint32Array(MOST_LEVELS + 1);
  let level = 0;
  let quoted = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (quoted) {
      if (byte === CODE.backslash) i++;
      else if (byte === CODE.quote) quoted = false;
      continue;
    }
    switch (byte) {
      case CODE.quote:
        quoted = true;
        break;
      case CODE.object:
      case CODE.array:
        if (++level > MOST_LEVELS) {
          throw shapeProblem(`nested deeper than ${MOST_LEVELS} levels`);
        }
        members[level] = 0;
        break;
      case CODE.objectEnd:
      case CODE.arrayEnd:
        if (level > 0) level--;
        break;
      case CODE.colon: {
        const count = (members[level] ?? 0) + 1;
        if (count > MOST_MEMBERS) {
          throw shapeProblem(`an object has more than ${MOST_MEMBERS} members`);
        }
        members[level] = count;
      }
    }
  }
}

const CODE = {
  quote: 0x22,
  colon: 0x3a,
  array: 0x5b,
  backslash: 0x5c,
  arrayEnd: 0x5d,
  object: 0x7b,
  objectEnd: 0x7d,
} as const;

function shapeProblem(what: string): ProblemError {
  return new ProblemError("invalid-request", `the body is refused: ${what}`);
}

const BODY = ["the body", "it"] as const;
const WEIGHTS = ["the weights", "them"] as const;

/** The rest of the body is not read, so the connection cannot be reused. */
const CLOSE = { connection: "close" };

/** What a reader tells, and is told. */
interface Arrival {
  /** Called with the number of bytes so far. */
  readonly arrived: (received: number) => void;
  /** Ends the reading. */
  readonly signal: AbortSignal;
}

/**
 * Resolves to the body if it arrives at the least pace: some seconds for any
 * body, and more in proportion to what has arrived.
 *
 * @param charge Where the bytes are charged as they arrive. Default: nowhere.
 */
async function arriving<T>(
  { bodySeconds, bodyPace }: Limits,
  [what, it]: typeof BODY | typeof WEIGHTS,
  read: (arrival: Arrival) => Promise<T>,
  charge?: Charge,
): Promise<T> {
  const stop = new AbortController();
  const refused = Promise.withResolvers<never>();
  const refuse = (problem: ProblemError) => {
    refused.reject(problem);
    stop.abort();
  };
  const begun = performance.now();
  let received = 0;
  const secondsLeft = () =>
    bodySeconds + received / bodyPace - (performance.now() - begun) / 1000;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = () => {
    const left = secondsLeft();
    if (left > 0) {
      timer = setTimeout(look, left * 1000);
      return;
    }
    const pace = received === 0
      ? `within ${bodySeconds} s`
      : `at ${bodyPace} bytes a second`;
    refuse(
      new ProblemError(
        "body-too-slow",
        `${what} did not arrive ${pace}; ` +
          `send ${it} again over a better connection`,
        { headers: CLOSE },
      ),
    );
  };
  look();
  const arrived = (bytes: number) => {
    if (charge?.take(bytes - received) === false) refuse(tooMuchAtOnce());
    received = bytes;
  };
  try {
    return await Promise.race([
      refused.promise,
      read({ signal: stop.signal, arrived }),
    ]);
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
    `the body is larger than the coordinator accepts here: ${most} bytes`,
    { headers: CLOSE },
  );
}

function tooMuchAtOnce(): ProblemError {
  return new ProblemError(
    "unavailable",
    "too much data is being sent at once; wait a little, then try again",
    {
      headers: { ...CLOSE, "retry-after": "5" },
      reason: "unavailable:receiving",
    },
  );
}

/**
 * A request's body if it has exactly this many bytes; null otherwise. A body
 * with another length is not read any further.
 */
export async function readExactly(
  request: Request,
  length: number,
  { limits, charge, signal: replaced }: {
    readonly limits: Limits;
    readonly charge: Charge;
    /** Aborted when the body is not wanted any more. */
    readonly signal: AbortSignal;
  },
): Promise<Uint8Array<ArrayBuffer> | null> {
  const { body } = request;
  const stated = request.headers.get("content-length");
  if (body === null) return null;
  if (stated !== null && stated !== String(length)) {
    body.cancel().catch(() => {});
    return null;
  }
  const bytes = await arriving(
    limits,
    WEIGHTS,
    ({ signal, arrived }) =>
      readBytes(body, length, {
        signal: AbortSignal.any([signal, replaced]),
        onBytes: arrived,
      }),
    charge,
  );
  if (replaced.aborted) {
    throw new ProblemError(
      "body-too-slow",
      "another upload of the same weights began before this one was complete",
      { headers: CLOSE },
    );
  }
  return bytes?.length === length ? bytes : null;
}
