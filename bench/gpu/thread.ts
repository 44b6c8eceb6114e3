import * as tf from "@tensorflow/tfjs";
import {
  registerPortableKernels,
  startStockBackend,
} from "../../worker/backends/stock.ts";
import { batchOrder } from "../../worker/random/draws.ts";
import { finishQueued } from "../../worker/training/device.ts";
import { exampleData } from "../../worker/training/example_data.ts";
import { Recipe } from "../../protocol/study.ts";
import { createFusedNetwork } from "../../worker/training/networks.ts";
import { trainStep } from "../../worker/training/network.ts";
import { createPace } from "../../worker/training/pace.ts";
import { readFigures, runPass } from "../../worker/training/train.ts";
import {
  countGpuCalls,
  difference,
  type GpuCounts,
  gpuCounts,
  noCounts,
} from "./counters.ts";

/** A thread of Deno or of a page that trains and counts once. */

export interface CountRequest {
  readonly backend: "webgl" | "webgpu";
  /** Kernels built only from tfjs's own, or also ours on the device. */
  readonly kernels: "portable" | "device";
  readonly steps: number;
}

export interface Counted {
  readonly detail: string;
  /** The first step: weights, and data that stays on the device. */
  readonly first: GpuCounts;
  /** All steps after it together. */
  readonly steps: GpuCounts;
  /** The figures at the end of an epoch. */
  readonly end: GpuCounts;
  readonly milliseconds: number;
}

const BATCH = 256;
const replicate = { seed: 0, replicate: 0 };

async function count(
  { backend, kernels, steps }: CountRequest,
): Promise<Counted> {
  countGpuCalls();
  // The first registration of a kernel wins.
  if (kernels === "portable") registerPortableKernels(backend);
  const detail = await startStockBackend(backend);
  const { train } = exampleData({
    classes: 10,
    size: 784,
    train: (steps + 1) * BATCH,
    test: 0,
  });
  const network = createFusedNetwork({
    sizes: [784, 256, 256, 10],
    rates: [0.2, 0.5],
    replicate,
    weightStd: 0.01,
  });
  const recipe = Recipe.parse({ learningRate: 0.5 });
  let before = noCounts;
  const since = (): GpuCounts => {
    const now = gpuCounts();
    const counted = difference(now, before);
    before = now;
    return counted;
  };
  let first = noCounts;
  let start = performance.now();
  const sums = await runPass(
    {
      examples: train,
      order: batchOrder(replicate, 0, train.images.count),
      batchSize: BATCH,
      batch: (images, labels, step) => {
        if (step === 1) {
          first = since();
          start = performance.now();
        }
        return trainStep(network, images, labels, { epoch: 0, step }, recipe);
      },
      onProgress: () => {},
    },
    createPace({
      now: () => performance.now(),
      pause: () => new Promise((resolve) => setTimeout(resolve, 0)),
      finished: finishQueued,
    }),
    () => false,
  );
  if (sums === null) {
    throw new Error("bench gpu: the pass stopped before its end");
  }
  await finishQueued();
  const milliseconds = performance.now() - start;
  const each = since();
  await readFigures([sums], [train.images.count]);
  tf.dispose(sums);
  network.dispose();
  return { detail, first, steps: each, end: since(), milliseconds };
}

declare const self: {
  onmessage: ((event: MessageEvent<CountRequest>) => void) | null;
  postMessage(answer: Counted | string): void;
};

self.onmessage = ({ data }) => {
  count(data).then(
    (counted) => self.postMessage(counted),
    (error) => self.postMessage(String(error)),
  );
};
