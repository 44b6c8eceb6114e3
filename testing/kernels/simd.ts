import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { Recipe } from "../../protocol/study.ts";
import { dropoutKey, dropoutMask } from "../../worker/random/draws.ts";
import { fillThreefry4x32 } from "../../worker/random/threefry.ts";
import { createNetwork } from "../../worker/training/networks.ts";
import { trainStep } from "../../worker/training/network.ts";
import { gatherImages, gatherLabels } from "../../worker/training/kernels.ts";
import { startStockBackend } from "../../worker/backends/stock.ts";
import { SIMD } from "../../worker/backends/simd/simd_backend.ts";

/** Helpers for the tests of the backend's builds. */

/** Sizes of one, primes, and both sides of the kernels' blocks and panels. */
const SIZES = [1, 2, 3, 5, 7, 8, 13, 16, 23, 24, 25, 31, 48, 64, 97, 129];

/** Losses of the first steps on generated images. */
export function firstLosses(
  network: "fused" | "scratch" | "layers",
  steps: number,
  changes: Partial<Recipe> = {},
): number[] {
  const count = 96;
  const pixels = dropoutMask(
    dropoutKey({ seed: 3, replicate: 3 }, 0),
    { epoch: 0, step: 0 },
    0.5,
    count * 784,
  );
  const images = {
    bytes: Uint8Array.from(pixels, (pixel, i) => pixel > 0 ? i * 31 : 0),
    count,
    size: 784,
  };
  const labels = Uint8Array.from({ length: count }, (_, i) => i * 7 % 10);
  const order = Uint32Array.from({ length: count }, (_, i) => i * 5 % count);
  const replicate = { seed: 5, replicate: 2 };
  const net = createNetwork(network, {
    sizes: [784, 64, 48, 10],
    rates: [0.2, 0.5],
    replicate,
    weightStd: 0.05,
  });
  const recipe = Recipe.parse({ learningRate: 0.1, ...changes });
  const losses = Array.from({ length: steps }, (_, step) =>
    tf.tidy(() => {
      const start = step * 17 % 50;
      const [loss = NaN] = trainStep(
        net,
        gatherImages(images, order, start, 37),
        gatherLabels(labels, order, start, 37),
        { epoch: 0, step },
        recipe,
      ).dataSync();
      return loss / 37;
    }));
  net.dispose();
  return losses;
}

export const row = (x: tf.Tensor) => tf.reshape(x, [1, x.size]) as tf.Tensor2D;
export const column = (x: tf.Tensor) =>
  tf.reshape(x, [x.size, 1]) as tf.Tensor2D;

/** Size number `tag` of case `i`, the same in every run. */
export function pick(i: number, tag: number): number {
  const [word = 0] = words(i, tag, 1);
  return SIZES[word % SIZES.length] ?? 1;
}

/** Numbers in (-1, 1), of which `density` are not zero; a function of `tag`. */
export function sparse<R extends tf.Rank = tf.Rank.R2>(
  tag: number,
  shape: tf.ShapeMap[R],
  density: number,
): tf.Tensor<R> {
  const size = tf.util.sizeFromShape(shape);
  const signs = words(tag, 5, size);
  const values = Float32Array.from(
    words(tag, 4, size),
    (word, i) => word < density * 2 ** 32 ? (signs[i] ?? 0) / 2 ** 31 - 1 : 0,
  );
  return tf.tensor(values, shape);
}

function words(tag: number, stream: number, count: number): Uint32Array {
  return fillThreefry4x32(
    [tag, stream, 11, 0],
    [0, 0, 0, 0],
    new Uint32Array(count),
  );
}

/** Runs `compute` on tfjs's cpu backend. */
export async function onCpu(compute: () => tf.Tensor): Promise<tf.Tensor> {
  await startStockBackend("cpu");
  try {
    return compute();
  } finally {
    await tf.setBackend(SIMD);
  }
}

export async function assertLikeCpu(compute: () => tf.Tensor): Promise<void> {
  const actual = compute();
  assertClose(actual, await onCpu(compute));
}

/** Tolerance for sums of a few hundred float32 terms in another order. */
export function assertClose(
  actual: tf.Tensor,
  expected: tf.Tensor,
  tolerance = 2e-5,
): void {
  assert.deepEqual(actual.shape, expected.shape);
  assert.equal(actual.dtype, expected.dtype);
  const values = expected.dataSync();
  actual.dataSync().forEach((value, i) => {
    const wanted = values[i] ?? 0;
    assert(
      Object.is(value, wanted) ||
        Math.abs(value - wanted) <= tolerance * Math.max(1, Math.abs(wanted)),
      `element ${i} of [${actual.shape}]: ${value}, not ${wanted}`,
    );
  });
}
