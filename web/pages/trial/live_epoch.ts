import type { EpochMetrics } from "../../../protocol/training.ts";
import type { TrialView } from "../../../protocol/views.ts";

/** Adds a reported epoch; only the first report of an epoch counts. */
export function withEpoch(
  epochs: readonly EpochMetrics[],
  metrics: EpochMetrics,
): EpochMetrics[] {
  if (epochs.some(({ epoch }) => epoch === metrics.epoch)) return [...epochs];
  return [...epochs, metrics].toSorted((a, b) => a.epoch - b.epoch);
}

/** A trial with a new report of its running attempt. */
export function withReport(trial: TrialView, metrics: EpochMetrics): TrialView {
  const running = trial.attempts.findLast((a) => a.state === "running");
  if (running === undefined) return trial;
  const epochs = withEpoch(running.epochs, metrics);
  return {
    ...trial,
    epochsDone: epochs.length,
    attempts: trial.attempts.map((attempt) =>
      attempt === running ? { ...attempt, epochs } : attempt
    ),
  };
}

/**
 * A figure by epoch, for a line from epoch 1. It ends at the first missing
 * report; the finished trial will have all of them.
 */
export function lineOf(
  epochs: readonly EpochMetrics[],
  metric: keyof EpochMetrics,
): number[] {
  const gap = epochs.findIndex(({ epoch }, i) => epoch !== i + 1);
  return (gap < 0 ? epochs : epochs.slice(0, gap))
    .map((metrics) => metrics[metric]);
}
