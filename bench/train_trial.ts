import type { TrialSpec } from "../protocol/study.ts";
import type { TrainerThread } from "../worker/trainer/trainer.ts";
import type { TrainedTrial } from "../worker/trainer/trainer_api.ts";

/** Trains a trial to its end, without progress reports. */
export async function trainTrial(
  trainer: TrainerThread,
  spec: TrialSpec,
): Promise<TrainedTrial> {
  const trained = await trainer.train(
    spec,
    { onEpoch: () => {}, onProgress: () => {} },
    new AbortController().signal,
  );
  if (trained !== null) return trained;
  throw new Error(`bench: the training stopped: ${spec.trialId}`);
}
