/**
 * The lesson's dropout, its networks and its training loop on TensorFlow.js,
 * and the kernels that they call. Loading it takes a second and a hundred
 * megabytes.
 *
 * ```ts
 * import { dropoutLayer } from "@dropout-swarm/dropout-swarm/training";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const x = tf.range(0, 16).reshape([2, 8]);
 * const draw = (count: number) =>
 *   crypto.getRandomValues(new Uint32Array(count));
 * dropoutLayer(x, 0.5, draw).print();
 * ```
 *
 * @module
 */
export {
  registerPortableKernels,
  type StockBackendName,
} from "../backends/stock.ts";
export type { ByteImages, Dataset, LabelledImages } from "../data/dataset.ts";
export type { StepProgress } from "../trainer/trainer_api.ts";
export { evaluateWeights, type Evaluation, packWeights } from "./evaluation.ts";
export { createNetwork } from "./networks.ts";
export { type DrawWords, dropoutLayer, maskWords } from "./dropout.ts";
export {
  type BatchGradients,
  type Network,
  type NetworkOptions,
  readParameters,
  trainStep,
} from "./network.ts";
export { type TrainHooks, trainTrial } from "./train.ts";
