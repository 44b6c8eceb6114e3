import type { Curves, MetricName } from "../protocol/leaderboard.ts";
import { d2lChecks, type TrialResult } from "../protocol/training.ts";
import { moments } from "./statistics.ts";

/** What the analysis keeps of a trial's result. */
export interface TrialFigures {
  readonly diverged: boolean;
  /** NaN where the trial does not yield the metric; all NaN if it diverged. */
  readonly metrics: Readonly<Record<MetricName, number>>;
  /** All three of d2l's checks. */
  readonly passedChecks: boolean;
  /** d2l's check of the training loss alone. */
  readonly passedLossCheck: boolean;
  readonly curves: Curves;
}

/** d2l's limit of the final training loss, and our mark of a fast descent. */
export const HALF = 0.5;

const nothing: Readonly<Record<MetricName, number>> = {
  trainLoss: NaN,
  trainAccuracy: NaN,
  testAccuracy: NaN,
  testLoss: NaN,
  generalisationGap: NaN,
  trainLossDropoutOff: NaN,
  lossArea: NaN,
  epochsToHalf: NaN,
  testAccuracyFluctuation: NaN,
};

/**
 * Standard deviation of the changes of test accuracy from epoch to epoch that
 * end in the last half of the epochs; NaN with fewer than two such changes.
 */
function fluctuation(testAccuracy: readonly number[]): number {
  const from = Math.max(1, Math.floor(testAccuracy.length / 2));
  const changes: number[] = [];
  for (let i = from; i < testAccuracy.length; i++) {
    changes.push((testAccuracy[i] ?? NaN) - (testAccuracy[i - 1] ?? NaN));
  }
  return moments(changes).sd;
}

/** Works out the metrics of one trial from its epochs. */
export function trialFigures(result: TrialResult): TrialFigures {
  const { epochs } = result;
  const curves: Curves = {
    trainLoss: epochs.map(({ trainLoss }) => trainLoss),
    trainAccuracy: epochs.map(({ trainAccuracy }) => trainAccuracy),
    testAccuracy: epochs.map(({ testAccuracy }) => testAccuracy),
  };
  const last = epochs.at(-1);
  if (result.outcome === "diverged" || last === undefined) {
    return {
      diverged: result.outcome === "diverged",
      metrics: nothing,
      passedChecks: false,
      passedLossCheck: false,
      curves,
    };
  }
  const checks = d2lChecks(last);
  const half = curves.trainLoss.findIndex((loss) => loss <= HALF);
  return {
    diverged: false,
    metrics: {
      trainLoss: last.trainLoss,
      trainAccuracy: last.trainAccuracy,
      testAccuracy: last.testAccuracy,
      testLoss: last.testLoss,
      generalisationGap: last.testLoss - last.trainLossDropoutOff,
      trainLossDropoutOff: last.trainLossDropoutOff,
      lossArea: moments(curves.trainLoss).mean,
      epochsToHalf: half < 0 ? NaN : half + 1,
      testAccuracyFluctuation: fluctuation(curves.testAccuracy),
    },
    passedChecks: checks.trainLoss && checks.trainAccuracy &&
      checks.testAccuracy,
    passedLossCheck: checks.trainLoss,
    curves,
  };
}
