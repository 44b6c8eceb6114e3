import * as tf from "@tensorflow/tfjs";
import { dropoutKey } from "../random/draws.ts";
import { lossGradients, type LossOf, lossStats } from "./autodiff.ts";
import type { MaskPosition, RandomKey } from "./kernels.ts";
import {
  initialLayer,
  layerShapes,
  type Network,
  type NetworkOptions,
} from "./network.ts";
import { dropout } from "./ops.ts";

/**
 * The seed's concise network, from tf.layers: dense layers, dropout layers and
 * the loss that the framework brings along, gradients by its tape. Only the
 * dropout layer is our own, since the framework's draws masks that no other
 * device can repeat.
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

  /** Dropout is active in training only: without a position there is none. */
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

/** Dropout whose mask is a pure function of key and position. */
class CounterDropout extends tf.layers.Layer {
  static readonly className = "CounterDropout";
  readonly #rate: number;
  readonly #key: RandomKey;
  /** Where training is; absent in evaluation, which drops nothing. */
  position: MaskPosition | undefined;

  constructor(rate: number, key: RandomKey) {
    super();
    this.#rate = rate;
    this.#key = key;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const x = Array.isArray(inputs) ? inputs[0] : inputs;
    if (x === undefined) throw new TypeError("dropout layer: no input");
    if (this.position === undefined) return tf.clone(x);
    return dropout(x, {
      rate: this.#rate,
      key: this.#key,
      position: this.position,
    });
  }
}
