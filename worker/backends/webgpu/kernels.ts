import * as tf from "@tensorflow/tfjs";
import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { dropThreshold } from "../../random/draws.ts";
import { watchDevice } from "../../training/device.ts";
import {
  Dropout,
  GatherImages,
  GatherLabels,
  SgdUpdate,
} from "../../training/kernels.ts";
import { registerSwarmKernel } from "../../training/registry.ts";
import { createDeviceWatch } from "../device_watch.ts";
import {
  byteLevels,
  checkBytes,
  checkLargest,
  checkRange,
  createUploads,
  MOST_ORDERS,
  MOST_SETS,
  orderNumbers,
} from "../uploads.ts";
import {
  dropoutProgram,
  gatherImagesProgram,
  gatherLabelsProgram,
  sgdProgram,
} from "./programs.ts";

const WEBGPU = "webgpu";

/**
 * Registers kernels that keep training on the GPU: masks are drawn there, the
 * data set lies there, weights change in place. Doing it twice does nothing.
 */
export function registerWebGpuKernels(): void {
  registerSwarmKernel(Dropout, WEBGPU, ({ inputs: { x }, attrs, backend }) => {
    const { rate, key, position: { step, epoch } } = attrs;
    // A kernel's result is a tensor of its own, even when nothing changes.
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

  registerSwarmKernel(GatherImages, WEBGPU, ({ attrs, backend }) => {
    const { images: { bytes, size, count: available }, order } = attrs;
    const { start, count } = attrs;
    checkRange(order, start, count);
    const gpu = webGpu(backend);
    const { sets, orders, levels } = dataOn(gpu);
    const { info, largest } = orders.of(order);
    checkLargest(largest, available);
    return gpu.runWebGPUProgram(
      gatherImagesProgram([count, size]),
      [sets.of(bytes), info, levels],
      "float32",
      [{ type: "int32", data: [start] }],
    );
  });

  registerSwarmKernel(GatherLabels, WEBGPU, ({ attrs, backend }) => {
    const { labels, order, start, count } = attrs;
    checkRange(order, start, count);
    const gpu = webGpu(backend);
    const { labelSets, orders } = dataOn(gpu);
    const { info, largest } = orders.of(order);
    checkLargest(largest, labels.length);
    return gpu.runWebGPUProgram(
      gatherLabelsProgram([count]),
      [labelSets.of(labels), info],
      "int32",
      [{ type: "int32", data: [start] }],
    );
  });

  registerSwarmKernel(SgdUpdate, WEBGPU, ({ inputs, attrs, backend }) => {
    const { w, dw } = inputs;
    const gpu = webGpu(backend);
    gpu.runWebGPUProgram(
      sgdProgram(w.shape),
      [dw],
      "float32",
      [{ type: "float32", data: [attrs.learningRate] }],
      w,
    );
    // tfjs keeps what was read back before, and would answer with it again.
    const data: { values: tf.BackendValues | null } = gpu.tensorMap.get(
      w.dataId,
    );
    data.values = null;
    return [];
  });
}

/** Has training on the current backend, WebGPU's, end when its device does. */
export function watchWebGpu(): void {
  const backend = webGpu(tf.backend());
  const { watch, tell } = createDeviceWatch(async () => {
    // tfjs hands steps over a few kernels at a time; this is the rest.
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
  throw new Error("webgpu kernels: they run on tfjs's WebGPU backend alone");
}

/** What lies on a GPU from step to step. */
type DeviceData = ReturnType<typeof createData>;

/** A backend that is started anew has nothing. */
const data = new WeakMap<WebGPUBackend, DeviceData>();

function dataOn(backend: WebGPUBackend): DeviceData {
  const known = data.get(backend);
  if (known !== undefined) return known;
  const created = createData(backend);
  data.set(backend, created);
  return created;
}

function createData(backend: WebGPUBackend) {
  // Not tensors of tfjs's engine, whose scopes would dispose of them.
  const upload = (values: Int32Array) =>
    backend.makeTensorInfo([values.length], "int32", values);
  const free = ({ dataId }: tf.TensorInfo) => {
    backend.disposeData(dataId);
  };
  return {
    levels: backend.makeTensorInfo([256], "float32", byteLevels()),
    sets: createUploads({
      upload: (bytes: Uint8Array) => {
        const { maxStorageBufferBindingSize } = backend.device.limits;
        checkBytes(bytes.length, maxStorageBufferBindingSize);
        // The first byte goes into the lowest bits, as on every machine that
        // has a browser.
        const words = new Int32Array(Math.ceil(bytes.length / 4));
        new Uint8Array(words.buffer).set(bytes);
        return upload(words);
      },
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
        const { numbers, largest } = orderNumbers(order);
        return { info: upload(numbers), largest };
      },
      free: ({ info }) => free(info),
      most: MOST_ORDERS,
    }),
  };
}
