import * as z from "zod";
import type { Infer } from "./ids.ts";
import { strangersText } from "./untrusted_text.ts";

/** Thirty years: a sum of such times is a number yet. */
const MOST_SECONDS = 1e9;

/** Epochs of a trial at most. */
export const MOST_EPOCHS = 1000;

/** The figures of one finished epoch. Losses are mean cross-entropy in nats. */
export type EpochMetrics = Infer<typeof EpochMetrics>;
/** @internal */
export const EpochMetrics = z.strictObject({
  /** Counted from 1. */
  epoch: z.int().min(1),
  /** d2l's: running mean over the epoch, dropout on, weights moving. */
  trainLoss: z.number().nonnegative(),
  /** d2l's: running share of right answers, dropout on, weights moving. */
  trainAccuracy: z.number().min(0).max(1),
  /** Over the whole training set after the epoch, dropout off. */
  trainLossDropoutOff: z.number().nonnegative(),
  /** Over the test set after the epoch, dropout off. */
  testLoss: z.number().nonnegative(),
  testAccuracy: z.number().min(0).max(1),
  /** Time the epoch took, evaluation included. */
  seconds: z.number().nonnegative().max(MOST_SECONDS),
});

/** d2l's three checks at the end of training, as facts and not as crashes. */
export type D2lChecks = Infer<typeof D2lChecks>;
/** @internal */
export const D2lChecks = z.strictObject({
  /** Final training loss below 0.5. */
  trainLoss: z.boolean(),
  /** Final training accuracy in (0.7, 1]. */
  trainAccuracy: z.boolean(),
  /** Final test accuracy in (0.7, 1]. */
  testAccuracy: z.boolean(),
});

/**
 * Applies d2l's end-of-training checks.
 *
 * Source: `train_ch3` of Dive into Deep Learning, section 3.6.
 */
export function d2lChecks(
  final: Pick<EpochMetrics, "trainLoss" | "trainAccuracy" | "testAccuracy">,
): D2lChecks {
  return {
    trainLoss: final.trainLoss < 0.5,
    trainAccuracy: final.trainAccuracy > 0.7 && final.trainAccuracy <= 1,
    testAccuracy: final.testAccuracy > 0.7 && final.testAccuracy <= 1,
  };
}

/** The tfjs backends a trial can run on. */
export type BackendName = Infer<typeof BackendName>;
/** @internal */
export const BackendName = z.enum(["simd", "webgpu", "webgl", "wasm", "cpu"]);

const resultBase = {
  /** Every finished epoch, in order from 1. */
  epochs: z.array(EpochMetrics).max(MOST_EPOCHS),
  backend: BackendName,
  /** What the backend says of itself, e.g. `relaxed SIMD` or a GPU's name. */
  backendDetail: strangersText(200).optional(),
  /** Whole trial, from the first weight drawn to the last figure. */
  seconds: z.number().nonnegative().max(MOST_SECONDS),
};

/** What a trial came to. Diverging is a result, not an error. */
export type TrialResult = Infer<typeof TrialResult>;
/** @internal */
export const TrialResult = z.discriminatedUnion("outcome", [
  z.strictObject({
    outcome: z.literal("trained"),
    ...resultBase,
    checks: D2lChecks,
  }),
  z.strictObject({
    /** The loss stopped being finite: this point fails to learn. */
    outcome: z.literal("diverged"),
    ...resultBase,
    /** The epoch in which it happened, counted from 1. */
    divergedAtEpoch: z.int().min(1),
  }),
]);
