import * as tf from "@tensorflow/tfjs";
import { dropoutKey } from "../random/draws.ts";
import { lossGradients, lossStats } from "./autodiff.ts";
import { dropoutLayer, maskWords } from "./dropout.ts";
import type { MaskPosition } from "./kernels.ts";
import {
  type BatchGradients,
  type DenseVariables,
  initialVariables,
  type Network,
  type NetworkOptions,
} from "./network.ts";
import { oneHotFloat } from "./one_hot.ts";

/**
 * The seed's network from scratch: products, sums, ReLU and `dropoutLayer`, its
 * cross-entropy written out, and gradients by tfjs's tape.
 */
export function createScratchNetwork(options: NetworkOptions): Network {
  const [first, second, third] = initialVariables(options);
  const [rate1, rate2] = options.rates;
  const variables = [first.w, first.b, second.w, second.b, third.w, third.b];

  /** Dropout is active in training only: without a position there is none. */
  function forward(images: tf.Tensor2D, position?: MaskPosition): tf.Tensor2D {
    let hidden = tf.relu(affine(images, first));
    if (position !== undefined) {
      hidden = dropoutLayer(
        hidden,
        rate1,
        maskWords(dropoutKey(options.replicate, 0), position),
      );
    }
    hidden = tf.relu(affine(hidden, second));
    if (position !== undefined) {
      hidden = dropoutLayer(
        hidden,
        rate2,
        maskWords(dropoutKey(options.replicate, 1), position),
      );
    }
    return affine(hidden, third);
  }

  return {
    variables,
    gradients: (images, labels, position): BatchGradients =>
      lossGradients(
        variables,
        () => forward(images, position),
        crossEntropy,
        labels,
      ),
    evaluate: (images, labels) =>
      tf.tidy(() => lossStats(forward(images), labels, crossEntropy)),
    dispose: () => variables.forEach((variable) => variable.dispose()),
  };
}

/** x w + b. */
function affine(x: tf.Tensor2D, { w, b }: DenseVariables): tf.Tensor2D {
  return tf.add(tf.matMul(x, w), b);
}

/**
 * Cross-entropy of the softmax of each row against its label, in nats: [n]. The
 * largest logit is taken off first, so that no exponential overflows.
 */
export function crossEntropy(
  logits: tf.Tensor2D,
  labels: tf.Tensor1D,
): tf.Tensor1D {
  const shifted = tf.sub(logits, tf.max(logits, 1, true));
  const target = oneHotFloat(labels, logits.shape[1]);
  return tf.sub(
    tf.log(tf.sum(tf.exp(shifted), 1)),
    tf.sum(tf.mul(shifted, target), 1),
  );
}
