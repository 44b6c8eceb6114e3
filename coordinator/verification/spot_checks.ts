import type { EpochMetrics, TrialResult } from "../../protocol/training.ts";
import type { RecomputedFigures } from "../lease/trial.ts";
import type { Trust } from "../storage/storage.ts";
import type { Repetition, TrainedOn } from "./verifier_api.ts";

/**
 * When a result's training is repeated, how far, and what counts as the same.
 * Weights prove their own figures and no more: that they were trained at the
 * grid point, from the replicate's key, only training again can show. Pure:
 * chance arrives as numbers.
 */

/** However long a worker's record, so large a share of its results is checked. */
const LEAST_SHARE = 0.05;

/** Results that must be true, each of them checked, after a lie. */
const PROBATION = 10;

/** Share of the later checks that repeat the whole trial, not its first epoch. */
const WHOLE_SHARE = 0.25;

/**
 * The chance with which a worker's next result on a backend is checked: always
 * for the first, then less with each result that was true, never nothing.
 */
export function checkProbability({ accepted, lies }: Trust): number {
  const record = Math.max(0, accepted - PROBATION * lies);
  return Math.max(LEAST_SHARE, 1 / (1 + record));
}

/**
 * First epochs to repeat; 0: this result is not checked. The whole trial where
 * nothing or something false is known of the worker and now and then later, for
 * a liar may begin as it should and go on as it likes; but one epoch where
 * backends differ, for after more they have drifted too far apart to tell.
 *
 * @param same Whether the repetition will have the same bits if all is well.
 * @param chances Two numbers, uniform in [0, 1), that nobody can foresee.
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
 * Whether two trainings of one trial come to the same bits: with our own
 * kernels, which say how the processor rounds, and leave nothing else to it.
 */
export function sameBits(a: TrainedOn, b: TrainedOn): boolean {
  return a.backend === "simd" && b.backend === "simd" &&
    a.backendDetail === b.backendDetail;
}

/** Figures of an epoch that are compared. */
const figures = [
  "trainLoss",
  "trainAccuracy",
  "trainLossDropoutOff",
  "testLoss",
  "testAccuracy",
] as const;

/** How far an honest epoch's figure may lie from its repetition's. */
export type Drift = Readonly<Record<typeof figures[number], number>>;

/**
 * Of the first epoch between backends: some five times what was measured, see
 * docs/verification.md. They add in different orders, training makes more of
 * each difference with every step, and figures of moving weights, averaged over
 * an epoch, drift least.
 */
export const FIRST_EPOCH_DRIFT: Drift = {
  trainLoss: 0.01,
  trainAccuracy: 0.012,
  trainLossDropoutOff: 0.1,
  testLoss: 0.1,
  testAccuracy: 0.05,
};

/** Of the same bits, written and read as decimals. */
export const NO_DRIFT: Drift = {
  trainLoss: 1e-9,
  trainAccuracy: 1e-9,
  trainLossDropoutOff: 1e-9,
  testLoss: 1e-9,
  testAccuracy: 1e-9,
};

/**
 * What tells a worker's epochs from their repetition, in sentences; nothing:
 * they are of the same training.
 */
export function compareRepetition(
  claimed: readonly EpochMetrics[],
  { outcome, epochs }: Repetition,
  allowed: Drift,
): string[] {
  if (outcome === "diverged" && epochs.length < claimed.length) {
    return [
      `the trial was repeated and diverged after ${epochs.length} epochs`,
    ];
  }
  return epochs.flatMap((repeated, i) => {
    const claim = claimed[i];
    if (claim === undefined) return [];
    return figures.filter((name) =>
      !(Math.abs(claim[name] - repeated[name]) <= allowed[name])
    ).map((name) =>
      `epoch ${repeated.epoch}: ${name} is given as ${claim[name]} and came ` +
      `to ${repeated[name]} when the training was repeated`
    );
  });
}

/**
 * How far a worker's last test figures may lie from those that the coordinator
 * computes from the same weights. Backends add in different orders: measured
 * differences are below 1e-6 in loss and none in accuracy, see
 * docs/verification.md. What is published is the coordinator's figure, so a lie
 * within the tolerance gains nothing.
 */
export const RECOMPUTE_TOLERANCE = {
  /** Of the larger of the loss and 1. */
  loss: 1e-3,
  /** Share of the test set. */
  accuracy: 5e-4,
  /** Right answers that may differ on any test set, however small. */
  answers: 1,
} as const;

/**
 * What is wrong with a trained result by the figures that its weights yield,
 * in sentences; nothing: they are its weights' figures.
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
    return ["the weights yield no finite loss"];
  }
  const { loss, accuracy, answers } = RECOMPUTE_TOLERANCE;
  const problems: string[] = [];
  if (Math.abs(last.testLoss - testLoss) > loss * Math.max(1, testLoss)) {
    problems.push(
      `testLoss is given as ${last.testLoss} and the weights yield ${testLoss}`,
    );
  }
  const allowed = Math.max(accuracy, (answers + 0.5) / testExamples);
  if (Math.abs(last.testAccuracy - testAccuracy) > allowed) {
    problems.push(
      `testAccuracy is given as ${last.testAccuracy} and the weights yield ` +
        `${testAccuracy}`,
    );
  }
  return problems;
}
