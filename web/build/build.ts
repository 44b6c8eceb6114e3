import { createHash } from "node:crypto";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { readManifest, REPORT_FILE, type WebManifest } from "./assets.ts";
import { type DocumentName, type Page, pages } from "../pages.ts";
import { renderShell, report, reportTemplate, threads } from "./html.ts";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { makeListings } from "../pages/lesson/listings.ts";
import { SampleStudy } from "../pages/lesson/study_source.ts";

/** What {@linkcode buildWeb} did. */
export interface WebBuild {
  /** For `createWebAssets`. */
  readonly dir: string;
  /** False where the folder already held a build of these very sources. */
  readonly built: boolean;
}

/** Files that a worker's threads fetch: folders, as `file:` addresses. */
export interface ThreadFiles {
  /** With the compiled kernels of `simd`. */
  readonly simdFolder: URL;
  /** With tfjs's own `.wasm` files. */
  readonly wasmFolder: URL;
}

const root = fileURLToPath(new URL("../../", import.meta.url));
/** @internal What the pages are made from, relative to the project's root. */
export const sources = [
  "web",
  "worker",
  "protocol",
  "docs/samples",
];
const sourceFiles = ["deno.json", "deno.lock", "imports.json"];

/**
 * Builds the pages into `outDir`, unless a build of the same sources is there.
 * Scripts are bundled by `deno bundle`; every file but the pages themselves is
 * named by its content. The folder changes in one step at the end. Of many who
 * want the same build at once, in whatever process, one makes it.
 *
 * @throws Error if the bundler fails, with what it said
 */
export async function buildWeb(
  outDir: string,
  threadFiles: ThreadFiles,
): Promise<WebBuild> {
  const hash = await hashSources();
  const isThere = async () => (await readManifest(outDir))?.sources === hash;
  if (await isThere()) return { dir: outDir, built: false };
  await Deno.mkdir(dirname(outDir), { recursive: true });
  // Closing the file, however that comes about, gives the lock back.
  using lock = await Deno.open(`${outDir}.lock`, { create: true, write: true });
  await lock.lock(true);
  if (await isThere()) return { dir: outDir, built: false };
  const work = await Deno.makeTempDir({
    dir: dirname(outDir),
    prefix: `${basename(outDir)}-building-`,
  });
  try {
    // A coordinator may run as another user than the one who builds.
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
    throw new Error(`the bundle holds no script of the name: ${name}`);
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

/** Everything in one file, shared with no page: it leaves the coordinator. */
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
 * Copies a folder's `.wasm` files under a name with their contents' hash;
 * returns the folder's address, ending in a slash.
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
    throw new Error(`no .wasm files in the folder: ${folder.href}`);
  }
  const sums = files.map((file) => `${file.name} ${sha256(file.content)}`);
  const hash = sha256(new TextEncoder().encode(sums.toSorted().join("\n")));
  const target = `${name}-${hash.slice(0, 10)}`;
  for (const file of files) {
    await writer.namedAsset(`${target}/${file.name}`, file.content);
  }
  return `/assets/${target}/`;
}

/** A script, and the scripts that it imports at once. */
interface Script {
  readonly script: string;
  readonly preload: readonly string[];
}

/** Makes the scripts of all bundles, each from its own pages and threads. */
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

/** Bundles some scripts, so that they share what they share. */
async function bundleTogether(
  dir: string,
  entries: readonly { readonly name: string; readonly entry: string }[],
  writer: BuildWriter,
): Promise<[name: string, Script][]> {
  // The bundler names outputs after their entries: each needs a name of its
  // own.
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
      // Named by its content already, and imported by that name.
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

/** Files that a bundled script imports before it runs. */
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
    const said = new TextDecoder().decode(stderr).trim();
    throw new Error(`the web pages could not be bundled: ${said}`);
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

/** Puts `fresh` where `target` is. */
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
