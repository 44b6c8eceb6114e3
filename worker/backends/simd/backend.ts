import * as tf from "@tensorflow/tfjs";
import {
  describeVariant,
  instantiateKernels,
  type KernelCode,
} from "./loader.ts";
import { SimdBackend } from "./simd_backend.ts";
import { registerSwarmKernels } from "./swarm_kernels.ts";
import { tensorKernels } from "./tensor_kernels.ts";

export { detectSimd } from "./loader.ts";

/** The backend's name in tfjs's registry. */
export const SIMD = "simd";

let registered: Promise<void> | undefined;
let detail = "";

/**
 * Makes the backend `simd` known to tfjs, once in a thread; the first call's
 * kernels count. It becomes the current backend by `tf.setBackend("simd")`.
 *
 * @throws Error if the bytes are not the kernels, WebAssembly.CompileError if
 * the engine cannot run them
 */
export function registerSimdBackend(code: KernelCode): Promise<void> {
  registered ??= register(code).catch((error) => {
    registered = undefined;
    throw error;
  });
  return registered;
}

/** What the backend says of itself, once registered. */
export function simdBackendDetail(): string {
  return detail;
}

async function register(code: KernelCode): Promise<void> {
  const kernels = await instantiateKernels(code);
  detail = describeVariant(kernels.variant);
  const backend = new SimdBackend(kernels);
  // Before tfjs's other backends: like them, but faster.
  tf.registerBackend(SIMD, () => backend, 0);
  registerSwarmKernels(backend);
  registerTensorKernels(backend);
}

/** Ours where we have one, and behind it, or instead, tfjs's cpu kernel. */
function registerTensorKernels(backend: SimdBackend): void {
  const ours = tensorKernels(backend);
  for (const config of tf.getKernelsForBackend("cpu")) {
    const kernel = ours.get(config.kernelName);
    const { kernelFunc } = config;
    tf.registerKernel({
      ...config,
      backendName: SIMD,
      kernelFunc: kernel === undefined
        ? kernelFunc
        : (call) => kernel(call.inputs, call.attrs ?? {}) ?? kernelFunc(call),
    });
  }
}
