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

/**
 * A data set's files in a folder by name. A file is "away" while the folder
 * lacks it, or has one of another size than workers were told. The log gets one
 * line then, and another one when all files are back.
 */
export function dataFiles(
  folder: string,
  files: readonly {
    readonly sha256: string;
    readonly compressedBytes: number;
  }[],
  log: Log,
): DataFiles {
  const sizes = new Map(
    files.map(({ sha256, compressedBytes }) => [
      `${sha256}.gz`,
      compressedBytes,
    ]),
  );
  const find = async (name: string) => {
    const file = await fileAt(join(folder, name));
    return file?.bytes === sizes.get(name) ? file : null;
  };
  const awayNow = async () => {
    const names = [...sizes.keys()];
    const found = await Promise.all(names.map(find));
    return names.filter((_, i) => found[i] === null);
  };
  let told = false;
  return async (name) => {
    if (!sizes.has(name)) return null;
    const file = await find(name);
    if (file === null && !told) {
      told = true;
      const missing = await awayNow();
      log("error", "data files are missing or have another size", {
        folder,
        missing: missing.join(" "),
        remedy: "put them back, or start the coordinator again; " +
          "volunteers wait meanwhile",
      });
    } else if (told && (await awayNow()).length === 0) {
      told = false;
      log("warn", "data files are back", { folder });
    }
    return file ?? "away";
  };
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
