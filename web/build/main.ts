import { fileURLToPath } from "node:url";
import { buildKernels } from "../../worker/backends/simd/build.ts";
import { wasmFilesFolder } from "../../worker/backends/wasm_files.ts";
import { buildWeb, type WebBuild } from "./build.ts";

/** The folder of `deno task build`, for any working directory. */
export const webFolder = fileURLToPath(
  new URL("../../.cache/web", import.meta.url),
);

/**
 * Builds the web pages and all that their threads load, unless the folder has a
 * build of the same sources. To build from a shell:
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
  // Standard output belongs to the command that runs after the build.
  console.error(`web pages: ${built ? "built in" : "up to date in"} ${dir}`);
}
