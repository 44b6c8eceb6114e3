import { TrialSpec } from "../protocol/study.ts";
import type { BackendName, EpochMetrics } from "../protocol/training.ts";
import type { StepProgress } from "../worker/trainer/trainer_api.ts";
import { exampleData } from "../worker/training/example_data.ts";
import type { TrainHooks } from "../worker/training/train.ts";

/** Helpers for the tests of `train.ts`. */

/** 2600 and 1100: the last batch of evaluation is smaller too. */
export const data = exampleData({
  classes: 4,
  size: 20,
  train: 2600,
  test: 1100,
});

export interface SpecOptions {
  readonly rates?: readonly [number, number];
  readonly recipe?: Record<string, unknown>;
  readonly replicate?: number;
}

/** A small trial. */
export function spec(
  { rates = [0.2, 0.5], recipe = {}, replicate = 0 }: SpecOptions = {},
): TrialSpec {
  return TrialSpec.parse({
    trialId: "example",
    studyId: "example",
    params: { dropout1: rates[0], dropout2: rates[1] },
    replicate,
    seed: 11,
    recipe: {
      network: "fused",
      hiddenSizes: [12, 9],
      epochs: 3,
      batchSize: 128,
      learningRate: 0.2,
      weightStd: 0.3,
      dropout1: rates[0],
      dropout2: rates[1],
      ...recipe,
    },
  });
}

/** Hooks with a clock that advances by `tick` milliseconds at each reading. */
export function hooks(options: {
  readonly backend?: BackendName;
  readonly tick?: number;
  readonly stopAfterPauses?: number;
} = {}) {
  const { backend = "cpu", tick = 0, stopAfterPauses = Infinity } = options;
  const epochs: EpochMetrics[] = [];
  const progress: StepProgress[] = [];
  let now = 0;
  let pauses = 0;
  return {
    backend,
    backendDetail: "test",
    now: () => (now += tick),
    onEpoch: (metrics) => epochs.push(metrics),
    onProgress: (step) => progress.push(step),
    isStopped: () => pauses >= stopAfterPauses,
    pause: () => {
      pauses++;
      return Promise.resolve();
    },
    epochs,
    progress,
    pauses: () => pauses,
  } satisfies TrainHooks & Record<string, unknown>;
}
