import * as tf from "@tensorflow/tfjs";
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

/** The backends that come with tfjs. */
export type StockBackendName = Exclude<BackendName, "simd">;

/**
 * Registers the swarm's kernels for a backend of tfjs, built from that
 * backend's own kernels, with masks drawn in JavaScript; those that the backend
 * has already stay. SgdUpdate is left out: tensors of these backends cannot
 * change, WebGPU's excepted. Doing it twice does nothing.
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
        // The backend may have a kernel of its own for the mask.
        const [dropped] = runSwarmKernel(Dropout, { x: y }, attrs.dropout);
        // Of y's shape, as Dropout says.
        return dropped;
      }),
  );

  // The wasm backend multiplies a transposed matrix by a slow path of its own;
  // transposing it first takes a fraction of what that costs.
  const transposeFirst = backend === "wasm";

  registerSwarmKernel(
    DenseGradient,
    backend,
    ({ inputs, attrs }) =>
      Object.values(tf.tidy(() => {
        const { x, w, y, dy } = inputs;
        // step(y) is 1 where y > 0 and 0 elsewhere; at rate 1 no y is.
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
  // A kernel's result is a tensor of its own, even when nothing changes.
  if (rate <= 0) return tf.clone(x);
  return tf.tidy(() =>
    tf.mul(
      x,
      tf.tensor(dropoutMask(key, position, rate, x.size), x.shape),
    )
  );
}
