import * as tf from "@tensorflow/tfjs";
import type { Rates } from "./requests.ts";

/**
 * The network as a tfjs user writes it: tf.layers, its dropout, its optimiser
 * and its gradients. This is the cost of a step without any of our kernels.
 */
export function createStockStep(
  [dropout1, dropout2]: Rates,
): (images: tf.Tensor2D, labels: tf.Tensor1D) => tf.Scalar {
  const init = () => tf.initializers.randomNormal({ stddev: 0.01 });
  const hidden = (inputShape?: [number]) =>
    tf.layers.dense({
      units: 256,
      activation: "relu",
      kernelInitializer: init(),
      ...(inputShape && { inputShape }),
    });
  const model = tf.sequential({
    layers: [
      hidden([784]),
      tf.layers.dropout({ rate: dropout1 }),
      hidden(),
      tf.layers.dropout({ rate: dropout2 }),
      tf.layers.dense({ units: 10, kernelInitializer: init() }),
    ],
  });
  const optimizer = tf.train.sgd(0.5);
  return (images, labels) =>
    tf.tidy(() => {
      const target = tf.oneHot(labels, 10);
      const loss = optimizer.minimize(() => {
        const logits = model.apply(images, { training: true });
        if (!(logits instanceof tf.Tensor)) throw new Error("bench: no tensor");
        return tf.losses.softmaxCrossEntropy(target, logits).asScalar();
      }, true);
      if (loss === null) throw new Error("bench: the optimiser gave no loss");
      return loss;
    });
}
