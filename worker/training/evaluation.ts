import * as tf from "@tensorflow/tfjs";
import type { LabelledImages } from "../data/dataset.ts";
import { identityOrder } from "../random/draws.ts";
import { readBack } from "./device.ts";
import { layerShapes, type Network, type NetworkOptions } from "./network.ts";
import {
  dense,
  gatherImages,
  gatherLabels,
  softmaxCrossEntropy,
} from "./kernels.ts";

/**
 * A trained network's weights as they are sent: float32, little-endian, the
 * weights [fanIn, fanOut] and then the biases [fanOut] of each layer, from the
 * input on. All engines that run TensorFlow.js are little-endian.
 */
export async function packWeights(network: Network): Promise<ArrayBuffer> {
  const length = network.variables.reduce((sum, { size }) => sum + size, 0);
  const packed = new Float32Array(length);
  let start = 0;
  for (const variable of network.variables) {
    packed.set(await readBack(variable), start);
    start += variable.size;
  }
  return packed.buffer;
}

/** Figures of a network on examples, without dropout. */
export interface Evaluation {
  /** Mean loss in nats; not finite if the weights are not. */
  readonly loss: number;
  readonly accuracy: number;
}

/** Examples per batch; no result depends on it. */
const BATCH = 1000;

/**
 * Loss and accuracy of packed weights, on the current backend.
 *
 * @throws RangeError if there are more or fewer numbers than `sizes` needs
 */
export async function evaluateWeights(
  sizes: NetworkOptions["sizes"],
  packed: Float32Array,
  { images, labels }: LabelledImages,
): Promise<Evaluation> {
  const layers = unpack(sizes, packed);
  const order = identityOrder(images.count);
  let sums: tf.Tensor1D = tf.zeros([2]);
  try {
    for (let begin = 0; begin < images.count; begin += BATCH) {
      const size = Math.min(BATCH, images.count - begin);
      const before = sums;
      sums = tf.tidy(() => {
        const [first, second, third] = layers;
        const x = gatherImages(images, order, begin, size);
        const relu = { activation: "relu" } as const;
        const hidden1 = dense(x, first.w, first.b, relu);
        const hidden2 = dense(hidden1, second.w, second.b, relu);
        const logits = dense(hidden2, third.w, third.b, {
          activation: "linear",
        });
        const truth = gatherLabels(labels, order, begin, size);
        return tf.add(before, softmaxCrossEntropy(logits, truth, false).stats);
      });
      before.dispose();
    }
    const [loss = NaN, right = NaN] = await readBack(sums);
    return { loss: loss / images.count, accuracy: right / images.count };
  } finally {
    sums.dispose();
    for (const { w, b } of layers) tf.dispose([w, b]);
  }
}

function unpack(sizes: NetworkOptions["sizes"], packed: Float32Array) {
  const [first, second, third] = layerShapes({ sizes });
  const needed = [first, second, third].reduce(
    (sum, { fanIn, fanOut }) => sum + (fanIn + 1) * fanOut,
    0,
  );
  if (packed.length !== needed) {
    throw new RangeError(
      `weights: got ${packed.length} numbers, the network has ${needed}`,
    );
  }
  let start = 0;
  const take = (count: number) => packed.slice(start, start += count);
  const layer = ({ fanIn, fanOut }: typeof first) => ({
    w: tf.tensor2d(take(fanIn * fanOut), [fanIn, fanOut]),
    b: tf.tensor1d(take(fanOut)),
  });
  return [layer(first), layer(second), layer(third)] as const;
}
