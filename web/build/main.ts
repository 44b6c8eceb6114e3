import { fileURLToPath } from "node:url";
import { buildKernels } from "../../worker/backends/simd/build.ts";
import { wasmFilesFolder } from "../../worker/backends/wasm_files.ts";
import { buildWeb, type WebBuild } from "./build.ts";

/** Where `deno task build` has the pages, whatever the working directory. */
export const webFolder = fileURLToPath(
  new URL("../../.cache/web", import.meta.url),
);

/**
 * Builds the web pages with all that their threads load, unless the folder
 * holds a build of the same sources. Run it to do so ahead of time:
 * `deno run -A web/build/main.ts [FOLDER]`.
 */
export async function buildPages(outDir = webFolder): Promise<WebBuild> {
  return await buildWeb(outDir, {
    simdFolder: await buildKernels(),
    wasmFolder: new URL(wasmFilesFolder()),
  });
}

if (import.meta.main) {
  const { dir, built } = await buildPages(Deno.args[0] ?? ".cache/web");
  // Standard output belongs to the command that this is built for.
  console.error(`web pages: ${built ? "built in" : "up to date in"} ${dir}`);
}
