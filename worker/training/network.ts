import * as tf from "@tensorflow/tfjs";
import type { Recipe } from "../../protocol/study.ts";
import {
  initialBiases,
  initialWeights,
  type LayerShape,
  type Replicate,
} from "../random/draws.ts";
import { type MaskPosition, sgdUpdate } from "./kernels.ts";

/** The parts of training that a recipe's fields affect. */
type Part = "network" | "update" | "loop";

/** The part that reads each field. A new field needs an entry to compile. */
const actsIn = {
  dropout1: "network",
  dropout2: "network",
  network: "network",
  hiddenSizes: "network",
  weightStd: "network",
  learningRate: "update",
  weightDecay: "update",
  epochs: "loop",
  batchSize: "loop",
} as const satisfies Record<keyof Recipe, Part>;

/**
 * The fields of a recipe that affect one part of training. Code that reads them
 * destructures them by name, and the rest `satisfies Nothing`, so a new field
 * compiles only when every such place reads it.
 */
export type RecipeOf<P extends Part> = Pick<
  Recipe,
  {
    [K in keyof Recipe]: (typeof actsIn)[K] extends P ? K : never;
  }[keyof Recipe]
>;

/** No fields. */
export type Nothing = Readonly<Record<string, never>>;

/** Defines a network: sizes, rates and the key of its random numbers. */
export interface NetworkOptions {
  /** Units from the pixels to the classes: [784, 256, 256, 10]. */
  readonly sizes: readonly [number, number, number, number];
  /** Dropout rates after the first and the second hidden layer. */
  readonly rates: readonly [number, number];
  /** Key of the initial weights and the masks. */
  readonly replicate: Replicate;
  /** Standard deviation of the initial weights. */
  readonly weightStd: number;
}

/**
 * A multilayer perceptron with two hidden layers, ReLU and dropout after each,
 * on the backend that was current at its creation. All implementations compute
 * the same function from the same weights and masks.
 *
 * Images are [n, pixels] from 0 to 1, labels int32 [n]. Tensors returned are
 * the caller's to dispose of.
 */
export interface Network {
  /**
   * Loss of a batch with dropout on, and the gradients of its mean loss.
   *
   * @returns stats as in {@link Network.evaluate}, and gradients in the order
   * of `variables`
   */
  gradients(
    images: tf.Tensor2D,
    labels: tf.Tensor1D,
    position: MaskPosition,
  ): BatchGradients;
  /** [2]: sum of losses in nats, number of correct answers; no dropout. */
  evaluate(images: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D;
  /** Weights [fanIn, fanOut] and biases [fanOut], layer by layer: w, b, w, … */
  readonly variables: readonly tf.Variable[];
  /** Frees the variables. */
  dispose(): void;
}

/** Figures of a network on one batch. */
export interface BatchGradients {
  /** [2]: sum of the losses in nats and number of correct answers. */
  readonly stats: tf.Tensor1D;
  /** Gradients of the mean loss, in the order and shapes of `variables`. */
  readonly gradients: readonly tf.Tensor[];
}

/**
 * One step of stochastic gradient descent.
 *
 * @returns [2]: sum of the losses and number of correct answers before the step
 */
export function trainStep(
  network: Network,
  images: tf.Tensor2D,
  labels: tf.Tensor1D,
  position: MaskPosition,
  { learningRate, weightDecay, ...rest }: RecipeOf<"update">,
): tf.Tensor1D {
  rest satisfies Nothing;
  return tf.tidy(() => {
    const { stats, gradients } = network.gradients(images, labels, position);
    network.variables.forEach((variable, i) => {
      const gradient = gradients[i];
      if (gradient === undefined) {
        throw new Error(`training step: no gradient for variable ${i}`);
      }
      // Biases do not decay.
      const decay = variable.rank > 1 ? weightDecay : 0;
      sgdUpdate(variable, gradient, { learningRate, weightDecay: decay });
    });
    return stats;
  });
}

/** Copies of a network's weights and biases, in the order of `variables`. */
export function readParameters(network: Network): Promise<Float32Array[]> {
  return Promise.all(
    network.variables.map(async (variable) =>
      // Copied: some backends return memory that training overwrites.
      Float32Array.from(await variable.data<"float32">())
    ),
  );
}

/** The three dense layers, from the input on. */
export function layerShapes(
  { sizes }: Pick<NetworkOptions, "sizes">,
): readonly [LayerShape, LayerShape, LayerShape] {
  return [
    { layer: 0, fanIn: sizes[0], fanOut: sizes[1] },
    { layer: 1, fanIn: sizes[1], fanOut: sizes[2] },
    { layer: 2, fanIn: sizes[2], fanOut: sizes[3] },
  ];
}

/** A dense layer's initial tensors. The caller must dispose of them. */
export function initialLayer(
  shape: LayerShape,
  { replicate, weightStd }: NetworkOptions,
): { readonly w: tf.Tensor2D; readonly b: tf.Tensor1D } {
  return {
    w: tf.tensor2d(
      initialWeights(replicate, shape, weightStd),
      [shape.fanIn, shape.fanOut],
    ),
    b: tf.tensor1d(initialBiases(replicate, shape)),
  };
}

/** A dense layer's parameters as variables, set to their initial values. */
export interface DenseVariables {
  readonly w: tf.Variable<tf.Rank.R2>;
  readonly b: tf.Variable<tf.Rank.R1>;
}

/** Variables of all three layers. */
export function initialVariables(
  options: NetworkOptions,
): readonly [DenseVariables, DenseVariables, DenseVariables] {
  const variables = (shape: LayerShape): DenseVariables =>
    tf.tidy(() => {
      const { w, b } = initialLayer(shape, options);
      return { w: tf.variable(w), b: tf.variable(b) };
    });
  const [first, second, third] = layerShapes(options);
  return [variables(first), variables(second), variables(third)];
}
