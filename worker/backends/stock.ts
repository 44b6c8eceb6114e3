import * as tf from "@tensorflow/tfjs";
import {
  registerPortableKernels,
  type StockBackendName,
} from "./portable_kernels.ts";
import { adapterName } from "./software_gpu.ts";
import { registerWebGlKernels, watchWebGl } from "./webgl/kernels.ts";

export interface StockOptions {
  /**
   * Address, ending in a slash, of the folder with the wasm backend's `.wasm`
   * files: `http:` for a page, `file:` in Deno (see `wasm_files.ts`). Only the
   * first start of `wasm` in a thread looks at it.
   */
  readonly wasmFolder?: string;
}

/**
 * Loads a backend of tfjs, makes it the current one and gives it the swarm's
 * kernels. Backends that tfjs does not bring along are loaded only when asked
 * for.
 *
 * @returns what the backend says of itself
 * @throws Error if the backend cannot be used here, with the reason
 */
export async function startStockBackend(
  backend: StockBackendName,
  { wasmFolder }: StockOptions = {},
): Promise<string> {
  // tfjs takes Deno for Node, and advises on each start to install a package
  // for Node; this keeps it and its other advice quiet.
  tf.enableProdMode();
  const detail = await load(backend, wasmFolder);
  let ready = false;
  try {
    ready = await tf.setBackend(backend);
  } catch (error) {
    throw new Error(`backend ${backend} did not start: ${reason(error)}`);
  }
  if (!ready) throw new Error(`backend ${backend} did not start`);
  if (
    backend === "webgl" && !tf.env().getBool("WEBGL_RENDER_FLOAT32_ENABLED")
  ) {
    // tfjs would compute in 16 bits: a count of right answers stops at 2048.
    throw new Error(
      "backend webgl did not start: this device's WebGL lacks 32-bit floats",
    );
  }
  if (backend === "webgl") {
    registerWebGlKernels();
    watchWebGl();
  }
  if (backend === "webgpu") {
    const gpu = await import("./webgpu/kernels.ts");
    gpu.registerWebGpuKernels();
    gpu.watchWebGpu();
  }
  registerPortableKernels(backend);
  return detail();
}

/** tfjs refuses new paths and thread counts once its wasm module runs. */
let wasmConfigured = false;

/** @returns a function that, once the backend runs, says what it is */
async function load(
  backend: StockBackendName,
  wasmFolder: string | undefined,
): Promise<() => string> {
  switch (backend) {
    case "cpu":
      return () => "tfjs JavaScript";
    case "webgl":
      // Whoever asks for it by name gets it on any device.
      tf.env().set("SOFTWARE_WEBGL_ENABLED", true);
      return () => "tfjs WebGL";
    case "wasm": {
      const wasm = await import("@tensorflow/tfjs-backend-wasm");
      if (!wasmConfigured) {
        wasmConfigured = true;
        if (wasmFolder !== undefined) wasm.setWasmPaths(wasmFolder, true);
        // One trainer thread a core: a backend's own threads only get in the
        // way of the next trainer's. Where memory can be shared tfjs prepares
        // for threads even so, by scripts from `blob:` addresses; a page's
        // strict policy refuses them, and tfjs would wait for ever.
        tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
        wasm.setThreadsCount(1);
      }
      return () => "tfjs WebAssembly";
    }
    case "webgpu": {
      const adapter = await navigator.gpu?.requestAdapter();
      if (!adapter) throw new Error("backend webgpu did not start: no adapter");
      await import("@tensorflow/tfjs-backend-webgpu");
      return () => adapterName(adapter.info);
    }
    default:
      return backend satisfies never;
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
