import * as tf from "@tensorflow/tfjs";
import type { ByteImages } from "../data/dataset.ts";
import {
  Dense,
  type DenseAttrs,
  DenseGradient,
  type DenseGradientAttrs,
  Dropout,
  type DropoutAttrs,
  GatherImages,
  GatherLabels,
  hasSwarmKernel,
  runSwarmKernel,
  SgdUpdate,
  SoftmaxCrossEntropy,
} from "./kernels.ts";

/**
 * The swarm's kernels as functions on tensors. They run on the current
 * backend, which must have them registered. Only `dropout` has a gradient;
 * `dense` and the loss have theirs as functions of their own.
 */

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
  // The mask is a pure function of its attributes: the way back draws it
  // again instead of saving it.
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

/** Gradients of the loss by a dense layer's weights, biases and input. */
export interface DenseGradients {
  /** [k, m] */
  readonly dw: tf.Tensor2D;
  /** [m] */
  readonly db: tf.Tensor1D;
  /** [n, k]; absent unless asked for. */
  readonly dx?: tf.Tensor2D;
}

/**
 * The way back through `dense`, from its input x: [n, k], weights w: [k, m],
 * output y: [n, m] and the loss's gradient by that output, dy: [n, m].
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

/** What a batch came to. */
export interface BatchLoss {
  /** [2]: sum of the losses in nats, number of right answers. */
  readonly stats: tf.Tensor1D;
  /** [n, classes]: of the mean loss; absent unless asked for. */
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

/** w -= learningRate * dw; in place where the backend can. */
export function sgdUpdate(
  w: tf.Variable,
  dw: tf.Tensor,
  learningRate: number,
): void {
  if (hasSwarmKernel(SgdUpdate, tf.getBackend())) {
    runSwarmKernel(SgdUpdate, { w, dw }, { learningRate });
    return;
  }
  tf.tidy(() => w.assign(tf.sub(w, tf.mul(dw, learningRate))));
}

/**
 * Rows of zeros with a one at each label: int32 [n] -> float32 [n, classes].
 *
 * Cast afterwards because the wasm backend of tfjs 4.22, asked for float32 at
 * once, writes the integers' bits.
 */
export function oneHotFloat(labels: tf.Tensor1D, classes: number): tf.Tensor2D {
  return tf.tidy(() =>
    tf.cast(tf.oneHot(labels, classes), "float32").as2D(labels.size, classes)
  );
}
