import * as tf from "@tensorflow/tfjs";
import type { BackendName } from "../../coordinator/protocol/training.ts";
import type { Dataset } from "../data/dataset.ts";
import type { BackendFiles } from "../trainer_api.ts";
import { measureStep } from "./measure_step.ts";
import type { BackendCandidate } from "./select.ts";
import {
  registerSimdBackend,
  SIMD,
  simdBackendDetail,
} from "./simd/backend.ts";
import { loadKernels } from "./simd/loader.ts";
import { softwareGpu } from "./software_gpu.ts";
import { startStockBackend } from "./stock.ts";

export interface CandidateOptions {
  readonly dataset: Dataset;
  readonly files: BackendFiles;
  readonly now: () => number;
}

/** The backends that this engine may have, the likely fastest first. */
export function backendCandidates(
  { dataset, files, now }: CandidateOptions,
): BackendCandidate[] {
  const candidate = (
    backend: BackendName,
    start: () => Promise<string>,
  ): BackendCandidate => ({
    backend,
    start,
    measure: (giveUpAbove) => measureStep(dataset, { now, giveUpAbove }),
    remove: () => removeBackend(backend),
  });
  const { simdFolder, wasmFolder } = files;
  const stock = (backend: Exclude<BackendName, "simd">) =>
    candidate(backend, () => startStockBackend(backend, files));
  const gpu = (backend: "webgl" | "webgpu"): BackendCandidate => ({
    ...stock(backend),
    softwareGpu: () => softwareGpu(backend),
  });

  // Ordered so that a slow one is known as hopeless after one step.
  return [
    ...(simdFolder === undefined
      ? []
      : [candidate("simd", () => startSimdBackend(simdFolder))]),
    ...("gpu" in navigator ? [gpu("webgpu")] : []),
    ...(hasWebGl() ? [gpu("webgl")] : []),
    ...(wasmFolder === undefined ? [] : [stock("wasm")]),
    stock("cpu"),
  ];
}

/** Makes `simd` the current backend, with the kernels that fit the engine. */
async function startSimdBackend(folder: string): Promise<string> {
  const kernels = await loadKernels(folder);
  if (kernels === null) throw new Error("this engine has no WebAssembly SIMD");
  await registerSimdBackend(kernels);
  if (!await tf.setBackend(SIMD)) throw new Error("it did not start");
  return simdBackendDetail();
}

/** tfjs would complain at length on the console where there is no WebGL. */
function hasWebGl(): boolean {
  if (typeof OffscreenCanvas !== "function") return false;
  const context = new OffscreenCanvas(1, 1).getContext("webgl2");
  // A page may have few at once.
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return context !== null;
}

function removeBackend(backend: BackendName): void {
  try {
    tf.removeBackend(backend);
  } catch {
    // It was never registered, or cannot free itself: it is out of use.
  }
}

/** What tfjs holds on this thread. */
export function tensorMemory(): { tensors: number; bytes: number } {
  const { numTensors, numBytes } = tf.memory();
  return { tensors: numTensors, bytes: numBytes };
}
