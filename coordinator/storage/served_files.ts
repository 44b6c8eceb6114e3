import { createHash } from "node:crypto";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import absolutePath from "swagger-ui-dist/absolute-path.js";
import type { Log } from "../service/log.ts";
import type {
  Assets,
  DataFiles,
  ServedBytes,
} from "../http/middleware/responses.ts";

/** Files on disk for the HTTP server. */

/** A data set's file; its name in the folder is its hash. */
interface DataFile {
  /** Of its content. */
  readonly sha256: string;
  readonly compressedBytes: number;
  /** Of its content. */
  readonly bytes: number;
}

/**
 * A data set's files in a folder by name. A file is "away" while the folder
 * lacks it or has a damaged one. The log gets one line then, and another one
 * when all files are back. A file of another size may be the same content,
 * compressed by another program: then it is served.
 */
export function dataFiles(
  folder: string,
  files: readonly DataFile[],
  log: Log,
): DataFiles {
  const known = new Map(files.map((file) => [`${file.sha256}.gz`, file]));
  /** Names and tags of files whose content is or was looked at. */
  const checks = new Map<string, { etag: string; right: Promise<boolean> }>();
  const isRight = (name: string, file: ServedBytes, expected: DataFile) => {
    if (file.bytes === expected.compressedBytes) return true;
    const { etag } = file;
    const last = checks.get(name);
    if (last?.etag === etag) return last.right;
    const right = hasContent(file, expected);
    checks.set(name, { etag, right });
    return right;
  };
  const find = async (name: string) => {
    const expected = known.get(name);
    const file = await fileAt(join(folder, name));
    if (file === null || expected === undefined) return null;
    return await isRight(name, file, expected) ? file : null;
  };
  const countAway = async () => {
    const found = await Promise.all([...known.keys()].map(find));
    return found.filter((file) => file === null).length;
  };
  let told = false;
  const tellAway = async () => {
    if (told) return;
    told = true;
    log("error", "data files are missing or damaged", {
      folder,
      files: `${await countAway()} of ${known.size}`,
      remedy: "put them back, or start the coordinator again; volunteers " +
        "wait meanwhile",
    });
  };
  const tellBack = async () => {
    if (!told || await countAway() > 0) return;
    // Another request may have told it meanwhile.
    if (told) log("warn", "data files are back", { folder });
    told = false;
  };
  return async (name) => {
    if (!known.has(name)) return null;
    const file = await find(name);
    await (file === null ? tellAway() : tellBack());
    return file ?? "away";
  };
}

/** Whether a gzip file has this content. */
async function hasContent(
  file: ServedBytes,
  { sha256, bytes }: DataFile,
): Promise<boolean> {
  const hash = createHash("sha256");
  let length = 0;
  try {
    const content = (await file.open())
      .pipeThrough(new DecompressionStream("gzip"));
    for await (const chunk of content) {
      length += chunk.length;
      if (length > bytes) return false;
      hash.update(chunk);
    }
  } catch {
    // Damaged, or gone again.
    return false;
  }
  return hash.digest("hex") === sha256;
}

/**
 * All files that are in a folder now, by path; `index.html` is `/` and
 * `join.html` is `/join`. Only listed files are opened, so no path can lead out
 * of the folder.
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

/** A file on disk; null if it does not exist. */
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

const own = fileURLToPath(
  new URL("../http/middleware/api_page/", import.meta.url),
);

const packaged: string = absolutePath();

/** Each file that the page loads, by name. */
const folders = new Map([
  ["swagger-ui.css", packaged],
  ["swagger-ui-bundle.js", packaged],
  ["style.css", own],
  ["start.js", own],
]);

/** A file that the page loads; null if it does not exist. */
export async function apiPageFile(name: string): Promise<ServedBytes | null> {
  const folder = folders.get(name);
  return folder === undefined ? null : await fileAt(join(folder, name));
}
