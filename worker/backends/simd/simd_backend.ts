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
 * Registers the backend `simd` with tfjs, once per thread; later calls change
 * nothing. `tf.setBackend("simd")` makes it the current backend.
 *
 * @throws Error if the bytes are another module, WebAssembly.CompileError if
 * the engine cannot run them
 */
export function registerSimdBackend(code: KernelCode): Promise<void> {
  registered ??= register(code).catch((error) => {
    registered = undefined;
    throw error;
  });
  return registered;
}

/** The registered backend's description of itself. */
export function simdBackendDetail(): string {
  return detail;
}

async function register(code: KernelCode): Promise<void> {
  const kernels = await instantiateKernels(code);
  detail = describeVariant(kernels.variant);
  const backend = new SimdBackend(kernels);
  // A higher priority than tfjs's own backends.
  tf.registerBackend(SIMD, () => backend, 0);
  registerSwarmKernels(backend);
  registerTensorKernels(backend);
}

/** Our kernel if there is one, with tfjs's cpu kernel as the fallback. */
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
 * The data of a tensor. Float32 and int32 data may be in the kernels' memory. A
 * tfjs kernel reads them through `values`, and its results stay in JavaScript
 * until one of our kernels needs them. So the memory never grows, and no view
 * is detached, while tfjs code runs.
 */
class SimdData {
  refCount: number;
  readonly dtype: tf.DataType;
  complexTensorInfos?: { real: tf.TensorInfo; imag: tf.TensorInfo };
  /** Number of bytes at `address`. */
  bytes = 0;
  /** Address in the kernels' memory, or 0 if the data are not there. */
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

  /** Do not keep the view: the next kernel may detach it. */
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

/** tfjs's cpu backend, with tensors in memory that the kernels can use. */
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
    // Complex tensors have no values of their own, contrary to tfjs's types.
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

  /** A new tensor in the kernels' memory, not initialized. */
  allocate(shape: number[], dtype: "float32" | "int32"): tf.TensorInfo {
    const bytes = tf.util.sizeFromShape(shape) * 4;
    const dataId = { id: this.#nextId++ };
    const entry = this.#enter(dataId, dtype, undefined, 1);
    entry.place(this.arena.allocate(bytes), bytes);
    return { dataId, shape, dtype };
  }

  /**
   * The address of a float32 or int32 tensor's values in the kernels' memory.
   * Copies them there first if necessary.
   *
   * @throws Error for other types
   */
  addressOf({ dataId, dtype }: tf.TensorInfo): number {
    let entry = this.#entries.get(dataId);
    if (entry === undefined) {
      // The tensor is on another backend; reading it moves it here.
      this.data.get(dataId);
      entry = this.#entries.get(dataId);
    }
    if (entry === undefined) {
      throw new Error(
        "simd: the tensor has no data; it may have been disposed",
      );
    }
    if (entry.address !== 0) return entry.address;
    if (dtype !== "float32" && dtype !== "int32") {
      throw new Error(`simd: the tensor must be float32 or int32: ${dtype}`);
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

  /** A copy, not a view: later kernels do not change it. */
  override readSync(dataId: object): Values {
    const values = super.readSync(dataId);
    const entry = this.#entries.get(dataId);
    if (entry === undefined || entry.address === 0) return values;
    return numbers(values).slice();
  }

  override disposeData(dataId: object, force = false): boolean {
    const entry = this.#entries.get(dataId);
    if (!super.disposeData(dataId, force)) return false;
    // The same id may be used again: tfjs disposes of the data of a tensor that
    // it moves to another backend.
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
    /** Bytes of the kernels' memory: used by tensors, and in total. */
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
  // tfjs also passes plain arrays and Uint8ClampedArray.
  return Float32Array.from(values, Number);
}
