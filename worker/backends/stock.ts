import * as tf from "@tensorflow/tfjs";
import { messageOf } from "../../protocol/error_text.ts";
import type { BackendName } from "../../protocol/training.ts";
import { dropoutMask } from "../random/draws.ts";
import {
  Dense,
  DenseGradient,
  Dropout,
  type DropoutAttrs,
  GatherImages,
  GatherLabels,
  oneHotFloat,
  registerSwarmKernel,
  runSwarmKernel,
  SoftmaxCrossEntropy,
} from "../training/kernels.ts";
import { entryOf } from "./gpu_kernels.ts";
import { adapterName } from "./software_gpu.ts";
import { registerWebGlKernels, watchWebGl } from "./webgl/kernels.ts";

export interface StockOptions {
  /**
   * Address, ending in a slash, of the folder with the wasm backend's `.wasm`
   * files: `http:` for a page, `file:` in Deno (see `wasm_files.ts`). Only the
   * first start of `wasm` in a thread uses it.
   */
  readonly wasmFolder?: string;
}

/**
 * Loads a backend of tfjs, makes it the current one and registers the swarm's
 * kernels for it. Backends in separate packages are loaded only on request.
 *
 * @returns the backend's description of itself
 * @throws Error if the backend cannot be used here, with the reason
 */
export async function startStockBackend(
  backend: StockBackendName,
  { wasmFolder }: StockOptions = {},
): Promise<string> {
  // tfjs mistakes Deno for Node and advises at each start to install a Node
  // package; this turns such messages off.
  tf.enableProdMode();
  const detail = await load(backend, wasmFolder);
  let ready = false;
  try {
    ready = await tf.setBackend(backend);
  } catch (error) {
    throw new Error(`backend ${backend} did not start: ${messageOf(error)}`);
  }
  if (!ready) throw new Error(`backend ${backend} did not start`);
  if (
    backend === "webgl" && !tf.env().getBool("WEBGL_RENDER_FLOAT32_ENABLED")
  ) {
    // With 16 bits a count of correct answers would stop at 2048.
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

/** tfjs refuses new paths and thread counts once its wasm module is loaded. */
let wasmConfigured = false;

/** @returns a function that describes the backend once it runs */
async function load(
  backend: StockBackendName,
  wasmFolder: string | undefined,
): Promise<() => string> {
  switch (backend) {
    case "cpu":
      return () => "tfjs JavaScript";
    case "webgl":
      // A backend chosen by name is used on any device.
      tf.env().set("SOFTWARE_WEBGL_ENABLED", true);
      return () => "tfjs WebGL";
    case "wasm": {
      const wasm = await import("@tensorflow/tfjs-backend-wasm");
      if (!wasmConfigured) {
        wasmConfigured = true;
        if (wasmFolder !== undefined) wasm.setWasmPaths(wasmFolder, true);
        // There is one trainer thread per core, so threads of the backend would
        // only compete with other trainers. If memory can be shared, tfjs would
        // still prepare threads with scripts from `blob:` addresses. The page's
        // strict content security policy refuses those, and tfjs would wait
        // forever.
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

/** The backends that are part of tfjs. */
export type StockBackendName = Exclude<BackendName, "simd">;

/**
 * Registers the swarm's kernels for a backend of tfjs, built from that
 * backend's own kernels, with masks drawn in JavaScript. Kernels that are
 * already registered stay. SgdUpdate is left out, because tensors of these
 * backends are immutable except on WebGPU. A second call changes nothing.
 */
export function registerPortableKernels(backend: StockBackendName): void {
  registerSwarmKernel(GatherImages, backend, ({ attrs }) => {
    const { images: { bytes, size }, order, start, count } = attrs;
    const values = new Float32Array(count * size);
    for (let i = 0; i < count; i++) {
      const from = entryOf(order, start + i) * size;
      for (let pixel = 0; pixel < size; pixel++) {
        values[i * size + pixel] = (bytes[from + pixel] ?? NaN) / 255;
      }
    }
    return tf.tensor2d(values, [count, size]);
  });

  registerSwarmKernel(GatherLabels, backend, ({ attrs }) => {
    const { labels, order, start, count } = attrs;
    const values = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      values[i] = labels[entryOf(order, start + i)] ?? -1;
    }
    return tf.tensor1d(values, "int32");
  });

  registerSwarmKernel(
    Dropout,
    backend,
    ({ inputs: { x }, attrs }) => masked(x, attrs),
  );

  registerSwarmKernel(
    Dense,
    backend,
    ({ inputs: { x, w, b }, attrs }) =>
      tf.tidy(() => {
        const y = tf.fused.matMul({
          a: x,
          b: w,
          transposeA: false,
          transposeB: false,
          bias: b,
          activation: attrs.activation,
        });
        if (attrs.dropout === undefined) return y;
        // The backend may have its own kernel for the mask.
        const [dropped] = runSwarmKernel(Dropout, { x: y }, attrs.dropout);
        // The shape of y, by Dropout's contract.
        return dropped;
      }),
  );

  // The wasm backend has a slow path for transposed matrices; transposing first
  // takes a fraction of that time.
  const transposeFirst = backend === "wasm";

  registerSwarmKernel(
    DenseGradient,
    backend,
    ({ inputs, attrs }) =>
      Object.values(tf.tidy(() => {
        const { x, w, y, dy } = inputs;
        // step(y) is 1 where y > 0 and 0 elsewhere; at rate 1 all y are 0.
        const scale = attrs.rate < 1 ? 1 / (1 - attrs.rate) : 0;
        const dz: tf.Tensor2D = attrs.activation === "linear"
          ? dy
          : tf.mul(tf.mul(dy, tf.step(y)), scale);
        const dw = transposeFirst
          ? tf.matMul(tf.transpose(x), dz)
          : tf.matMul(x, dz, true, false);
        const db = tf.sum(dz, 0);
        if (!attrs.inputGradient) return { dw, db };
        const dx = transposeFirst
          ? tf.matMul(dz, tf.transpose(w))
          : tf.matMul(dz, w, false, true);
        return { dw, db, dx };
      })),
  );

  registerSwarmKernel(
    SoftmaxCrossEntropy,
    backend,
    ({ inputs, attrs }) =>
      Object.values(tf.tidy(() => {
        const { logits, labels } = inputs;
        const [count, classes] = logits.shape;
        const target = oneHotFloat(labels, classes);
        const shifted = tf.sub(logits, tf.max(logits, 1, true));
        const powers = tf.exp(shifted);
        const totals = tf.sum(powers, 1, true);
        const loss = tf.sub(
          tf.sum(tf.log(totals)),
          tf.sum(tf.mul(shifted, target)),
        );
        const right = tf.sum(
          tf.cast(tf.equal(tf.argMax(logits, 1), labels), "float32"),
        );
        const stats = tf.stack([loss, right]);
        if (!attrs.gradient) return { stats };
        return {
          stats,
          dlogits: tf.mul(tf.sub(tf.div(powers, totals), target), 1 / count),
        };
      })),
  );
}

function masked(x: tf.Tensor, attrs: DropoutAttrs): tf.Tensor {
  const { rate, key, position } = attrs;
  // A kernel must return a new tensor, even if the values do not change.
  if (rate <= 0) return tf.clone(x);
  return tf.tidy(() =>
    tf.mul(
      x,
      tf.tensor(dropoutMask(key, position, rate, x.size), x.shape),
    )
  );
}
