import type { Context } from "hono";
import { accepts } from "hono/accepts";
import { sha256OfBytes } from "../../service/sha256.ts";
import { ProblemError } from "./problems.ts";

/** A file to serve; its bytes are read only when they are sent. */
export interface ServedBytes {
  /** Length of the stream of `open`. */
  readonly bytes: number;
  /** A strong validator, quotes included. */
  readonly etag: string;
  /** Encoding of `open`'s bytes. Null: none now; absent: never compressed. */
  readonly encoding?: "br" | "gzip" | null;
  /** Its bytes; each call returns a new stream. */
  open(): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
}

/**
 * A data set's files by name: `<SHA-256>.gz`. Null: the data set has no such
 * file; "away": it has, but the file is not on the disk now.
 */
export type DataFiles = (name: string) => Promise<ServedBytes | "away" | null>;

/** The pages and their resources, by path on the server. */
export interface Assets {
  /** Every path that `find` knows: `/`, `/join` and their resources. */
  readonly paths: readonly string[];
  /** The file at a path, compressed if `Accept-Encoding` allows it. */
  find(path: string, acceptEncoding?: string): Promise<ServedBytes | null>;
  /** Template of a study's report; absent if the build has none. */
  readonly report?: string;
}

const types: Readonly<Record<string, string>> = {
  "": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

/** Media types by file extension; a page's path has no extension. */
export function mediaType(path: string): string {
  return types[/\.\w+$/.exec(path)?.[0] ?? ""] ?? "application/octet-stream";
}

/** Cached for a year: the content of a hashed name never changes. */
export const IMMUTABLE = "public, max-age=31536000, immutable";

/** Answers with a file, or with 304 if the client has it. */
export async function fileResponse(
  c: Context,
  file: ServedBytes,
  contentType: string,
  cacheControl: string,
): Promise<Response> {
  const headers: Record<string, string> = {
    "content-type": contentType,
    "cache-control": cacheControl,
    etag: file.etag,
  };
  if (file.encoding !== undefined) headers.vary = "accept-encoding";
  if (file.encoding) headers["content-encoding"] = file.encoding;
  if (etagMatches(c.req.header("if-none-match"), file.etag)) {
    return new Response(null, { status: 304, headers });
  }
  // For HEAD, Hono drops the GET's body, which would leave the file open.
  const body = c.req.method === "HEAD" ? null : await file.open();
  return new Response(body, {
    headers: { ...headers, "content-length": String(file.bytes) },
  });
}

/** An entity tag without `W/`: If-None-Match compares weakly. */
const opaque = (tag: string) => tag.replace(/^W\//, "");

/** Whether an `If-None-Match` header contains this entity tag. */
export function etagMatches(header: string | undefined, etag: string): boolean {
  return header?.split(",").some((given) => {
    const tag = given.trim();
    return tag === "*" || opaque(tag) === opaque(etag);
  }) ?? false;
}

/** The value; null throws the problem `not-found` with the name. */
export function orNotFound<T>(value: T | null, kind: string, name: string): T {
  if (value !== null) return value;
  throw new ProblemError("not-found", `there is no such ${kind}: ${name}`);
}

/** The text, or 304 if the client has it. */
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
 * The bytes, compressed if the client accepts it, or 304 if it has them.
 *
 * @param etag A weak tag, because both encodings share it.
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

/** A value encoded for sending. */
export interface RenderedJson {
  readonly json: string;
  /** Entity tag, computed from the content. */
  readonly etag: string;
}

export async function renderJson(value: unknown): Promise<RenderedJson> {
  const json = JSON.stringify(value);
  const hash = await sha256OfBytes(new TextEncoder().encode(json));
  return { json, etag: `"${hash.slice(0, 16)}"` };
}

/**
 * A body that is generated in parts, as fast as the client reads it, so that a
 * large table neither fills the memory nor delays other requests.
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
