import type { TrialResult } from "../protocol/training.ts";
import type { RecomputedFigures } from "../swarm/trial.ts";

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
