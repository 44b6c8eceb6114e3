import * as tf from "@tensorflow/tfjs";
import type { BackendName } from "../../protocol/training.ts";
import {
  registerSimdBackend,
  SIMD,
} from "../../worker/backends/simd/simd_backend.ts";
import { buildKernels } from "../../worker/backends/simd/build.ts";
import { detectSimd, loadKernels } from "../../worker/backends/simd/loader.ts";
import {
  adapterName,
  isSoftwareName,
} from "../../worker/backends/software_gpu.ts";
import { startStockBackend } from "../../worker/backends/stock.ts";
import { wasmFilesFolder } from "../../worker/backends/wasm_files.ts";
import { needsProcesses } from "../needs_processes.ts";

/** A backend that a test in Deno may run on. */
export interface TestedBackend {
  readonly backend: BackendName;
  /** Makes it the current backend; may be called again. */
  start(): Promise<unknown>;
  /** Why it cannot be tested here; absent if it can. */
  readonly skip?: string;
}

/** Every backend that Deno supports: all except WebGL. */
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
      ...(!adapter
        ? {
          skip: "no adapter; Debian's package mesa-vulkan-drivers provides one",
        }
        : needsProcesses.ignore && isSoftwareName(adapterName(adapter.info)) &&
          { skip: "not on a software GPU in `deno task test:fast`" }),
    },
  ];
}

async function startSimd(): Promise<void> {
  const kernels = await loadKernels((await buildKernels()).href);
  if (kernels === null) throw new Error("simd: no WebAssembly SIMD");
  await registerSimdBackend(kernels);
  await tf.setBackend(SIMD);
}

/** `name`, with the reason if the backend is skipped. */
export function titled(name: string, { skip }: TestedBackend): string {
  return skip === undefined ? name : `${name} (skipped: ${skip})`;
}

/**
 * Options for a test that starts a backend: resources of a GPU or a wasm module
 * outlive the test.
 */
export const BACKEND_TEST = {
  sanitizeOps: false,
  sanitizeResources: false,
} as const;
