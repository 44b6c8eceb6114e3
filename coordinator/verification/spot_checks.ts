import {
  epochFigures,
  type EpochMetrics,
  type TrialResult,
} from "../../protocol/training.ts";
import type { RecomputedFigures } from "../lease/trial.ts";
import type { Trust } from "../storage/storage.ts";
import type { Repetition, TrainedOn } from "./verifier_api.ts";

/**
 * Decides when a result's training is repeated, for how many epochs, and which
 * differences are allowed. Weights prove only their own test figures; only a
 * repeated training can show that they were trained at this grid point with the
 * replicate's key. Pure: random numbers are arguments.
 */

/** Minimum share of results that are checked, even with a long record. */
const LEAST_SHARE = 0.05;

/** True results in a row, all checked, that are needed after a false one. */
const PROBATION = 10;

/** Share of later checks that repeat the whole trial, not one epoch. */
const WHOLE_SHARE = 0.25;

/**
 * The probability that a worker's next result on a backend is checked: 1 for
 * the first result, then lower after each true result, but never 0.
 */
export function checkProbability({ accepted, lies }: Trust): number {
  const record = Math.max(0, accepted - PROBATION * lies);
  return Math.max(LEAST_SHARE, 1 / (1 + record));
}

/**
 * Number of first epochs to repeat; 0: this result is not checked. The whole
 * trial is repeated for a new worker, after a false result, and sometimes
 * later, because only the first epoch of a false result may be honest. If the
 * backends differ, only one epoch is repeated: after more epochs honest results
 * differ too much.
 *
 * @param same Whether an honest repetition gives the same bits.
 * @param chances Two unpredictable numbers, uniform in [0, 1).
 */
export function epochsToRepeat(
  trust: Trust,
  epochs: number,
  same: boolean,
  [whether, howFar]: readonly [number, number],
): number {
  const probability = checkProbability(trust);
  if (whether >= probability) return 0;
  return same && (probability === 1 || howFar < WHOLE_SHARE) ? epochs : 1;
}

/**
 * Whether two trainings of one trial give the same bits: true for our own
 * kernels, whose description includes the processor's rounding, the only
 * difference between devices.
 */
export function sameBits(a: TrainedOn, b: TrainedOn): boolean {
  return a.backend === "simd" && b.backend === "simd" &&
    a.backendDetail === b.backendDetail;
}

/** Allowed differences between an honest epoch and its repetition. */
export type Drift = Readonly<Record<typeof epochFigures[number], number>>;

/**
 * For the first epoch on different backends: about five times the measured
 * differences, see docs/verification.md. Backends add in different orders, and
 * each training step amplifies the differences. Figures that are averaged over
 * an epoch differ least.
 */
export const FIRST_EPOCH_DRIFT: Drift = {
  trainLoss: 0.01,
  trainAccuracy: 0.012,
  trainLossDropoutOff: 0.1,
  testLoss: 0.1,
  testAccuracy: 0.05,
};

/** For equal bits, after conversion to decimal and back. */
export const NO_DRIFT: Drift = {
  trainLoss: 1e-9,
  trainAccuracy: 1e-9,
  trainLossDropoutOff: 1e-9,
  testLoss: 1e-9,
  testAccuracy: 1e-9,
};

/**
 * Differences between a worker's epochs and their repetition, as sentences;
 * empty if they agree.
 */
export function compareRepetition(
  claimed: readonly EpochMetrics[],
  { outcome, epochs }: Repetition,
  allowed: Drift,
): string[] {
  if (outcome === "diverged" && epochs.length < claimed.length) {
    return [
      `the repeated trial diverged after ${epochs.length} epochs`,
    ];
  }
  return epochs.flatMap((repeated, i) => {
    const claim = claimed[i];
    if (claim === undefined) return [];
    return epochFigures.filter((name) =>
      !(Math.abs(claim[name] - repeated[name]) <= allowed[name])
    ).map((name) =>
      `epoch ${repeated.epoch}: ${name} is given as ${claim[name]}, but ` +
      `the repeated training gave ${repeated[name]}`
    );
  });
}

/**
 * Allowed differences between a worker's last test figures and those that the
 * coordinator computes from the same weights. Backends add in different orders:
 * measured differences are below 1e-6 in loss and 0 in accuracy, see
 * docs/verification.md. The coordinator's figures are published, so a false
 * figure within the tolerance has no effect.
 */
export const RECOMPUTE_TOLERANCE = {
  /** Relative to the larger of the loss and 1. */
  loss: 1e-3,
  /** A share of the test set. */
  accuracy: 5e-4,
  /** Correct answers that may differ on a test set of any size. */
  answers: 1,
} as const;

/**
 * Differences between a trained result and the figures of its weights, as
 * sentences; empty if they agree.
 *
 * @param testExamples Size of the test set.
 */
export function compareFigures(
  result: TrialResult,
  recomputed: RecomputedFigures,
  testExamples: number,
): string[] {
  const last = result.epochs.at(-1);
  if (last === undefined) return ["a result with weights has no epoch"];
  const { testLoss, testAccuracy } = recomputed;
  if (!Number.isFinite(testLoss)) {
    return ["the weights give no finite loss"];
  }
  const { loss, accuracy, answers } = RECOMPUTE_TOLERANCE;
  const problems: string[] = [];
  if (Math.abs(last.testLoss - testLoss) > loss * Math.max(1, testLoss)) {
    problems.push(
      `testLoss is given as ${last.testLoss} but the weights give ${testLoss}`,
    );
  }
  const allowed = Math.max(accuracy, (answers + 0.5) / testExamples);
  if (Math.abs(last.testAccuracy - testAccuracy) > allowed) {
    problems.push(
      `testAccuracy is given as ${last.testAccuracy} but the weights give ` +
        `${testAccuracy}`,
    );
  }
  return problems;
}
