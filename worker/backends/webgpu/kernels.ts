import * as tf from "@tensorflow/tfjs";
import {
  WebGPUBackend,
  type WebGPUProgram,
} from "@tensorflow/tfjs-backend-webgpu";
import { dropThreshold } from "../../random/draws.ts";
import { watchDevice } from "../../training/device.ts";
import {
  Dropout,
  registerSwarmKernel,
  SgdUpdate,
} from "../../training/kernels.ts";
import type { Nothing } from "../../training/network.ts";
import { createDeviceWatch } from "../gpu_kernels.ts";
import { THREEFRY_WGSL } from "../threefry_shader.ts";
import { checkBytes, registerGatherKernels } from "../gpu_kernels.ts";

const WEBGPU = "webgpu";

/**
 * Registers kernels that keep training on the GPU: masks are drawn there, the
 * data set is there, weights change in place. A second call changes nothing.
 */
export function registerWebGpuKernels(): void {
  registerSwarmKernel(Dropout, WEBGPU, ({ inputs: { x }, attrs, backend }) => {
    const { rate, key, position: { step, epoch } } = attrs;
    // A kernel must return a new tensor, even if the values do not change.
    if (rate <= 0) return tf.clone(x);
    if (rate >= 1) return tf.zerosLike(x);
    return webGpu(backend).runWebGPUProgram(
      dropoutProgram(x.shape),
      [x],
      "float32",
      [
        { type: "uint32", data: [...key] },
        { type: "uint32", data: [step, epoch] },
        { type: "uint32", data: [dropThreshold(rate)] },
        { type: "float32", data: [1 / (1 - rate)] },
      ],
    );
  });

  registerGatherKernels(WEBGPU, {
    backendOf: webGpu,
    uploadBytes,
    images: (gpu, shape, inputs, start) =>
      gpu.runWebGPUProgram(gatherImagesProgram(shape), inputs, "float32", [
        { type: "int32", data: [start] },
      ]),
    labels: (gpu, count, inputs, start) =>
      gpu.runWebGPUProgram(gatherLabelsProgram([count]), inputs, "int32", [
        { type: "int32", data: [start] },
      ]),
  });

  registerSwarmKernel(SgdUpdate, WEBGPU, ({ inputs, attrs, backend }) => {
    const { w, dw } = inputs;
    const { learningRate, weightDecay, ...rest } = attrs;
    rest satisfies Nothing;
    const gpu = webGpu(backend);
    gpu.runWebGPUProgram(
      sgdProgram(w.shape, weightDecay !== 0),
      [dw],
      "float32",
      [
        { type: "float32", data: [learningRate] },
        { type: "float32", data: [weightDecay] },
      ],
      w,
    );
    // tfjs caches values that were read back and would return the old ones.
    const data: { values: tf.BackendValues | null } = gpu.tensorMap.get(
      w.dataId,
    );
    data.values = null;
    return [];
  });
}

/** Makes training on WebGPU, the current backend, end with its device. */
export function watchWebGpu(): void {
  const backend = webGpu(tf.backend());
  const { watch, tell } = createDeviceWatch(async () => {
    // tfjs submits kernels in small batches; this submits the remaining ones.
    backend.ensureCommandEncoderReady();
    backend.endComputePassEncoder();
    backend.submitQueue();
    await backend.queue.onSubmittedWorkDone();
  });
  watchDevice(WEBGPU, watch);
  void backend.device.lost.then(({ reason, message }) =>
    tell(message || reason)
  );
}

function webGpu(backend: unknown): WebGPUBackend {
  if (backend instanceof WebGPUBackend) return backend;
  throw new Error("webgpu kernels: they run only on tfjs's WebGPU backend");
}

/** A set's bytes, four per word: the first byte is in the lowest bits. */
function uploadBytes(backend: WebGPUBackend, bytes: Uint8Array): tf.TensorInfo {
  checkBytes(bytes.length, backend.device.limits.maxStorageBufferBindingSize);
  // All machines with a browser are little-endian.
  const words = new Int32Array(Math.ceil(bytes.length / 4));
  new Uint8Array(words.buffer).set(bytes);
  return backend.makeTensorInfo([words.length], "int32", words);
}

/**
 * The swarm's kernels in WGSL, as programs of tfjs's WebGPU backend. The
 * backend declares the inputs under their names, `result`, and `uniforms` with
 * `size` and the program's own members. A program object can run only once:
 * tfjs extends its key in place.
 */

const WORKGROUP = 64;

interface Source {
  /** Identifies the program in the backend's cache. */
  readonly key: string;
  readonly inputs: string[];
  /** Members of the struct `uniforms`, each ending in a comma. */
  readonly uniforms: string;
  readonly outputShape: number[];
  /** Elements of the result that one invocation computes. */
  readonly perInvocation?: number;
  /** Defines `main(index)`, called once for each `perInvocation` elements. */
  readonly code: string;
}

function program(source: Source): WebGPUProgram {
  const { outputShape, perInvocation = 1 } = source;
  const size = outputShape.reduce((product, length) => product * length, 1);
  return {
    shaderKey: source.key,
    variableNames: source.inputs,
    uniforms: source.uniforms,
    outputShape,
    workgroupSize: [WORKGROUP, 1, 1],
    dispatchLayout: { x: outputShape.map((_, dimension) => dimension) },
    dispatch: [Math.ceil(size / (WORKGROUP * perInvocation)), 1, 1],
    size: true,
    getUserCode: () => source.code,
  };
}

/** Uniforms: key (4), step and epoch, threshold, all uint32; scale, float32. */
export function dropoutProgram(outputShape: number[]): WebGPUProgram {
  return program({
    key: "swarm_dropout",
    inputs: ["x"],
    uniforms:
      "key : vec4<u32>, position : vec2<u32>, threshold : u32, scale : f32,",
    outputShape,
    perInvocation: 4,
    code: `${THREEFRY_WGSL}
fn main(index : i32) {
  let first = index * 4;
  if (first >= uniforms.size) { return; }
  let words = threefry(
    uniforms.key, vec4<u32>(u32(index), uniforms.position, 0u));
  for (var j = 0; j < 4; j = j + 1) {
    if (first + j < uniforms.size) {
      let dropped = words[j] < uniforms.threshold;
      result[first + j] = x[first + j] * select(uniforms.scale, 0.0, dropped);
    }
  }
}`,
  });
}

/**
 * Inputs: four bytes per word, the order, each byte's level. Uniform: start.
 */
export function gatherImagesProgram(
  outputShape: [number, number],
): WebGPUProgram {
  return program({
    key: "swarm_gather_images",
    inputs: ["words", "order", "levels"],
    uniforms: "start : i32,",
    outputShape,
    code: `
fn main(index : i32) {
  if (index >= uniforms.size) { return; }
  let pixels = uniforms.outShape.y;
  let row = index / pixels;
  let at = order[uniforms.start + row] * pixels + index - row * pixels;
  let word = bitcast<u32>(words[at / 4]);
  result[index] = levels[(word >> (8u * u32(at % 4))) & 255u];
}`,
  });
}

/** Inputs: the labels, the order. Uniform: start. */
export function gatherLabelsProgram(outputShape: [number]): WebGPUProgram {
  return program({
    key: "swarm_gather_labels",
    inputs: ["labels", "order"],
    uniforms: "start : i32,",
    outputShape,
    code: `
fn main(index : i32) {
  if (index >= uniforms.size) { return; }
  result[index] = labels[order[uniforms.start + index]];
}`,
  });
}

/** Updates weights in place. Input: their gradient. Uniforms: attributes. */
export function sgdProgram(
  outputShape: number[],
  decays: boolean,
): WebGPUProgram {
  // Left out without decay, so that earlier results keep their rounding.
  const gradient = decays
    ? "(dw[index] + uniforms.decay * result[index])"
    : "dw[index]";
  return program({
    key: decays ? "swarm_sgd_decay" : "swarm_sgd",
    inputs: ["dw"],
    uniforms: "rate : f32, decay : f32,",
    outputShape,
    code: `
fn main(index : i32) {
  if (index >= uniforms.size) { return; }
  result[index] = result[index] - uniforms.rate * ${gradient};
}`,
  });
}
