import * as tf from "@tensorflow/tfjs";
import type { NetworkName } from "../../protocol/study.ts";
import { dropoutKey } from "../random/draws.ts";
import { dropoutLayer, maskWords } from "./dropout.ts";
import {
  dense,
  denseGradient,
  dropout,
  type MaskPosition,
  oneHotFloat,
  type RandomKey,
  softmaxCrossEntropy,
} from "./kernels.ts";
import {
  type BatchGradients,
  type DenseVariables,
  initialLayer,
  initialVariables,
  layerShapes,
  type Network,
  type NetworkOptions,
} from "./network.ts";

/** Creates the network that a recipe names, on the current backend. */
export function createNetwork(
  name: NetworkName,
  options: NetworkOptions,
): Network {
  switch (name) {
    case "fused":
      return createFusedNetwork(options);
    case "scratch":
      return createScratchNetwork(options);
    case "layers":
      return createLayersNetwork(options);
    default:
      return name satisfies never;
  }
}

/**
 * The network with its forward and backward pass written with the swarm's
 * kernels: eight kernels per step besides the updates, no tape, and no input
 * gradient of the first layer, which is not needed.
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
      "training step: the backend's kernel did not return a requested gradient",
    );
  }
  return tensor;
}

/**
 * The seed's concise network, from tf.layers: dense layers, dropout layers, the
 * framework's loss, and gradients by its tape. Only the dropout layer is our
 * own, because the framework's masks cannot be reproduced on another device.
 */
export function createLayersNetwork(options: NetworkOptions): Network {
  const [first, second, third] = layerShapes(options);
  const dropout1 = new CounterDropout(
    options.rates[0],
    dropoutKey(options.replicate, 0),
  );
  const dropout2 = new CounterDropout(
    options.rates[1],
    dropoutKey(options.replicate, 1),
  );
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        inputShape: [first.fanIn],
        units: first.fanOut,
        activation: "relu",
        kernelInitializer: "zeros",
      }),
      dropout1,
      tf.layers.dense({
        units: second.fanOut,
        activation: "relu",
        kernelInitializer: "zeros",
      }),
      dropout2,
      tf.layers.dense({ units: third.fanOut, kernelInitializer: "zeros" }),
    ],
  });
  tf.tidy(() =>
    model.setWeights(
      layerShapes(options).flatMap((shape) => {
        const { w, b } = initialLayer(shape, options);
        return [w, b];
      }),
    )
  );
  const variables = model.trainableWeights.map((weight) => {
    const value = weight.read();
    if (!(value instanceof tf.Variable)) {
      throw new TypeError(`layers network: not a variable: ${weight.name}`);
    }
    return value;
  });

  /** The current training step; undefined in evaluation: no dropout. */
  function forward(images: tf.Tensor2D, position?: MaskPosition): tf.Tensor2D {
    dropout1.position = position;
    dropout2.position = position;
    const logits = model.apply(images);
    if (!(logits instanceof tf.Tensor)) {
      throw new TypeError("layers network: its output is not one tensor");
    }
    return logits.as2D(images.shape[0], third.fanOut);
  }

  return {
    variables,
    gradients: (images, labels, position) =>
      lossGradients(
        variables,
        () => forward(images, position),
        frameworkLoss,
        labels,
      ),
    evaluate: (images, labels) =>
      tf.tidy(() => lossStats(forward(images), labels, frameworkLoss)),
    dispose: () => {
      model.dispose();
    },
  };
}

const frameworkLoss: LossOf = (logits, labels) =>
  tf.losses.softmaxCrossEntropy(
    tf.oneHot(labels, logits.shape[1]),
    logits,
    undefined,
    undefined,
    tf.Reduction.NONE,
  );

/** A dropout layer whose mask is a pure function of key and position. */
class CounterDropout extends tf.layers.Layer {
  static readonly className = "CounterDropout";
  readonly #rate: number;
  readonly #key: RandomKey;
  /** The current training step; undefined in evaluation: no dropout. */
  position: MaskPosition | undefined;

  constructor(rate: number, key: RandomKey) {
    super();
    this.#rate = rate;
    this.#key = key;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const x = Array.isArray(inputs) ? inputs[0] : inputs;
    if (x === undefined) {
      throw new TypeError("dropout layer: the input is missing");
    }
    if (this.position === undefined) return tf.clone(x);
    return dropout(x, {
      rate: this.#rate,
      key: this.#key,
      position: this.position,
    });
  }
}

/**
 * The seed's network from scratch: products, sums, ReLU, `dropoutLayer`,
 * explicit cross-entropy, and gradients by tfjs's tape.
 */
export function createScratchNetwork(options: NetworkOptions): Network {
  const [first, second, third] = initialVariables(options);
  const [rate1, rate2] = options.rates;
  const variables = [first.w, first.b, second.w, second.b, third.w, third.b];

  /** The current training step; undefined in evaluation: no dropout. */
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
 * largest logit is subtracted first, so that no exponential overflows.
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

/** Loss of each example: logits [n, classes], labels int32 [n] -> [n]. */
export type LossOf = (logits: tf.Tensor2D, labels: tf.Tensor1D) => tf.Tensor1D;

/**
 * Stats and gradients of a batch's mean loss by tfjs's tape, for a network
 * written as a function of its variables.
 *
 * @param forward computes the logits from the variables, with dropout
 */
export function lossGradients(
  variables: readonly tf.Variable[],
  forward: () => tf.Tensor2D,
  lossOf: LossOf,
  labels: tf.Tensor1D,
): BatchGradients {
  return tf.tidy(() => {
    // The tape frees tensors that the function creates and does not return.
    const made: tf.Tensor2D[] = [];
    const { grads } = tf.variableGrads(() => {
      const logits = tf.keep(forward());
      made.push(logits);
      return tf.mean(lossOf(logits, labels));
    }, [...variables]);

    const stats = made.map((logits) => lossStats(logits, labels, lossOf))[0];
    made.forEach((logits) => logits.dispose());
    if (stats === undefined) throw new Error("gradients: no forward pass ran");
    return {
      stats,
      gradients: variables.map((variable) =>
        grads[variable.name] ?? tf.zerosLike(variable)
      ),
    };
  });
}

/** [2]: sum of the losses in nats and number of right answers. */
export function lossStats(
  logits: tf.Tensor2D,
  labels: tf.Tensor1D,
  lossOf: LossOf,
): tf.Tensor1D {
  return tf.tidy(() =>
    tf.stack([
      tf.sum(lossOf(logits, labels)),
      tf.sum(tf.cast(tf.equal(tf.argMax(logits, 1), labels), "float32")),
    ]).as1D()
  );
}
