import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
// Deno downloads only packages that something imports.
import "@tensorflow/tfjs-backend-wasm/package.json" with { type: "json" };

/**
 * Where Deno keeps the wasm backend's `.wasm` files, as a `file:` address
 * ending in a slash. In a file of its own because a page has no `node:module`.
 */
export function wasmFilesFolder(): string {
  const file = createRequire(import.meta.url).resolve(
    "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm",
  );
  return new URL(".", pathToFileURL(file)).href;
}
