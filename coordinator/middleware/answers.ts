import { createHash } from "node:crypto";
import type { Context } from "hono";
import { accepts } from "hono/accepts";
import { etagMatches } from "./files.ts";
import { ProblemError } from "./problems.ts";

/** The value, or the problem `not-found` with what was asked for. */
export function found<T>(value: T | null, kind: string, name: string): T {
  if (value !== null) return value;
  throw new ProblemError("not-found", `there is no such ${kind}: ${name}`);
}

/** The text, or 304 where the client has it. */
export function rendered(
  c: Context,
  text: () => string,
  etag: string,
  contentType: string,
): Response {
  const headers = { etag, "cache-control": "no-cache" };
  return etagMatches(c.req.header("if-none-match"), etag)
    ? c.body(null, 304, headers)
    : c.body(text(), 200, { ...headers, "content-type": contentType });
}

/**
 * The bytes, or 304 where the client has them; compressed where it takes that.
 *
 * @param etag A weak one: it is that of both forms.
 */
export function renderedBytes(
  c: Context,
  { plain, gzip, etag }: {
    readonly plain: Uint8Array<ArrayBuffer>;
    readonly gzip: Uint8Array<ArrayBuffer>;
    readonly etag: string;
  },
  contentType: string,
): Response {
  const headers = {
    etag,
    "cache-control": "no-cache",
    vary: "accept-encoding",
  };
  if (etagMatches(c.req.header("if-none-match"), etag)) {
    return c.body(null, 304, headers);
  }
  const encoding = accepts(c, {
    header: "Accept-Encoding",
    supports: ["gzip"],
    default: "identity",
    match: (given) =>
      given.some(({ type, q }) => type.toLowerCase() === "gzip" && q > 0)
        ? "gzip"
        : "identity",
  });
  const typed = { ...headers, "content-type": contentType };
  return encoding === "gzip"
    ? c.body(gzip, 200, { ...typed, "content-encoding": "gzip" })
    : c.body(plain, 200, typed);
}

/** A value as it is sent. */
export interface RenderedJson {
  readonly json: string;
  /** From its content. */
  readonly etag: string;
}

export function renderJson(value: unknown): RenderedJson {
  const json = JSON.stringify(value);
  const hash = createHash("sha256").update(json).digest("base64url");
  return { json, etag: `"${hash.slice(0, 16)}"` };
}

/**
 * A body that is made part by part, as fast as the client reads it: a large
 * table neither fills the memory nor keeps others waiting.
 */
export function streamed(
  c: Context,
  parts: AsyncIterable<string>,
  headers: Readonly<Record<string, string>>,
): Response {
  if (c.req.method === "HEAD") return c.body(null, 200, headers);
  const encoder = new TextEncoder();
  const iterator = parts[Symbol.asyncIterator]();
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await iterator.return?.();
    },
  }, new CountQueuingStrategy({ highWaterMark: 1 }));
  return c.body(body, 200, headers);
}
