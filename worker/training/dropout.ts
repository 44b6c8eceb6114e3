import * as tf from "@tensorflow/tfjs";
import { dropoutWords, dropThreshold } from "../random/draws.ts";
import type { MaskPosition, RandomKey } from "./kernels.ts";

/** Gives the first `count` uint32 words of a source of random bits. */
export type DrawWords = (count: number) => Uint32Array;

/**
 * Dropout from scratch: sets each element of `x` to zero with probability `p`
 * and scales the others by 1 / (1 - p), so that each element's expectation does
 * not change. Element i (row-major) is dropped if word i is below p * 2**32,
 * the rule of every backend's Dropout kernel.
 *
 * p = 0 keeps everything: `x` itself is returned, and no words are drawn. p = 1
 * drops everything.
 *
 * Source: section 4.6 of Dive into Deep Learning, `dropout_layer`; p is checked
 * as there: `0 <= p <= 1`.
 *
 * @param x of any shape
 * @throws RangeError unless 0 <= p <= 1
 */
export function dropoutLayer<R extends tf.Rank>(
  x: tf.Tensor<R>,
  p: number,
  draw: DrawWords,
): tf.Tensor<R> {
  if (!(p >= 0 && p <= 1)) {
    throw new RangeError(`dropout: the rate must be from 0 to 1: ${p}`);
  }
  if (p === 0) return x;
  if (p === 1) return tf.zerosLike(x);
  const threshold = dropThreshold(p);
  const kept = Float32Array.from(
    draw(x.size),
    (word) => word >= threshold ? 1 : 0,
  );
  return tf.tidy(() => {
    const mask = tf.tensor<R>(kept, x.shape);
    return tf.div(tf.mul(x, mask), 1 - p);
  });
}

/** The random words of a trial's mask at one step, for `dropoutLayer`. */
export function maskWords(key: RandomKey, position: MaskPosition): DrawWords {
  return (count) => dropoutWords(key, position, count);
}
