import {
  dropoutKey,
  dropoutMask,
  type MaskPosition,
} from "../../../worker/random/draws.ts";

/**
 * The masks of the lesson. They are those of a real training, the first
 * replicate of a built-in study, in the order in which it draws them.
 */

/** The built-in studies have seed 0. */
const shownTrial = { seed: 0, replicate: 0 } as const;
const EPOCHS = 10;
/** 60,000 images in batches of 256; the last batch is smaller. */
const STEPS = 235;

/** Masks that a training draws after a hidden layer. */
export const MOST_DRAWS = EPOCHS * STEPS;

/** Units of each hidden layer. */
export const HIDDEN_UNITS = 256;

/** The tensor of the lesson: 0 … 15, shown as two rows of eight. */
export const inputTensor: readonly number[] = Array.from(
  { length: 16 },
  (_, i) => i,
);

/** Epoch and step of a draw; all three are counted from 0. */
export function positionOf(draw: number): MaskPosition {
  return { epoch: Math.floor(draw / STEPS), step: draw % STEPS };
}

/**
 * Factors of the first `count` outputs of hidden layer `layer` (0 or 1) at a
 * draw, for the batch's first image. A factor is 0 or 1 / (1 - rate).
 */
export function factorsAt(
  draw: number,
  layer: number,
  rate: number,
  count: number,
): Float32Array {
  return dropoutMask(
    dropoutKey(shownTrial, layer),
    positionOf(draw),
    rate,
    count,
  );
}

/** The input tensor after a dropout layer. */
export function outputAt(draw: number, rate: number): number[] {
  const factors = factorsAt(draw, 0, rate, inputTensor.length);
  return inputTensor.map((x, i) => x * (factors[i] ?? 0));
}

/** Means of each element's factor over the first draws. */
export interface RunningMeans {
  /** Numbers of draws, ascending; the last one counts all draws. */
  readonly draws: readonly number[];
  /** For each number of `draws`, the mean of each element. */
  readonly means: readonly (readonly number[])[];
}

/**
 * Running means of the factors over `draws` draws, at numbers of draws that
 * differ visibly on a logarithmic axis. They converge to 1 if E[h′] = h holds.
 */
export function runningMeans(rate: number, draws: number): RunningMeans {
  const sums = inputTensor.map(() => 0);
  const noted: number[] = [];
  const means: number[][] = [];
  let next = 1;
  for (let draw = 0; draw < draws; draw++) {
    factorsAt(draw, 0, rate, sums.length).forEach((factor, i) => {
      sums[i] = (sums[i] ?? 0) + factor;
    });
    const count = draw + 1;
    if (count < next && count < draws) continue;
    noted.push(count);
    means.push(sums.map((sum) => sum / count));
    next = count * 1.05;
  }
  return { draws: noted, means };
}

/** 95% of a normal distribution are within this many standard deviations. */
const Z95 = 1.96;

/**
 * Half the width of the interval around 1 that contains 95% of the means over
 * `draws` factors, in the normal approximation. The variance of one factor is
 * rate / (1 - rate).
 */
export function halfWidth(rate: number, draws: number): number {
  return Z95 * Math.sqrt(rate / (1 - rate) / draws);
}
