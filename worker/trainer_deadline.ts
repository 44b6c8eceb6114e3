import type { Recipe } from "../coordinator/protocol/study.ts";
import { MEASURED_STEP } from "./trainer_api.ts";

/** Calls a function again and again until told not to. */
export type Repeat = (
  action: () => void,
  milliseconds: number,
) => () => void;

const repeatInTime: Repeat = (action, milliseconds) => {
  const timer = setInterval(action, milliseconds);
  return () => clearInterval(timer);
};

/** A time limit that can be put off. */
export interface Deadline {
  /** Rejects when the time is over; never resolves. */
  readonly passed: Promise<never>;
  /** Starts the time anew, with as many seconds or as before. */
  postpone(seconds?: number): void;
  cancel(): void;
}

/** Parts of a deadline that are counted one by one. */
const PARTS = 10;

/**
 * A deadline that counts time in parts: a laptop that sleeps for a night
 * misses one part, not the deadline.
 */
export function startDeadline(
  seconds: number,
  error: () => Error,
  repeat: Repeat = repeatInTime,
): Deadline {
  const { promise, reject } = Promise.withResolvers<never>();
  // Who does not wait any more does not care.
  promise.catch(() => {});
  let left = PARTS;
  const begin = (seconds: number) =>
    repeat(() => {
      left--;
      if (left > 0) return;
      cancel();
      reject(error());
    }, seconds * 1000 / PARTS);
  let cancel = begin(seconds);
  return {
    passed: promise,
    postpone(seconds) {
      left = PARTS;
      if (seconds === undefined) return;
      cancel();
      cancel = begin(seconds);
    },
    cancel: () => cancel(),
  };
}

/** Examples that an evaluation takes in one go, at least. */
const EVALUATION_BATCH = 1000;
/** What the slower networks may cost, as a multiple of the fused one. */
const SLOWER_NETWORK = 10;

/**
 * An upper estimate of the milliseconds between two signs of life of a thread
 * that trains `recipe` on images of `pixels`, by the step that was measured.
 */
export function longestStep(
  { hiddenSizes, batchSize, network }: Recipe,
  { pixels, classes }: { pixels: number; classes: number },
  stepMilliseconds: number,
): number {
  const work = ([first, second]: readonly [number, number]) =>
    pixels * first + first * second + second * classes;
  const size = work(hiddenSizes) / work(MEASURED_STEP.hiddenSizes);
  const batch = Math.max(batchSize, EVALUATION_BATCH) / MEASURED_STEP.batchSize;
  const slower = network === "fused" ? 1 : SLOWER_NETWORK;
  return stepMilliseconds * Math.max(1, size) * batch * slower;
}
