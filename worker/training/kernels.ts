import * as tf from "@tensorflow/tfjs";
import type { ByteImages } from "../data/dataset.ts";
import type { MaskPosition } from "../random/draws.ts";
import type { RandomKey } from "../random/threefry.ts";
import type { Nothing, RecipeOf } from "./network.ts";

export type { MaskPosition, RandomKey };

/**
 * The kernels that training needs in addition to tfjs's own: their contract,
 * and at the end functions on tensors that call them. Each backend registers
 * its implementation of these names with tfjs's kernel registry. All tensors
 * are float32 and row-major unless stated otherwise.
 */

/**
 * How a dropout mask is drawn. Element i (row-major index) takes word `i % 4`
 * of `threefry4x32(key, [floor(i / 4), step, epoch, 0])`, and is dropped if
 * that word is less than `floor(rate * 2**32)`; at rate 1 all elements are
 * dropped; at rate 0 none is dropped and nothing is drawn. Kept elements are
 * scaled by 1 / (1 - rate), computed in float64 and rounded to float32.
 */
export interface DropoutAttrs {
  readonly rate: number;
  readonly key: RandomKey;
  readonly position: MaskPosition;
}

/**
 * No inputs -> [count, images.size], byte / 255: the images numbered
 * `order[start .. start + count)`.
 */
export const GatherImages = "SwarmGatherImages";

export interface GatherImagesAttrs {
  readonly images: ByteImages;
  readonly order: Uint32Array;
  readonly start: number;
  readonly count: number;
}

/** No inputs -> int32 [count]: the labels of the same images. */
export const GatherLabels = "SwarmGatherLabels";

export interface GatherLabelsAttrs {
  readonly labels: Uint8Array;
  readonly order: Uint32Array;
  readonly start: number;
  readonly count: number;
}

/** {x} of any shape -> the same shape: masked and scaled. */
export const Dropout = "SwarmDropout";

/**
 * {x: [n, k], w: [k, m], b: [m]} -> y: [n, m] = dropout(act(x w + b)).
 * With relu and dropout together, y > 0 exactly where the gradient passes.
 */
export const Dense = "SwarmDense";

export interface DenseAttrs {
  readonly activation: "relu" | "linear";
  /** Absent in evaluation. */
  readonly dropout?: DropoutAttrs;
}

/**
 * {x: [n, k], w: [k, m], y: [n, m], dy: [n, m]} -> [dw: [k, m], db: [m]], and
 * with `inputGradient` also dx: [n, k]. For `relu`, dz = dy / (1 - rate) where
 * y > 0, else 0; for `linear` (never with dropout), dz = dy.
 */
export const DenseGradient = "SwarmDenseGradient";

export interface DenseGradientAttrs {
  readonly activation: "relu" | "linear";
  readonly rate: number;
  /** False for the first layer: the images' gradient is not needed. */
  readonly inputGradient: boolean;
}

/**
 * {logits: [n, c], labels: int32 [n]} -> [stats: [2]] = (sum of the n losses,
 * number of correct answers: the first largest logit is the answer), and with
 * `gradient` also dlogits: [n, c] of the mean loss.
 */
export const SoftmaxCrossEntropy = "SwarmSoftmaxCrossEntropy";

export interface SoftmaxCrossEntropyAttrs {
  readonly gradient: boolean;
}

/**
 * {w, dw} of one shape -> []: w -= learningRate * (dw + weightDecay * w), in
 * place. Optional: a backend with immutable tensors leaves it out, and
 * `sgdUpdate` assigns instead.
 */
export const SgdUpdate = "SwarmSgdUpdate";

export type SgdUpdateAttrs = RecipeOf<"update">;

/**
 * The kernels with the names of their inputs and the type of their attributes.
 * tfjs's registry is untyped, so the types for callers and implementations are
 * declared here, in one place.
 */
export interface SwarmKernels {
  readonly [GatherImages]: {
    readonly inputs: Nothing;
    readonly attrs: GatherImagesAttrs;
    readonly outputs: readonly [images: tf.Tensor2D];
  };
  readonly [GatherLabels]: {
    readonly inputs: Nothing;
    readonly attrs: GatherLabelsAttrs;
    readonly outputs: readonly [labels: tf.Tensor1D];
  };
  readonly [Dropout]: {
    readonly inputs: { readonly x: tf.Tensor };
    readonly attrs: DropoutAttrs;
    readonly outputs: readonly [masked: tf.Tensor];
  };
  readonly [Dense]: {
    readonly inputs: {
      readonly x: tf.Tensor2D;
      readonly w: tf.Tensor2D;
      readonly b: tf.Tensor1D;
    };
    readonly attrs: DenseAttrs;
    readonly outputs: readonly [y: tf.Tensor2D];
  };
  readonly [DenseGradient]: {
    readonly inputs: {
      readonly x: tf.Tensor2D;
      readonly w: tf.Tensor2D;
      readonly y: tf.Tensor2D;
      readonly dy: tf.Tensor2D;
    };
    readonly attrs: DenseGradientAttrs;
    readonly outputs: readonly [
      dw: tf.Tensor2D,
      db: tf.Tensor1D,
      dx?: tf.Tensor2D,
    ];
  };
  readonly [SoftmaxCrossEntropy]: {
    readonly inputs: {
      readonly logits: tf.Tensor2D;
      readonly labels: tf.Tensor1D;
    };
    readonly attrs: SoftmaxCrossEntropyAttrs;
    readonly outputs: readonly [stats: tf.Tensor1D, dlogits?: tf.Tensor2D];
  };
  readonly [SgdUpdate]: {
    readonly inputs: { readonly w: tf.Tensor; readonly dw: tf.Tensor };
    readonly attrs: SgdUpdateAttrs;
    readonly outputs: readonly [];
  };
}

export type SwarmKernelName = keyof SwarmKernels;

/** Implements kernel `K` on a backend. */
export type SwarmKernelFunc<K extends SwarmKernelName> = (call: {
  readonly inputs: SwarmKernels[K]["inputs"];
  readonly attrs: SwarmKernels[K]["attrs"];
  readonly backend: unknown;
}) => tf.TensorInfo | tf.TensorInfo[];

/** Registers a kernel for a backend, unless it is already registered. */
export function registerSwarmKernel<K extends SwarmKernelName>(
  kernelName: K,
  backendName: string,
  kernelFunc: SwarmKernelFunc<K>,
): void {
  if (hasSwarmKernel(kernelName, backendName)) return;
  tf.registerKernel({
    kernelName,
    backendName,
    // The assertion is safe: tfjs passes inputs and attributes unchanged, and
    // the only caller is the function below, which checks their types.
    kernelFunc: kernelFunc as unknown as tf.KernelFunc,
  });
}

/** Whether a backend has the kernel. */
export function hasSwarmKernel(
  kernelName: SwarmKernelName,
  backendName: string,
): boolean {
  // tfjs's type is wrong: the result is undefined if nothing is registered.
  const found: tf.KernelConfig | undefined = tf.getKernel(
    kernelName,
    backendName,
  );
  return found !== undefined;
}

/**
 * Runs a kernel on the current backend. Only `dropout` below has a gradient for
 * tfjs's tape; `dense` and the loss have separate gradient functions.
 *
 * @throws Error if the backend lacks it
 */
export function runSwarmKernel<K extends SwarmKernelName>(
  kernelName: K,
  inputs: SwarmKernels[K]["inputs"],
  attrs: SwarmKernels[K]["attrs"],
): SwarmKernels[K]["outputs"] {
  // tfjs types attributes as plain numbers, strings and arrays but passes
  // anything: typed arrays reach the kernel without a copy. The ranks of
  // results are not checked, as everywhere in tfjs.
  const out: tf.Tensor | tf.Tensor[] = tf.engine().runKernel(
    kernelName,
    { ...inputs },
    attrs as unknown as tf.NamedAttrMap,
  );
  return (Array.isArray(out) ? out : [out]) as unknown as SwarmKernels[K][
    "outputs"
  ];
}

/** Images `order[start .. start + count)` as [count, images.size], 0 to 1. */
export function gatherImages(
  images: ByteImages,
  order: Uint32Array,
  start: number,
  count: number,
): tf.Tensor2D {
  const attrs = { images, order, start, count };
  const [batch] = runSwarmKernel(GatherImages, {}, attrs);
  return batch;
}

/** Labels of the same images, int32 [count]. */
export function gatherLabels(
  labels: Uint8Array,
  order: Uint32Array,
  start: number,
  count: number,
): tf.Tensor1D {
  const attrs = { labels, order, start, count };
  const [batch] = runSwarmKernel(GatherLabels, {}, attrs);
  return batch;
}

/** `x` of any shape, masked and scaled; differentiable. */
export function dropout(x: tf.Tensor, attrs: DropoutAttrs): tf.Tensor {
  const apply = (input: tf.Tensor): tf.Tensor => {
    const [masked] = runSwarmKernel(Dropout, { x: input }, attrs);
    return masked;
  };
  // The mask is a pure function of its attributes, so the backward pass draws
  // it again instead of storing it.
  const differentiable = tf.customGrad(() => ({
    value: apply(x),
    gradFunc: (dy: tf.Tensor) => apply(dy),
  }));
  return differentiable(x);
}

/** x: [n, k], w: [k, m], b: [m] -> dropout(activation(x w + b)): [n, m]. */
export function dense(
  x: tf.Tensor2D,
  w: tf.Tensor2D,
  b: tf.Tensor1D,
  attrs: DenseAttrs,
): tf.Tensor2D {
  const [y] = runSwarmKernel(Dense, { x, w, b }, attrs);
  return y;
}

/** The loss's gradients for a dense layer's weights, biases and input. */
export interface DenseGradients {
  /** [k, m] */
  readonly dw: tf.Tensor2D;
  /** [m] */
  readonly db: tf.Tensor1D;
  /** [n, k]; absent unless requested. */
  readonly dx?: tf.Tensor2D;
}

/**
 * The backward pass of `dense`, from its input x: [n, k], weights w: [k, m],
 * output y: [n, m] and the loss's gradient with respect to that output, dy: [n,
 * m].
 */
export function denseGradient(
  x: tf.Tensor2D,
  w: tf.Tensor2D,
  y: tf.Tensor2D,
  dy: tf.Tensor2D,
  attrs: DenseGradientAttrs,
): DenseGradients {
  const [dw, db, dx] = runSwarmKernel(DenseGradient, { x, w, y, dy }, attrs);
  return dx === undefined ? { dw, db } : { dw, db, dx };
}

/** Figures of a batch. */
export interface BatchLoss {
  /** [2]: sum of the losses in nats, number of correct answers. */
  readonly stats: tf.Tensor1D;
  /** [n, classes]: gradient of the mean loss; absent unless requested. */
  readonly dlogits?: tf.Tensor2D;
}

/** Softmax cross-entropy of logits: [n, classes] against labels: int32 [n]. */
export function softmaxCrossEntropy(
  logits: tf.Tensor2D,
  labels: tf.Tensor1D,
  gradient: boolean,
): BatchLoss {
  const [stats, dlogits] = runSwarmKernel(
    SoftmaxCrossEntropy,
    { logits, labels },
    { gradient },
  );
  return dlogits === undefined ? { stats } : { stats, dlogits };
}

/** w -= learningRate * (dw + weightDecay * w); in place if supported. */
export function sgdUpdate(
  w: tf.Variable,
  dw: tf.Tensor,
  attrs: SgdUpdateAttrs,
): void {
  if (hasSwarmKernel(SgdUpdate, tf.getBackend())) {
    runSwarmKernel(SgdUpdate, { w, dw }, attrs);
    return;
  }
  const { learningRate, weightDecay, ...rest } = attrs;
  rest satisfies Nothing;
  tf.tidy(() => {
    const gradient = weightDecay === 0
      ? dw
      : tf.add(dw, tf.mul(w, weightDecay));
    w.assign(tf.sub(w, tf.mul(gradient, learningRate)));
  });
}

/**
 * One-hot encoding of labels: int32 [n] -> float32 [n, classes].
 *
 * Cast afterwards, because the wasm backend of tfjs 4.22 writes the integers'
 * bits if float32 is requested directly.
 */
export function oneHotFloat(labels: tf.Tensor1D, classes: number): tf.Tensor2D {
  return tf.tidy(() =>
    tf.cast(tf.oneHot(labels, classes), "float32").as2D(labels.size, classes)
  );
}
