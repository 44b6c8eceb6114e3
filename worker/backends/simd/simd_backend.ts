import * as tf from "@tensorflow/tfjs";
import { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import { Arena } from "./arena.ts";
import {
  describeVariant,
  instantiateKernels,
  type KernelCode,
  type Kernels,
} from "./loader.ts";
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

type Values = tf.backend_util.BackendValues;

const NOTHING = new Float32Array(0);

/**
 * What a tensor holds. Float32 and int32 may lie in the kernels' memory; a
 * kernel of tfjs's own sees them through `values`, and what it makes stays in
 * JavaScript until one of ours needs it. So memory never grows, and views are
 * never detached, while tfjs's code runs.
 */
class SimdData {
  refCount: number;
  readonly dtype: tf.DataType;
  complexTensorInfos?: { real: tf.TensorInfo; imag: tf.TensorInfo };
  /** Bytes at `address`. */
  bytes = 0;
  /** Where in the kernels' memory, or 0 for nowhere. */
  address = 0;
  readonly #memory: WebAssembly.Memory;
  #values: Values;

  constructor(
    memory: WebAssembly.Memory,
    dtype: tf.DataType,
    values: Values,
    refCount: number,
  ) {
    this.#memory = memory;
    this.dtype = dtype;
    this.#values = values;
    this.refCount = refCount;
  }

  /** Not to be kept: the next kernel may move the memory. */
  get values(): Values {
    if (this.address === 0) return this.#values;
    const { buffer } = this.#memory;
    return this.dtype === "int32"
      ? new Int32Array(buffer, this.address, this.bytes >> 2)
      : new Float32Array(buffer, this.address, this.bytes >> 2);
  }

  /** From now on the values are at `address`. */
  place(address: number, bytes: number): void {
    this.address = address;
    this.bytes = bytes;
    this.#values = NOTHING;
  }
}

/** tfjs's cpu backend with its numbers where the kernels can work on them. */
export class SimdBackend extends MathBackendCPU {
  readonly kernels: Kernels;
  readonly arena: Arena;
  /** The same entries as `data`, which tfjs types as its own. */
  readonly #entries = new WeakMap<object, SimdData>();
  #nextId = 0;

  constructor(kernels: Kernels) {
    super();
    this.kernels = kernels;
    this.arena = new Arena(kernels.memory, kernels.call.scratchEnd());
  }

  override write(
    values: Values,
    _shape: number[],
    dtype: tf.DataType,
  ): object {
    const dataId = { id: this.#nextId++ };
    this.#enter(dataId, dtype, values, 1);
    return dataId;
  }

  override move(
    dataId: object,
    values: Values,
    _shape: number[],
    dtype: tf.DataType,
    refCount: number,
  ): void {
    this.#enter(dataId, dtype, values, refCount);
  }

  #enter(
    dataId: object,
    dtype: tf.DataType,
    // Complex numbers have none of their own, whatever tfjs's types say.
    values: Values | undefined,
    refCount: number,
  ): SimdData {
    const entry = new SimdData(
      this.kernels.memory,
      dtype,
      values ?? NOTHING,
      refCount,
    );
    this.#entries.set(dataId, entry);
    this.data.set(dataId, entry);
    return entry;
  }

  /** A new tensor in the kernels' memory, holding whatever was there. */
  allocate(shape: number[], dtype: "float32" | "int32"): tf.TensorInfo {
    const bytes = tf.util.sizeFromShape(shape) * 4;
    const dataId = { id: this.#nextId++ };
    const entry = this.#enter(dataId, dtype, undefined, 1);
    entry.place(this.arena.allocate(bytes), bytes);
    return { dataId, shape, dtype };
  }

  /**
   * Where a float32 or int32 tensor's values are in the kernels' memory, which
   * they are copied into if they are not there yet.
   *
   * @throws Error for other types
   */
  addressOf({ dataId, dtype }: tf.TensorInfo): number {
    let entry = this.#entries.get(dataId);
    if (entry === undefined) {
      // On another backend: asking for it moves it here.
      this.data.get(dataId);
      entry = this.#entries.get(dataId);
    }
    if (entry === undefined) {
      throw new Error("simd: tensor has no data: disposed already?");
    }
    if (entry.address !== 0) return entry.address;
    if (dtype !== "float32" && dtype !== "int32") {
      throw new Error(`simd: tensor must be float32 or int32: ${dtype}`);
    }
    const values = numbers(entry.values);
    const bytes = values.length * 4;
    const address = this.arena.allocate(bytes);
    const { buffer } = this.kernels.memory;
    const target = dtype === "int32"
      ? new Int32Array(buffer, address, values.length)
      : new Float32Array(buffer, address, values.length);
    target.set(values);
    entry.place(address, bytes);
    return address;
  }

  /** The values themselves, not a view: they stay as they are. */
  override readSync(dataId: object): Values {
    const values = super.readSync(dataId);
    const entry = this.#entries.get(dataId);
    if (entry === undefined || entry.address === 0) return values;
    return numbers(values).slice();
  }

  override disposeData(dataId: object, force = false): boolean {
    const entry = this.#entries.get(dataId);
    if (!super.disposeData(dataId, force)) return false;
    // It may come back: tfjs disposes of what it moves to another backend.
    this.#entries.delete(dataId);
    if (entry !== undefined && entry.address !== 0) {
      this.arena.release(entry.address, entry.bytes);
      entry.address = 0;
    }
    return true;
  }

  override memory(): {
    unreliable: boolean;
    reasons: string[];
    /** Bytes of the kernels' memory: what tensors take, and all of it. */
    kernelBytesUsed: number;
    kernelBytes: number;
  } {
    return {
      unreliable: false,
      reasons: [],
      kernelBytesUsed: this.arena.usedBytes,
      kernelBytes: this.arena.totalBytes,
    };
  }
}

type NumberArray = Float32Array | Int32Array | Uint8Array;

function numbers(values: Values): NumberArray {
  if (
    values instanceof Float32Array || values instanceof Int32Array ||
    values instanceof Uint8Array
  ) return values;
  // tfjs also lets through plain arrays, and clamped bytes of an image.
  return Float32Array.from(values, Number);
}
