import { normalQuantile, uniform } from "./normal.ts";
import { fillThreefry4x32, type RandomKey } from "./threefry.ts";

/**
 * The random numbers of training. Each value is a pure function of (study seed,
 * replicate) and of the place where it is used. No dropout rate is part of a
 * key: replicate r starts with the same weights and sees the same batches at
 * every grid point, and the masks at a lower rate drop a subset of those at a
 * higher one.
 */

/** Third word of the key: the purpose of the numbers. Never renumber. */
export const Purpose = {
  weights: 1,
  biases: 2,
  batchOrder: 3,
  dropout: 4,
} as const;

/** Identifies all random numbers of one trial; both are uint32. */
export interface Replicate {
  /** The study's seed. */
  readonly seed: number;
  /** Counted from 0. */
  readonly replicate: number;
}

/** The training step of a mask; both are counted from 0, uint32. */
export interface MaskPosition {
  /** The epoch. */
  readonly epoch: number;
  /** The step in the epoch. */
  readonly step: number;
}

/** A dense layer's position and size. */
export interface LayerShape {
  /** Counted from 0, the layer nearest the input. */
  readonly layer: number;
  /** Its inputs: rows of its weights. */
  readonly fanIn: number;
  /** Its units: columns of its weights, length of its biases. */
  readonly fanOut: number;
}

/**
 * Initial weights of a dense layer, row-major [fanIn, fanOut]: normal with mean
 * 0 and standard deviation `weightStd`.
 */
export function initialWeights(
  { seed, replicate }: Replicate,
  { layer, fanIn, fanOut }: LayerShape,
  weightStd: number,
): Float32Array {
  const words = fillThreefry4x32(
    [seed, replicate, Purpose.weights, layer],
    [0, 0, 0, 0],
    new Uint32Array(fanIn * fanOut),
  );
  const weights = new Float32Array(words.length);
  for (let i = 0; i < words.length; i++) {
    weights[i] = weightStd * normalQuantile(uniform(words[i] ?? 0));
  }
  return weights;
}

/**
 * Initial biases of a dense layer, [fanOut]: uniform between -1/sqrt(fanIn) and
 * 1/sqrt(fanIn), the default of PyTorch's nn.Linear.
 */
export function initialBiases(
  { seed, replicate }: Replicate,
  { layer, fanIn, fanOut }: LayerShape,
): Float32Array {
  const words = fillThreefry4x32(
    [seed, replicate, Purpose.biases, layer],
    [0, 0, 0, 0],
    new Uint32Array(fanOut),
  );
  const bound = 1 / Math.sqrt(fanIn);
  return Float32Array.from(words, (word) => bound * (2 * uniform(word) - 1));
}

/** Up to this count, the product of an index and a word is exact in float64. */
export const MOST_EXAMPLES = 2 ** 21;

/**
 * The order in which an epoch visits its `count` examples: a permutation of 0
 * to count - 1 by the Fisher-Yates shuffle. Each swap uses the high part of
 * word * choices, with a bias below count / 2**32.
 *
 * @param epoch counted from 0
 * @throws RangeError above 2**21 examples, where products would be rounded
 */
export function batchOrder(
  { seed, replicate }: Replicate,
  epoch: number,
  count: number,
): Uint32Array {
  if (count > MOST_EXAMPLES) {
    throw new RangeError(
      `batch order: more than ${MOST_EXAMPLES} examples: ${count}`,
    );
  }
  const words = fillThreefry4x32(
    [seed, replicate, Purpose.batchOrder, 0],
    [0, 0, epoch, 0],
    new Uint32Array(count),
  );
  const order = identityOrder(count);
  for (let last = count - 1; last > 0; last--) {
    const pick = Math.floor((words[last] ?? 0) * (last + 1) / 2 ** 32);
    const moved = order[last] ?? 0;
    order[last] = order[pick] ?? 0;
    order[pick] = moved;
  }
  return order;
}

/** 0, 1, … count - 1: the order in which evaluation visits examples. */
export function identityOrder(count: number): Uint32Array {
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  return order;
}

/** Key of the dropout masks after hidden layer `layer`, counted from 0. */
export function dropoutKey(
  { seed, replicate }: Replicate,
  layer: number,
): RandomKey {
  return [seed, replicate, Purpose.dropout, layer];
}

/** The first `count` words of a mask; see `DropoutAttrs`. */
export function dropoutWords(
  key: RandomKey,
  { step, epoch }: MaskPosition,
  count: number,
): Uint32Array {
  return fillThreefry4x32(key, [0, step, epoch, 0], new Uint32Array(count));
}

/** An element is dropped if its word is below this; 0 to 2**32, exactly. */
export function dropThreshold(rate: number): number {
  return Math.floor(rate * 2 ** 32);
}

/**
 * The factors that every backend's Dropout kernel multiplies by: `count`
 * numbers, 0 where dropped and 1 / (1 - rate) where kept.
 */
export function dropoutMask(
  key: RandomKey,
  position: MaskPosition,
  rate: number,
  count: number,
): Float32Array {
  const mask = new Float32Array(count);
  if (rate >= 1) return mask;
  if (rate <= 0) return mask.fill(1);
  const threshold = dropThreshold(rate);
  const scale = 1 / (1 - rate);
  const words = dropoutWords(key, position, count);
  for (let i = 0; i < count; i++) {
    mask[i] = (words[i] ?? 0) < threshold ? 0 : scale;
  }
  return mask;
}
