import type { ByteImages } from "../data/dataset.ts";
import type { MaskPosition } from "../random/draws.ts";
import type { RandomKey } from "../random/threefry.ts";

export type { MaskPosition, RandomKey };

/**
 * The kernels that training needs beyond tfjs's own, as a contract: each
 * backend registers its implementation of these names with tfjs's kernel
 * registry, and `ops.ts` calls them. All tensors are float32 and row-major
 * unless it says otherwise.
 */

/**
 * How a dropout mask is drawn. Element i (row-major index) takes word `i % 4`
 * of `threefry4x32(key, [floor(i / 4), step, epoch, 0])`, and is dropped if
 * that word is less than `floor(rate * 2**32)`; at rate 1 all are dropped, at
 * rate 0 none is and nothing is drawn. Kept ones are scaled by 1 / (1 - rate),
 * computed in float64 and rounded to float32.
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
  /** False for the first layer: nobody asks for the images' gradient. */
  readonly inputGradient: boolean;
}

/**
 * {logits: [n, c], labels: int32 [n]} -> [stats: [2]] = (sum of the n losses,
 * number of right answers: the first largest logit is the answer), and with
 * `gradient` also dlogits: [n, c] of the mean loss.
 */
export const SoftmaxCrossEntropy = "SwarmSoftmaxCrossEntropy";
export interface SoftmaxCrossEntropyAttrs {
  readonly gradient: boolean;
}

/**
 * {w, dw} of one shape -> []: w -= learningRate * dw, in place. Optional: a
 * backend whose tensors cannot change leaves it out, and `ops.ts` assigns.
 */
export const SgdUpdate = "SwarmSgdUpdate";
export interface SgdUpdateAttrs {
  readonly learningRate: number;
}
