import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { makeListings } from "../pages/lesson/listings.ts";
import { SampleStudy } from "../pages/lesson/study_source.ts";

/** Compressing less than this saves nobody time. */
const WORTH_COMPRESSING = 1_000;

/** Writes a build's files, and keeps the list of them. */
export interface BuildWriter {
  /** Path on the coordinator to file under `public/`. */
  readonly files: Readonly<Record<string, string>>;
  /** Writes an asset under a name with its content's hash; returns its path. */
  asset(name: string, content: Uint8Array<ArrayBuffer>): Promise<string>;
  /** Writes an asset whose name says its content already; returns its path. */
  namedAsset(name: string, content: Uint8Array<ArrayBuffer>): Promise<string>;
  /** Writes a page under the path that it is served at. */
  page(path: string, html: string): Promise<void>;
}

/**
 * A writer into `dir`: files as they are served in `public/`, compressed ones
 * beside it in `compressed/`, so that serving `public/` whole is right too.
 */
export function createBuildWriter(dir: string): BuildWriter {
  const files: Record<string, string> = {};
  const write = async (
    path: string,
    file: string,
    content: Uint8Array<ArrayBuffer>,
  ) => {
    await writeFile(join(dir, "public", file), content);
    if (content.length >= WORTH_COMPRESSING) {
      const compressed = join(dir, "compressed", file);
      await writeFile(`${compressed}.gz`, gzipSync(content, { level: 9 }));
      await writeFile(`${compressed}.br`, brotli(content));
    }
    files[path] = file;
    return path;
  };
  const namedAsset: BuildWriter["namedAsset"] = (name, content) =>
    write(`/assets/${name}`, `assets/${name}`, content);
  return {
    files,
    namedAsset,
    asset: (name, content) => {
      const dot = name.lastIndexOf(".");
      const hash = sha256(content).slice(0, 10);
      return namedAsset(
        `${name.slice(0, dot)}-${hash}${name.slice(dot)}`,
        content,
      );
    },
    page: async (path, html) => {
      const file = path === "/" ? "index.html" : `${path.slice(1)}.html`;
      await write(path, file, new TextEncoder().encode(html));
    },
  };
}

async function writeFile(path: string, content: Uint8Array): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeFile(path, content);
}

function brotli(content: Uint8Array): Uint8Array {
  return brotliCompressSync(content, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 9 },
  });
}

/** As 64 hexadecimal digits. */
export function sha256(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** JSON that pages fetch, made from the project's own files at build time. */
export type DocumentName =
  /** The committed sample of the study `seed`: {@linkcode SampleStudy}. */
  | "sample"
  /** Source that trains, to be shown: `Listing[]`. */
  | "listings";

/** Writes the documents of the project in `root`; returns their addresses. */
export async function writeDocuments(
  root: string,
  writer: Pick<BuildWriter, "asset">,
): Promise<Readonly<Record<DocumentName, string>>> {
  const read = (file: string) => Deno.readTextFile(join(root, file));
  const write = (name: DocumentName, content: unknown) =>
    writer.asset(
      `${name}.json`,
      new TextEncoder().encode(JSON.stringify(content)),
    );
  // A sample that the page could not read fails the build, not the visitor.
  const sample = SampleStudy.parse({
    about: JSON.parse(await read("docs/samples/seed.about.json")),
    leaderboard: JSON.parse(await read("docs/samples/seed.json")),
  });
  return {
    sample: await write("sample", sample),
    listings: await write("listings", await makeListings(read)),
  };
}
