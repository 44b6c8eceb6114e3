import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
// Imported, because Deno downloads only packages that are imported.
import "@tensorflow/tfjs-backend-wasm/package.json" with { type: "json" };

/**
 * The folder of the wasm backend's `.wasm` files in Deno, as a `file:` address
 * ending in a slash. In its own file, because a page has no `node:module`.
 */
export function wasmFilesFolder(): string {
  const file = createRequire(import.meta.url).resolve(
    "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm",
  );
  return new URL(".", pathToFileURL(file)).href;
}
