import { createHash } from "node:crypto";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { readManifest, REPORT_FILE, type WebManifest } from "./assets.ts";
import { type DocumentName, type Page, pages } from "../pages.ts";
import { renderShell, report, reportTemplate, threads } from "./html.ts";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { makeListings } from "../pages/lesson/listings.ts";
import { SampleStudy } from "../pages/lesson/study_source.ts";

/** The result of {@linkcode buildWeb}. */
export interface WebBuild {
  /** For `createWebAssets`. */
  readonly dir: string;
  /** False if the folder already had a build of the same sources. */
  readonly built: boolean;
}

/** Folders with the files that a worker's threads fetch, as `file:` URLs. */
export interface ThreadFiles {
  /** The compiled kernels of `simd`. */
  readonly simdFolder: URL;
  /** The `.wasm` files of TensorFlow.js. */
  readonly wasmFolder: URL;
}

const root = fileURLToPath(new URL("../../", import.meta.url));
/** @internal Folders of the pages' sources, relative to the project's root. */
export const sources = [
  "web",
  "worker",
  "protocol",
  "docs/samples",
];
const sourceFiles = ["deno.json", "deno.lock", "imports.json"];

/**
 * Builds the pages into `outDir`, unless a build of the same sources is there.
 * `deno bundle` makes the scripts. Each file except the pages has a hash of its
 * content in its name. The folder is replaced in one step at the end. If
 * several callers, also in other processes, want the same build, only one makes
 * it.
 *
 * @throws Error if the bundler fails, with its message
 */
export async function buildWeb(
  outDir: string,
  threadFiles: ThreadFiles,
): Promise<WebBuild> {
  const hash = await hashSources();
  const isThere = async () => (await readManifest(outDir))?.sources === hash;
  if (await isThere()) return { dir: outDir, built: false };
  await Deno.mkdir(dirname(outDir), { recursive: true });
  // The lock is released when the file closes, also after an error or a crash.
  using lock = await Deno.open(`${outDir}.lock`, { create: true, write: true });
  await lock.lock(true);
  if (await isThere()) return { dir: outDir, built: false };
  const work = await Deno.makeTempDir({
    dir: dirname(outDir),
    prefix: `${basename(outDir)}-building-`,
  });
  try {
    // The coordinator may run as a different user than the build.
    if (Deno.build.os !== "windows") await Deno.chmod(work, 0o755);
    const writer = createBuildWriter(work);
    const bundle = join(work, "bundle");
    await buildPages(bundle, writer, threadFiles);
    await Deno.writeTextFile(
      join(work, REPORT_FILE),
      await buildReport(bundle),
    );
    await removeFolder(bundle);
    const manifest: WebManifest = { sources: hash, files: writer.files };
    await Deno.writeTextFile(
      join(work, "manifest.json"),
      JSON.stringify(manifest, null, 1),
    );
    await replaceFolder(outDir, work);
  } finally {
    await removeFolder(work);
  }
  return { dir: outDir, built: true };
}

async function buildPages(
  bundleDir: string,
  writer: BuildWriter,
  threadFiles: ThreadFiles,
): Promise<void> {
  const icon = await writer.asset(
    "icon.svg",
    await read("components/styles/icon.svg"),
  );
  const scripts = await bundleScripts(bundleDir, writer);
  const scriptOf = (name: string) => {
    const script = scripts.get(name);
    if (script !== undefined) return script;
    throw new Error(`the bundle has no script with this name: ${name}`);
  };
  const named = {
    ...Object.fromEntries(
      threads.map(({ name }) => [name, scriptOf(name).script]),
    ),
    simd: await copyFolder("simd", threadFiles.simdFolder, writer),
    wasm: await copyFolder("tfjs", threadFiles.wasmFolder, writer),
  };
  const documents = await writeDocuments(root, writer);
  for (const page of pages) {
    const { documents: fetched = [] }: Page = page;
    const styles = joinTexts(await Promise.all(page.styles.map(read)));
    const style = await writer.asset(`${page.name}.css`, styles);
    const assets = {
      ...scriptOf(page.name),
      style,
      icon,
      named: {
        ...page.startsThreads ? named : {},
        ...Object.fromEntries(
          fetched.map((name) => [name, documents[name]]),
        ),
      },
    };
    await writer.page(page.path, renderShell(page, assets));
  }
}

/** A report is one file, because it is read without the coordinator. */
async function buildReport(dir: string): Promise<string> {
  const bundled = join(dir, "report.js");
  await runBundle(["--output", bundled, join(root, "web", report.entry)]);
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return reportTemplate({
    script: await Deno.readTextFile(bundled),
    style: text(joinTexts(await Promise.all(report.styles.map(read)))),
    icon: text(await read("components/styles/icon.svg")),
  });
}

/**
 * Copies a folder's `.wasm` files to a folder with a hash of their contents in
 * its name; returns the path of that folder, with a slash at the end.
 */
async function copyFolder(
  name: string,
  folder: URL,
  writer: BuildWriter,
): Promise<string> {
  const files: { name: string; content: Uint8Array<ArrayBuffer> }[] = [];
  for await (const entry of Deno.readDir(folder)) {
    if (!entry.isFile || !entry.name.endsWith(".wasm")) continue;
    const content = await Deno.readFile(new URL(entry.name, folder));
    files.push({ name: entry.name, content });
  }
  if (files.length === 0) {
    throw new Error(`the folder has no .wasm files: ${folder.href}`);
  }
  const sums = files.map((file) => `${file.name} ${sha256(file.content)}`);
  const hash = sha256(new TextEncoder().encode(sums.toSorted().join("\n")));
  const target = `${name}-${hash.slice(0, 10)}`;
  for (const file of files) {
    await writer.namedAsset(`${target}/${file.name}`, file.content);
  }
  return `/assets/${target}/`;
}

/** A script, and the scripts that it imports statically. */
interface Script {
  readonly script: string;
  readonly preload: readonly string[];
}

/** Makes all bundles, each from its own pages and threads. */
async function bundleScripts(
  dir: string,
  writer: BuildWriter,
): Promise<Map<string, Script>> {
  const entries = [
    ...pages.map(({ name, entry, bundle }) => ({
      name,
      entry: `web/${entry}`,
      bundle,
    })),
    ...threads,
  ];
  const bundles = await Promise.all(
    [...Map.groupBy(entries, ({ bundle }) => bundle)].map((
      [bundle, its],
    ) => bundleTogether(join(dir, bundle), its, writer)),
  );
  return new Map(bundles.flat());
}

/** Makes one bundle, whose scripts share their common code. */
async function bundleTogether(
  dir: string,
  entries: readonly { readonly name: string; readonly entry: string }[],
  writer: BuildWriter,
): Promise<[name: string, Script][]> {
  // The bundler names outputs after entries, and most entries are `main.tsx`.
  const entryDir = join(dir, "entries");
  const out = join(dir, "out");
  await Deno.mkdir(entryDir, { recursive: true });
  const files = await Promise.all(entries.map(async ({ name, entry }) => {
    const file = join(entryDir, `${name}.ts`);
    const target = relative(entryDir, join(root, entry));
    await Deno.writeTextFile(file, `import ${JSON.stringify(target)};\n`);
    return file;
  }));
  await runBundle(["--code-splitting", "--outdir", out, ...files]);
  const scripts: [name: string, Script][] = [];
  const nameOf = new Map(entries.map(({ name }) => [`${name}.js`, name]));
  for await (const { name: file } of Deno.readDir(out)) {
    const code = await Deno.readFile(join(out, file));
    const name = nameOf.get(file);
    if (name === undefined) {
      // The bundler put a hash into the name, and other scripts import it.
      await writer.namedAsset(file, code);
      continue;
    }
    const imports = staticImports(new TextDecoder().decode(code));
    scripts.push([name, {
      script: await writer.asset(file, code),
      preload: imports.map((chunk) => `/assets/${chunk}`),
    }]);
  }
  return scripts;
}

/** Files that a bundled script imports statically. */
export function staticImports(code: string): string[] {
  const pattern = /\b(?:from|import)\s*"\.\/([\w.-]+\.js)"/g;
  return [
    ...new Set([...code.matchAll(pattern)].map((match) => match[1] ?? "")),
  ];
}

async function runBundle(args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["bundle", "--quiet", "--lock=deno.lock", "--frozen"],
      ...["--platform", "browser", "--minify", ...args],
    ],
    cwd: root,
    env: { NO_COLOR: "1" },
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) {
    const message = new TextDecoder().decode(stderr).trim();
    throw new Error(`the web pages could not be bundled: ${message}`);
  }
}

async function hashSources(): Promise<string> {
  const files = sourceFiles.map((file) => join(root, file));
  for (const folder of sources) {
    for await (const file of walk(join(root, folder))) files.push(file);
  }
  const hash = createHash("sha256").update(Deno.version.deno);
  for (const file of files.toSorted()) {
    hash.update(`\0${relative(root, file)}\0`);
    hash.update(await Deno.readFile(file));
  }
  return hash.digest("hex");
}

async function* walk(dir: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(dir)) {
    const path = join(dir, name);
    if (isDirectory) yield* walk(path);
    else if (!/_test\.tsx?$/.test(name)) yield path;
  }
}

function read(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return Deno.readFile(join(root, "web", path));
}

function joinTexts(texts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const decoder = new TextDecoder();
  const joined = texts.map((text) => decoder.decode(text)).join("\n");
  return new TextEncoder().encode(joined);
}

/** Moves `fresh` into the place of `target`. */
async function replaceFolder(target: string, fresh: string): Promise<void> {
  const old = `${fresh}-old`;
  try {
    await Deno.rename(target, old);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  await Deno.rename(fresh, target);
  await removeFolder(old);
}

async function removeFolder(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Bytes below which a file is not compressed: it would save no time. */
const WORTH_COMPRESSING = 1_000;

/** Writes a build's files and lists them. */
export interface BuildWriter {
  /** From a path on the coordinator to a file under `public/`. */
  readonly files: Readonly<Record<string, string>>;
  /** Writes an asset under its name with a hash; returns its path. */
  asset(name: string, content: Uint8Array<ArrayBuffer>): Promise<string>;
  /** Writes an asset whose name already has a hash; returns its path. */
  namedAsset(name: string, content: Uint8Array<ArrayBuffer>): Promise<string>;
  /** Writes the page that is served at `path`. */
  page(path: string, html: string): Promise<void>;
}

/**
 * A writer into `dir`. Compressed copies are in `compressed/`, so that another
 * server can serve all of `public/`.
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

/** The hash as 64 hexadecimal digits. */
export function sha256(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** Writes the documents of the project in `root`; returns their paths. */
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
  // An invalid sample must fail here and not on a visitor's page.
  const sample = SampleStudy.parse({
    about: JSON.parse(await read("docs/samples/seed.about.json")),
    leaderboard: JSON.parse(await read("docs/samples/seed.json")),
  });
  return {
    sample: await write("sample", sample),
    listings: await write("listings", await makeListings(read)),
  };
}
