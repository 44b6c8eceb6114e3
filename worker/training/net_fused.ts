import type * as tf from "@tensorflow/tfjs";
import { dropoutKey } from "../random/draws.ts";
import type { MaskPosition } from "./kernels.ts";
import {
  type BatchGradients,
  initialVariables,
  type Network,
  type NetworkOptions,
} from "./network.ts";
import { dense, denseGradient, softmaxCrossEntropy } from "./ops.ts";

/**
 * The network with its way forward and back written out with the swarm's
 * kernels: eight kernels a step besides the updates, no tape, and the first
 * layer's input gradient, which nobody needs, never computed.
 */
export function createFusedNetwork(options: NetworkOptions): Network {
  const [first, second, third] = initialVariables(options);
  const [rate1, rate2] = options.rates;
  const key1 = dropoutKey(options.replicate, 0);
  const key2 = dropoutKey(options.replicate, 1);
  const variables = [first.w, first.b, second.w, second.b, third.w, third.b];

  function gradients(
    images: tf.Tensor2D,
    labels: tf.Tensor1D,
    position: MaskPosition,
  ): BatchGradients {
    const hidden1 = dense(images, first.w, first.b, {
      activation: "relu",
      dropout: { rate: rate1, key: key1, position },
    });
    const hidden2 = dense(hidden1, second.w, second.b, {
      activation: "relu",
      dropout: { rate: rate2, key: key2, position },
    });
    const logits = dense(hidden2, third.w, third.b, { activation: "linear" });
    const { stats, dlogits } = softmaxCrossEntropy(logits, labels, true);

    const out = denseGradient(
      hidden2,
      third.w,
      logits,
      required(dlogits),
      { activation: "linear", rate: 0, inputGradient: true },
    );
    const middle = denseGradient(
      hidden1,
      second.w,
      hidden2,
      required(out.dx),
      { activation: "relu", rate: rate2, inputGradient: true },
    );
    const input = denseGradient(
      images,
      first.w,
      hidden1,
      required(middle.dx),
      { activation: "relu", rate: rate1, inputGradient: false },
    );

    for (const used of [hidden1, hidden2, logits]) used.dispose();
    for (const used of [dlogits, out.dx, middle.dx]) used?.dispose();
    return {
      stats,
      gradients: [input.dw, input.db, middle.dw, middle.db, out.dw, out.db],
    };
  }

  function evaluate(images: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
    const relu = { activation: "relu" } as const;
    const hidden1 = dense(images, first.w, first.b, relu);
    const hidden2 = dense(hidden1, second.w, second.b, relu);
    const logits = dense(hidden2, third.w, third.b, { activation: "linear" });
    const { stats } = softmaxCrossEntropy(logits, labels, false);
    for (const used of [hidden1, hidden2, logits]) used.dispose();
    return stats;
  }

  return {
    gradients,
    evaluate,
    variables,
    dispose: () => variables.forEach((variable) => variable.dispose()),
  };
}

function required(tensor: tf.Tensor2D | undefined): tf.Tensor2D {
  if (tensor === undefined) {
    throw new Error(
      "training step: the backend's kernel left out a gradient asked for",
    );
  }
  return tensor;
}
