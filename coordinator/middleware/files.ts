import { extname, join, relative, sep } from "node:path";
import type { Context } from "hono";

/** A file to answer with; its bytes are read only where they are sent. */
export interface ServedBytes {
  /** Length of what `open` gives. */
  readonly bytes: number;
  /** A strong validator, quotes included. */
  readonly etag: string;
  /** Of `open`'s bytes. Null: as they are; absent: never compressed. */
  readonly encoding?: "br" | "gzip" | null;
  /** Its bytes, anew at each call. */
  open(): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
}

/** A data set's files by name: `<SHA-256>.gz`. Null: there is none. */
export type DataFiles = (name: string) => Promise<ServedBytes | null>;

/** The pages and what they load, by path on the server. */
export interface Assets {
  /** Every path that `find` knows: `/`, `/join` and what they load. */
  readonly paths: readonly string[];
  /** Compressed where the request's `Accept-Encoding` allows it. */
  find(path: string, acceptEncoding?: string): Promise<ServedBytes | null>;
  /** Template of a study's report; absent: none can be had. */
  readonly report?: string;
}

/**
 * The files of a folder by their names. For names checked by the caller: what
 * is given is joined to the folder as it is.
 */
export function dataFiles(folder: string): DataFiles {
  return (name) => fileAt(join(folder, name));
}

/**
 * Everything in a folder as it is now, under its path there; `index.html`
 * stands for `/` and `join.html` for `/join`. Only what this listing found is
 * ever opened, so no path can lead out of the folder.
 */
export async function folderAssets(folder: string): Promise<Assets> {
  const files = new Map<string, string>();
  for await (const file of filesIn(folder)) {
    files.set(toPath(relative(folder, file)), file);
  }
  return {
    paths: [...files.keys()],
    find: (path) => {
      const file = files.get(path);
      return file === undefined ? Promise.resolve(null) : fileAt(file);
    },
  };
}

function toPath(relativePath: string): string {
  const path = `/${relativePath.split(sep).join("/")}`;
  return path === "/index.html" ? "/" : path.replace(/\.html$/, "");
}

async function* filesIn(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) yield* filesIn(path);
    else if (entry.isFile) yield path;
  }
}

/** A file on disk; null where there is none. */
export async function fileAt(path: string): Promise<ServedBytes | null> {
  let info: Deno.FileInfo;
  try {
    info = await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  if (!info.isFile) return null;
  const changed = info.mtime?.getTime() ?? 0;
  return {
    bytes: info.size,
    etag: `"${info.size.toString(36)}-${changed.toString(36)}"`,
    open: async () => (await Deno.open(path, { read: true })).readable,
  };
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

/** Media type by the extension of a path; a page's path has none. */
export function mediaType(path: string): string {
  return types[extname(path)] ?? "application/octet-stream";
}

/** Cached for a year without asking again: what its name says never changes. */
export const IMMUTABLE = "public, max-age=31536000, immutable";

/** Answers with a file, or with 304 where the client has it. */
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
  // Hono answers HEAD by dropping a GET's body, and would leave a file open.
  const body = c.req.method === "HEAD" ? null : await file.open();
  return new Response(body, {
    headers: { ...headers, "content-length": String(file.bytes) },
  });
}

/** A tag but for its mark as a weak one, which a 304 does not care about. */
const opaque = (tag: string) => tag.replace(/^W\//, "");

/** Whether an `If-None-Match` header names this entity tag. */
export function etagMatches(header: string | undefined, etag: string): boolean {
  return header?.split(",").some((given) => {
    const tag = given.trim();
    return tag === "*" || opaque(tag) === opaque(etag);
  }) ?? false;
}
