import { createHash } from "node:crypto";
import { join } from "node:path";
import * as z from "zod";

/** The `manifest.json` of a build of the web pages. */
export const WebManifest = z.strictObject({
  /** Hash of all files from which the build was made. */
  sources: z.string(),
  /** From a path on the coordinator to a file under `public/`. */
  files: z.record(z.string(), z.string()),
});
export type WebManifest = z.infer<typeof WebManifest>;

/** A file as the coordinator serves it. */
export interface WebFile {
  readonly bytes: number;
  /** A strong validator, with its quotes. */
  readonly etag: string;
  /** For `Content-Encoding`; null if the body is not compressed. */
  readonly encoding: "br" | "gzip" | null;
  open(): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
}

/** The built pages and all that they load, in memory. */
export interface WebAssets {
  /** Paths on the coordinator: pages, and `/assets/…` with content hashes. */
  readonly paths: readonly string[];
  /**
   * The file at a path, or null. It is compressed if `acceptEncoding`, a
   * request header, allows that and the build has a compressed copy.
   */
  find(path: string, acceptEncoding?: string): Promise<WebFile | null>;
  /** The template of a report, without its data. */
  readonly report: string;
}

/** The report's template in a build's folder, outside the served files. */
export const REPORT_FILE = "report.html";

const encodings = [["br", ".br"], ["gzip", ".gz"]] as const;

/** The pages have not been built. The message says how. */
export class NoPagesError extends Error {
  /** The error's name, which identifies it. */
  override readonly name = "NoPagesError";
}

/**
 * Reads a build that `buildWeb` wrote into `dir`. It keeps all files in memory,
 * a few megabytes, so that a later build cannot remove them.
 *
 * @throws {NoPagesError} if the folder holds no build
 */
export async function createWebAssets(dir: string): Promise<WebAssets> {
  const manifest = await readManifest(dir);
  if (manifest === null) {
    throw new NoPagesError(
      `the folder has no built web pages: ${dir}; run: deno task build`,
    );
  }
  const files = new Map<string, WebFile[]>();
  for (const [path, file] of Object.entries(manifest.files)) {
    const variants: WebFile[] = [];
    for (const [encoding, suffix] of encodings) {
      const body = await readIfThere(join(dir, "compressed", file + suffix));
      if (body !== null) variants.push(webFile(body, encoding));
    }
    const body = await Deno.readFile(join(dir, "public", file));
    files.set(path, [...variants, webFile(body, null)]);
  }
  return {
    report: await Deno.readTextFile(join(dir, REPORT_FILE)),
    paths: [...files.keys()],
    find: (path, acceptEncoding = "") =>
      Promise.resolve(
        files.get(path)?.find(({ encoding }) =>
          encoding === null || accepts(acceptEncoding, encoding)
        ) ?? null,
      ),
  };
}

function webFile(
  body: Uint8Array<ArrayBuffer>,
  encoding: WebFile["encoding"],
): WebFile {
  const hash = createHash("sha256").update(body).digest("hex").slice(0, 20);
  return {
    bytes: body.length,
    etag: `"${hash}"`,
    encoding,
    open: () => Promise.resolve(new Blob([body]).stream()),
  };
}

/** The manifest of a build; null if it is missing or has an unknown form. */
export async function readManifest(dir: string): Promise<WebManifest | null> {
  const bytes = await readIfThere(join(dir, "manifest.json"));
  if (bytes === null) return null;
  try {
    const text = new TextDecoder().decode(bytes);
    const parsed = WebManifest.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** Whether an `Accept-Encoding` header allows an encoding. */
export function accepts(header: string, encoding: string): boolean {
  return header.split(",").some((part) => {
    const [name, ...parameters] = part.trim().toLowerCase().split(/\s*;\s*/);
    const refused = parameters.some((p) => /^q\s*=\s*0(\.0*)?$/.test(p));
    return name === encoding && !refused;
  });
}

async function readIfThere(
  path: string,
): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
