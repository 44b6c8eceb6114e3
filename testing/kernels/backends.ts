import * as tf from "@tensorflow/tfjs";
import type { BackendName } from "../../protocol/training.ts";
import {
  registerSimdBackend,
  SIMD,
} from "../../worker/backends/simd/simd_backend.ts";
import { buildKernels } from "../../worker/backends/simd/build.ts";
import { detectSimd, loadKernels } from "../../worker/backends/simd/loader.ts";
import { startStockBackend } from "../../worker/backends/stock.ts";
import { wasmFilesFolder } from "../../worker/backends/wasm_files.ts";

/** A backend that a test in Deno may run on. */
export interface TestedBackend {
  readonly backend: BackendName;
  /** Makes it the current one; again, too. */
  start(): Promise<unknown>;
  /** Why it cannot be tested here; absent where it can. */
  readonly skip?: string;
}

/** Every backend that Deno can have: all but WebGL. */
export async function testedBackends(): Promise<TestedBackend[]> {
  const adapter = await navigator.gpu?.requestAdapter();
  const wasmFolder = wasmFilesFolder();
  return [
    { backend: "cpu", start: () => startStockBackend("cpu") },
    { backend: "wasm", start: () => startStockBackend("wasm", { wasmFolder }) },
    {
      backend: "simd",
      start: startSimd,
      ...(detectSimd() === null && { skip: "no WebAssembly SIMD" }),
    },
    {
      backend: "webgpu",
      start: () => startStockBackend("webgpu"),
      ...(!adapter && {
        skip: "no adapter; Debian's mesa-vulkan-drivers has one",
      }),
    },
  ];
}

async function startSimd(): Promise<void> {
  const kernels = await loadKernels((await buildKernels()).href);
  if (kernels === null) throw new Error("simd: no WebAssembly SIMD");
  await registerSimdBackend(kernels);
  await tf.setBackend(SIMD);
}

/** `name`, with why it is left out where it is. */
export function titled(name: string, { skip }: TestedBackend): string {
  return skip === undefined ? name : `${name} (skipped: ${skip})`;
}

/**
 * Options for a test that starts a backend: the work and memory of a GPU or a
 * wasm module outlive the test that started it.
 */
export const BACKEND_TEST = {
  sanitizeOps: false,
  sanitizeResources: false,
} as const;
