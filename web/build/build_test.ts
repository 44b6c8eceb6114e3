import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { accepts, createWebAssets, readManifest } from "./assets.ts";
import { staticImports } from "./build.ts";
import { joinWords } from "../i18n/language.ts";
import { buildPages, webFolder as folder } from "./main.ts";
import { pages } from "../pages.ts";
import { addressOfPage } from "../../protocol/pages.ts";
import { needsProcesses } from "../../testing/needs_processes.ts";

/** The script of a page and its static imports. */
async function scriptsOf(page: string): Promise<string[]> {
  const html = await textAt(page);
  const paths = [...html.matchAll(
    /<(?:script[^>]*src|link rel="modulepreload" href)="([^"]+)"/g,
  )].map((match) => pathFrom(page, match[1] ?? ""));
  assert.ok(paths.length > 0);
  return paths;
}

/** The path of a relative URL in a page's HTML. */
function pathFrom(page: string, url: string): string {
  return new URL(url, `http://swarm.test${addressOfPage(page)}`).pathname;
}

/** Compressed size. */
async function bytesOf(paths: readonly string[]): Promise<number> {
  const assets = await createWebAssets(folder);
  let bytes = 0;
  for (const path of paths) {
    const file = await assets.find(path, "gzip");
    assert.ok(file !== null, path);
    bytes += file.bytes;
  }
  return bytes;
}

async function textAt(path: string): Promise<string> {
  const file = await (await createWebAssets(folder)).find(path);
  assert.ok(file !== null, path);
  return await new Response(await file.open()).text();
}

Deno.test(
  "buildPages builds when sources change, and only once for simultaneous callers",
  needsProcesses,
  async () => {
    await buildPages(folder);
    // Other tests serve the folder at the same time, so this one uses a copy.
    const home = await Deno.makeTempDir({ prefix: "build-test-" });
    try {
      const copy = join(home, "web");
      await cp(folder, copy, { recursive: true });
      assert.equal((await buildPages(copy)).built, false);
      const manifest = await readManifest(copy);
      assert.ok(manifest !== null);
      await Deno.writeTextFile(
        join(copy, "manifest.json"),
        JSON.stringify({ ...manifest, sources: "older" }),
      );
      const builds = await Promise.all([1, 2, 3].map(() => buildPages(copy)));
      assert.equal(builds.filter(({ built }) => built).length, 1);
      assert.deepEqual(await readManifest(copy), manifest);
      // The coordinator may run as a different user.
      const { mode } = await Deno.stat(copy);
      if (mode !== null) assert.equal(mode & 0o777, 0o755);
    } finally {
      await Deno.remove(home, { recursive: true });
    }
  },
);

Deno.test(
  "buildPages: a page's own scripts are under 100 KB compressed",
  needsProcesses,
  async () => {
    await buildPages(folder);
    for (const { path } of pages) {
      const bytes = await bytesOf(await scriptsOf(path));
      assert.ok(bytes < 100_000, `${path}: ${bytes} bytes`);
    }
  },
);

Deno.test(
  "buildPages: Start loads as much program code as the join page says",
  needsProcesses,
  async () => {
    await buildPages(folder);
    const own = new Set<string>();
    for (const { path } of pages) {
      for (const script of await scriptsOf(path)) own.add(script);
    }
    const { paths } = await createWebAssets(folder);
    const bytes = await bytesOf(
      paths.filter((path) =>
        path.endsWith(".js") && !own.has(path) ||
        // A browser loads one variant of each set of kernels.
        /kernels\.relaxed\.wasm$|wasm-simd\.wasm$/.test(path)
      ),
    );
    const said = joinWords.en.consent.downloadsUnknown
      .match(/about ([\d.]+) MB of program/);
    const megabytes = Number(said?.[1]);
    assert.ok(Math.abs(bytes / 1e6 - megabytes) < 0.1, `${bytes} bytes`);
  },
);

Deno.test(
  "buildPages: the assets of a page's HTML exist, and nothing is inline",
  needsProcesses,
  async () => {
    await buildPages(folder);
    const { paths } = await createWebAssets(folder);
    for (const { path } of pages) {
      const html = await textAt(path);
      const named = [...html.matchAll(/="([./]*assets\/[^"]*)"/g)]
        .map((match) => pathFrom(path, match[1] ?? ""));
      assert.ok(named.length >= 3);
      for (const address of named) {
        assert.ok(paths.some((one) => one.startsWith(address)), address);
      }
      assert.doesNotMatch(html, /<style|\sstyle=|\son\w+=|<script>/);
      assert.doesNotMatch(html, /https?:/);
      // From the root of the host: wrong where a proxy has a path.
      assert.doesNotMatch(html, /="\//);
    }
  },
);

Deno.test(
  "WebAssets.find compresses if the request allows it",
  needsProcesses,
  async () => {
    await buildPages(folder);
    const assets = await createWebAssets(folder);
    const path = assets.paths.find((one) => one.endsWith(".css"));
    assert.ok(path !== undefined);
    const plain = await assets.find(path);
    const brotli = await assets.find(path, "gzip, deflate, br");
    const gzip = await assets.find(path, "gzip, br;q=0");
    assert.equal(plain?.encoding, null);
    assert.equal(brotli?.encoding, "br");
    assert.equal(gzip?.encoding, "gzip");
    assert.ok(brotli.bytes < plain.bytes && gzip.bytes < plain.bytes);
    assert.equal(new Set([plain, brotli, gzip].map((f) => f.etag)).size, 3);
    const unzipped = new Response(
      (await gzip.open()).pipeThrough(new DecompressionStream("gzip")),
    );
    assert.equal(await unzipped.text(), await textAt(path));
    assert.equal(await assets.find("/manifest.json"), null);
    assert.equal(await assets.find("/assets/../manifest.json"), null);
  },
);

Deno.test("createWebAssets refuses a folder without a build", async () => {
  await assert.rejects(createWebAssets("/nowhere"), /no built web pages/);
});

Deno.test("accepts reads Accept-Encoding and respects q=0", () => {
  assert.ok(accepts("gzip, br", "br"));
  assert.ok(accepts("GZIP;q=0.5", "gzip"));
  assert.ok(!accepts("br;q=0", "br"));
  assert.ok(!accepts("br; q=0.0", "br"));
  assert.ok(!accepts("", "gzip"));
  assert.ok(!accepts("brotli", "br"));
});

Deno.test("staticImports finds static imports and no dynamic ones", () => {
  const code = 'import{a as b}from"./chunk-A.js";import"./chunk-B.js";' +
    'export{c}from"./chunk-A.js";const d=()=>import("./late-C.js");';
  assert.deepEqual(staticImports(code), ["chunk-A.js", "chunk-B.js"]);
});
