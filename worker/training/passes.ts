import * as tf from "@tensorflow/tfjs";
import type { LabelledImages } from "../data/dataset.ts";
import { checkFigures, readBack, verifyDevice } from "./device.ts";
import { gatherImages, gatherLabels } from "./ops.ts";
import type { Pace } from "./pace.ts";

/** One pass over a set of examples. */
export interface Pass {
  readonly examples: LabelledImages;
  readonly order: Uint32Array;
  readonly batchSize: number;
  /** @returns [2]: sum of the losses, number of right answers */
  batch(images: tf.Tensor2D, labels: tf.Tensor1D, step: number): tf.Tensor1D;
  /** Called now and then with the steps done. */
  onProgress(step: number): void;
}

/** What a pass came to. */
export interface PassFigures {
  /** Mean over the examples, in nats. */
  readonly loss: number;
  readonly accuracy: number;
}

/**
 * Runs one pass. Its figures stay on the device: reading each step's back
 * would make a GPU wait. In float32 the sum of losses of 60,000 examples is
 * off by about 1e-6 of itself; counts are exact up to 2**24.
 *
 * @returns [2], the caller's: sum of the losses, number of right answers; null
 * if it was stopped
 */
export async function runPass(
  { examples, order, batchSize, batch, onProgress }: Pass,
  pace: Pace,
  isStopped: () => boolean,
): Promise<tf.Tensor1D | null> {
  const count = order.length;
  const steps = Math.ceil(count / batchSize);
  let sums: tf.Tensor1D = tf.zeros([2]);
  let kept = false;
  try {
    for (let step = 0; step < steps; step++) {
      const begin = step * batchSize;
      const size = Math.min(batchSize, count - begin);
      const before = sums;
      sums = tf.tidy(() => {
        const images = gatherImages(examples.images, order, begin, size);
        const labels = gatherLabels(examples.labels, order, begin, size);
        return tf.add(before, batch(images, labels, step));
      });
      before.dispose();

      const pause = pace.step(() => onProgress(step + 1));
      if (pause === null) continue;
      await pause;
      if (isStopped()) return null;
    }
    kept = true;
    return sums;
  } finally {
    if (!kept) sums.dispose();
  }
}

/**
 * Reads the sums of passes back from the device, all at once.
 *
 * @param counts examples that each of the sums is of
 * @returns null if one is not finite: the network diverged
 * @throws {DeviceError} when the figures are the device's and not the network's
 */
export async function readFigures(
  sums: readonly tf.Tensor1D[],
  counts: readonly number[],
): Promise<PassFigures[] | null> {
  const all = tf.concat1d([...sums]);
  let values: Float32Array;
  try {
    values = await readBack(all);
  } finally {
    all.dispose();
  }
  const read = counts.map((count, i) => {
    const [loss = NaN, right = NaN] = values.subarray(2 * i);
    return { loss, right, count };
  });
  if (!read.every(({ loss }) => Number.isFinite(loss))) {
    await verifyDevice();
    return null;
  }
  return read.map((figures) => {
    checkFigures(figures);
    const { loss, right, count } = figures;
    // A loss of zero may come out of a GPU's logarithm as -1e-8.
    return { loss: Math.max(0, loss / count), accuracy: right / count };
  });
}
