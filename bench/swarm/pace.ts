import type { TrialSpec } from "../../protocol/study.ts";
import {
  d2lChecks,
  type EpochMetrics,
  type TrialResult,
} from "../../protocol/training.ts";

/** Shortest and longest time of a trial, in seconds. */
export interface TrialDuration {
  readonly shortest: number;
  readonly longest: number;
}

/** Any number of its multiples, modulo 1, fill the interval evenly. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * Seconds a trial for volunteer `index`: spread evenly on a logarithmic scale
 * from a fast desktop to a slow phone, the same in each run.
 */
export function secondsPerTrial(index: number, pace: TrialDuration): number {
  const share = (index * GOLDEN) % 1;
  return pace.shortest * (pace.longest / pace.shortest) ** share;
}

/** Figures that pass the coordinator's checks. */
export function metricsOfEpoch(epoch: number, seconds: number): EpochMetrics {
  const trainLoss = 0.3 + 0.9 / epoch;
  const testLoss = 0.35 + 0.8 / epoch;
  return {
    epoch,
    trainLoss,
    trainAccuracy: 0.9 - 0.4 / epoch,
    trainLossDropoutOff: trainLoss - 0.02,
    testLoss,
    testAccuracy: 0.88 - 0.35 / epoch,
    seconds,
  };
}

/** A whole trial's result with such figures. */
export function resultOf(
  { recipe }: TrialSpec,
  secondsPerEpoch: number,
): TrialResult {
  const epochs = Array.from(
    { length: recipe.epochs },
    (_, i) => metricsOfEpoch(i + 1, secondsPerEpoch),
  );
  const [last = metricsOfEpoch(1, secondsPerEpoch)] = epochs.slice(-1);
  return {
    outcome: "trained",
    epochs,
    backend: "simd",
    seconds: secondsPerEpoch * recipe.epochs,
    checks: d2lChecks(last),
  };
}
