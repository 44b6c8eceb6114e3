import type * as tf from "@tensorflow/tfjs";
import type { DeviceWatch } from "../training/device.ts";
import {
  GatherImages,
  GatherLabels,
  registerSwarmKernel,
} from "../training/kernels.ts";
import type { StockBackendName } from "./stock.ts";

/**
 * A watch and the function that reports a loss; the first report counts.
 *
 * @param finished see {@link DeviceWatch.finished}
 * @param isLost asks a device that can answer synchronously
 */
export function createDeviceWatch(
  finished: () => Promise<void>,
  isLost: () => boolean = () => false,
): { readonly watch: DeviceWatch; readonly tell: (why: string) => void } {
  const listeners = new Set<(why: string) => void>();
  let reason: string | null = null;
  const tell = (why: string) => {
    if (reason !== null) return;
    reason = why;
    for (const listener of listeners) listener(why);
    listeners.clear();
  };
  return {
    watch: {
      lost() {
        if (reason === null && isLost()) {
          tell("the device reports that it is lost");
        }
        return reason;
      },
      onLost(listener) {
        if (reason !== null) listener(reason);
        else listeners.add(listener);
        return () => listeners.delete(listener);
      },
      finished,
    },
    tell,
  };
}

/** Copies of arrays on a device, each created at its first use. */
export interface Uploads<Source extends object, Held> {
  /** The copy of `source`. `source` must not change afterwards. */
  of(source: Source): Held;
}

/**
 * Keeps the copies of the `most` most recently used arrays and frees the
 * others: each epoch has its own order, which is not needed after the epoch.
 */
export function createUploads<Source extends object, Held>(
  { upload, free, most }: {
    readonly upload: (source: Source) => Held;
    readonly free: (held: Held) => void;
    readonly most: number;
  },
): Uploads<Source, Held> {
  // A Map iterates in insertion order: the first is the least recent.
  const held = new Map<Source, Held>();
  return {
    of(source) {
      const found = held.get(source);
      const copy = found ?? upload(source);
      held.delete(source);
      held.set(source, copy);
      for (const [oldest, surplus] of held) {
        if (held.size <= most) break;
        held.delete(oldest);
        free(surplus);
      }
      return copy;
    },
  };
}

/** Arrays kept at once: training and test sets of two data sets. */
const MOST_SETS = 4;

/** The order of the epoch and of the two evaluations. */
const MOST_ORDERS = 3;

/** byte / 255 as float32: a GPU's division may round differently. */
export function byteLevels(): Float32Array {
  return Float32Array.from({ length: 256 }, (_, byte) => byte / 255);
}

/** A backend of tfjs that keeps tensors on a GPU. */
interface GpuBackend {
  makeTensorInfo(
    shape: number[],
    dtype: tf.DataType,
    values?: Int32Array | Float32Array,
  ): tf.TensorInfo;
  disposeData(dataId: tf.DataId): unknown;
}

/** What `registerGatherKernels` needs from one backend. */
export interface Gathering<Backend extends GpuBackend> {
  /** The backend that a kernel was called on. @throws Error for another one */
  readonly backendOf: (backend: unknown) => Backend;
  /** A set's bytes, in the form that the shader below reads. */
  readonly uploadBytes: (backend: Backend, bytes: Uint8Array) => tf.TensorInfo;
  /** @throws RangeError for more elements than a shader can index */
  readonly checkSize?: (size: number) => void;
  /** Runs the shader that takes images [count, size] from number `start` on. */
  readonly images: (
    backend: Backend,
    shape: [count: number, size: number],
    inputs: [set: tf.TensorInfo, order: tf.TensorInfo, levels: tf.TensorInfo],
    start: number,
  ) => tf.TensorInfo;
  /** The same for labels: int32 [count]. */
  readonly labels: (
    backend: Backend,
    count: number,
    inputs: [labels: tf.TensorInfo, order: tf.TensorInfo],
    start: number,
  ) => tf.TensorInfo;
}

/** Registers GatherImages and GatherLabels with the data set on the GPU. */
export function registerGatherKernels<Backend extends GpuBackend>(
  backendName: StockBackendName,
  gathering: Gathering<Backend>,
): void {
  const { backendOf, checkSize = () => {} } = gathering;
  // A restarted backend has no copies.
  const known = new WeakMap<Backend, ReturnType<typeof createData>>();
  const dataOn = (backend: Backend) => {
    const data = known.get(backend) ?? createData(backend);
    known.set(backend, data);
    return data;
  };

  function createData(backend: Backend) {
    // Not tensors of tfjs's engine, whose scopes would dispose of them.
    const upload = (values: Int32Array) =>
      backend.makeTensorInfo([values.length], "int32", values);
    const free = ({ dataId }: tf.TensorInfo) => {
      backend.disposeData(dataId);
    };
    return {
      levels: backend.makeTensorInfo(
        [256],
        "float32",
        byteLevels(),
      ),
      sets: createUploads({
        upload: (bytes: Uint8Array) => gathering.uploadBytes(backend, bytes),
        free,
        most: MOST_SETS,
      }),
      labelSets: createUploads({
        upload: (labels: Uint8Array) => upload(Int32Array.from(labels)),
        free,
        most: MOST_SETS,
      }),
      orders: createUploads({
        upload: (order: Uint32Array) => {
          checkSize(order.length);
          const { numbers, largest } = orderNumbers(order);
          checkSize(largest);
          return { info: upload(numbers), largest };
        },
        free: ({ info }) => free(info),
        most: MOST_ORDERS,
      }),
    };
  }

  registerSwarmKernel(GatherImages, backendName, ({ attrs, backend }) => {
    const { images: { bytes, size, count: available }, order } = attrs;
    const { start, count } = attrs;
    checkRange(order, start, count);
    checkSize(count * size);
    const gpu = backendOf(backend);
    const { sets, orders, levels } = dataOn(gpu);
    const { info, largest } = orders.of(order);
    checkLargest(largest, available);
    const inputs: [tf.TensorInfo, tf.TensorInfo, tf.TensorInfo] = [
      sets.of(bytes),
      info,
      levels,
    ];
    return gathering.images(gpu, [count, size], inputs, start);
  });

  registerSwarmKernel(GatherLabels, backendName, ({ attrs, backend }) => {
    const { labels, order, start, count } = attrs;
    checkRange(order, start, count);
    const gpu = backendOf(backend);
    const { labelSets, orders } = dataOn(gpu);
    const { info, largest } = orders.of(order);
    checkLargest(largest, labels.length);
    return gathering.labels(gpu, count, [labelSets.of(labels), info], start);
  });
}

/** @throws RangeError if the order has no such position */
export function entryOf(order: Uint32Array, position: number): number {
  const entry = order[position];
  if (entry === undefined) {
    throw new RangeError(
      `gather: the order has ${order.length} entries, asked for: ${position}`,
    );
  }
  return entry;
}

/**
 * @throws RangeError unless `order[start .. start + count)` is there; a shader
 * would silently read another image
 */
export function checkRange(
  order: Uint32Array,
  start: number,
  count: number,
): void {
  if (start >= 0 && count >= 0 && start + count <= order.length) return;
  throw new RangeError(
    `gather: the order has ${order.length} entries, asked for: ` +
      `${start} to ${start + count}`,
  );
}

/** Shaders address a byte by an int32 index. */
const MOST_BYTES = 2 ** 31 - 1;

/** @throws RangeError for more bytes than a device can hold and address */
export function checkBytes(bytes: number, most = MOST_BYTES): void {
  const limit = Math.min(most, MOST_BYTES);
  if (bytes <= limit) return;
  throw new RangeError(
    `gather: this device can hold at most ${limit} bytes of images: ${bytes}`,
  );
}

/**
 * An order as the int32 numbers that devices store.
 *
 * @returns the numbers and the largest of them
 */
export function orderNumbers(
  order: Uint32Array,
): { readonly numbers: Int32Array; readonly largest: number } {
  return {
    numbers: Int32Array.from(order),
    largest: order.reduce((most, number) => Math.max(most, number), 0),
  };
}

/** @throws RangeError if an order contains an image that does not exist */
export function checkLargest(largest: number, available: number): void {
  if (largest < available) return;
  throw new RangeError(
    `gather: the order names image ${largest} of ${available}`,
  );
}
