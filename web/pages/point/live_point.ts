import type { TrialId } from "../../../protocol/ids.ts";
import type { EpochMetrics } from "../../../protocol/training.ts";
import type { PointView } from "../../../protocol/views.ts";
import { withEpoch } from "../trial/live_epoch.ts";

/** A point with a new report of one of its running trials. */
export function withPointReport(
  point: PointView,
  { trialId, metrics }: {
    readonly trialId: TrialId;
    readonly metrics: EpochMetrics;
  },
): PointView {
  const trials = point.trials.map((trial) => {
    if (trial.trialId !== trialId || trial.state !== "leased") return trial;
    const epochs = withEpoch(trial.epochs, metrics);
    return { ...trial, epochs, epochsDone: epochs.length };
  });
  return { ...point, trials };
}
