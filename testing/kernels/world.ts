import * as tf from "@tensorflow/tfjs";
import { dropoutKey } from "../../worker/random/draws.ts";
import { normalQuantile, uniform } from "../../worker/random/normal.ts";
import { fillThreefry4x32 } from "../../worker/random/threefry.ts";
import type { DropoutAttrs } from "../../worker/training/kernels.ts";

/** Helpers for the checks of kernels; they also run in browsers. */

/** Registers one check, which throws if the current backend fails it. */
export type Check = (what: string, run: () => Promise<void>) => void;

/** @throws Error with the message if the condition is false */
export function assert(holds: boolean, message: string): asserts holds {
  if (!holds) throw new Error(message);
}

export const key = dropoutKey({ seed: 7, replicate: 1 }, 1);
export const masked = (rate: number): DropoutAttrs => ({
  rate,
  key,
  position: { epoch: 2, step: 5 },
});

/** `count` normal numbers, a pure function of `tag`. */
export function normals(tag: number, count: number): Float32Array {
  const words = fillThreefry4x32(
    [tag, 0, 0, 0],
    [0, 0, 0, 0],
    new Uint32Array(count),
  );
  return Float32Array.from(words, (word) => normalQuantile(uniform(word)));
}

export function matrix(
  tag: number,
  rows: number,
  columns: number,
): tf.Tensor2D {
  return tf.tensor2d(normals(tag, rows * columns), [rows, columns]);
}

/** Fails unless every element is off by at most `tolerance`, relative above 1. */
export async function assertTensor(
  actual: tf.Tensor,
  shape: number[],
  expected: ArrayLike<number>,
  tolerance = 1e-4,
): Promise<void> {
  assert(
    actual.shape.join() === shape.join(),
    `a result of shape [${actual.shape}], not [${shape}]`,
  );
  const values = await actual.data();
  assert(
    values.length === expected.length,
    `${values.length} elements, not ${expected.length}`,
  );
  values.forEach((value, i) => {
    const wanted = expected[i] ?? NaN;
    const error = Math.abs(value - wanted);
    if (error <= tolerance * Math.max(1, Math.abs(wanted))) return;
    throw new Error(`element ${i}: ${value}, not ${wanted}`);
  });
}

/** Sum over j of a(i, j) * b(j, k), for [n, m] pairs (i, k). */
export function product(
  n: number,
  m: number,
  inner: number,
  a: (i: number, j: number) => number,
  b: (j: number, k: number) => number,
): Float64Array {
  const out = new Float64Array(n * m);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < m; k++) {
      let sum = 0;
      for (let j = 0; j < inner; j++) sum += a(i, j) * b(j, k);
      out[i * m + k] = sum;
    }
  }
  return out;
}

export const at = (values: ArrayLike<number>, i: number) => values[i] ?? NaN;
