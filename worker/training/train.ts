import * as tf from "@tensorflow/tfjs";
import type { TrialSpec } from "../../coordinator/protocol/study.ts";
import {
  type BackendName,
  d2lChecks,
  type EpochMetrics,
  type TrialResult,
} from "../../coordinator/protocol/training.ts";
import type { Dataset } from "../data/dataset.ts";
import { batchOrder, identityOrder } from "../random/draws.ts";
import type { StepProgress } from "../trainer_api.ts";
import { createNetwork } from "./create_network.ts";
import { causeOf, finishQueued } from "./device.ts";
import { packWeights } from "./final_weights.ts";
import type { Network } from "./network.ts";
import { trainStep } from "./network.ts";
import { createPace } from "./pace.ts";
import { type Pass, type PassFigures, readFigures, runPass } from "./passes.ts";

/** What training needs from the thread that it runs in. */
export interface TrainHooks {
  /** The current backend of tfjs, with the swarm's kernels registered. */
  readonly backend: BackendName;
  /** What the backend says of itself; goes into the result. */
  readonly backendDetail?: string;
  /** Milliseconds on a clock that never goes back. */
  now(): number;
  /** Called after each epoch. */
  onEpoch(metrics: EpochMetrics): void;
  /** Given a trained trial's final weights, as `packWeights` lays them out. */
  onWeights?(weights: ArrayBuffer): void;
  /** Called about ten times a second. */
  onProgress(progress: StepProgress): void;
  /** Whether to give the trial up; asked about ten times a second. */
  isStopped(): boolean;
  /** Lets the thread's other work run: messages, timers. */
  pause(): Promise<void>;
}

/** Examples in a batch of an evaluation; no result depends on it. */
const EVALUATION_BATCH = 1000;

/**
 * Trains one trial as the seed study does: plain SGD on softmax cross-entropy,
 * examples shuffled each epoch, a short last batch kept.
 *
 * @returns the trial's result, or null if it was stopped
 * @throws RangeError if the data do not fit the network, Error if `backend` is
 * not the current one, DeviceError if its device is lost or computes wrongly
 */
export async function trainTrial(
  spec: TrialSpec,
  data: Dataset,
  hooks: TrainHooks,
): Promise<TrialResult | null> {
  checkData(data);
  if (tf.getBackend() !== hooks.backend) {
    throw new Error(
      `train: the current backend is not ${hooks.backend}: ${tf.getBackend()}`,
    );
  }
  try {
    return await trainNetwork(spec, data, hooks);
  } catch (error) {
    throw await causeOf(error);
  }
}

async function trainNetwork(
  spec: TrialSpec,
  data: Dataset,
  hooks: TrainHooks,
): Promise<TrialResult | null> {
  const start = hooks.now();
  const network = createNetwork(spec.recipe.network, {
    sizes: [data.train.images.size, ...spec.recipe.hiddenSizes, data.classes],
    rates: [spec.params.dropout1, spec.params.dropout2],
    replicate: spec,
    weightStd: spec.recipe.weightStd,
  });
  try {
    const outcome = await trainEpochs(spec, data, network, hooks);
    if (outcome.kind === "stopped") return null;
    const base = {
      epochs: outcome.epochs,
      backend: hooks.backend,
      ...(hooks.backendDetail !== undefined &&
        { backendDetail: hooks.backendDetail }),
      seconds: seconds(start, hooks.now()),
    };
    const final = outcome.epochs.at(-1);
    if (outcome.kind === "diverged" || final === undefined) {
      return {
        outcome: "diverged",
        ...base,
        divergedAtEpoch: outcome.epochs.length + 1,
      };
    }
    hooks.onWeights?.(await packWeights(network));
    return { outcome: "trained", ...base, checks: d2lChecks(final) };
  } finally {
    network.dispose();
  }
}

interface EpochsOutcome {
  readonly kind: "trained" | "diverged" | "stopped";
  readonly epochs: EpochMetrics[];
}

async function trainEpochs(
  { recipe, ...replicate }: TrialSpec,
  { train, test }: Dataset,
  network: Network,
  hooks: TrainHooks,
): Promise<EpochsOutcome> {
  const epochs: EpochMetrics[] = [];
  const trainInOrder = identityOrder(train.images.count);
  const testInOrder = identityOrder(test.images.count);
  const steps = Math.ceil(train.images.count / recipe.batchSize);
  const pace = createPace({
    now: hooks.now,
    pause: hooks.pause,
    finished: finishQueued,
  });

  for (let epoch = 0; epoch < recipe.epochs; epoch++) {
    const start = hooks.now();
    const progress = (step: number) =>
      hooks.onProgress({ epoch: epoch + 1, step, steps });
    const evaluation = {
      batchSize: EVALUATION_BATCH,
      batch: network.evaluate,
      onProgress: () => progress(steps),
    };
    const passes: readonly Pass[] = [
      {
        examples: train,
        order: batchOrder(replicate, epoch, train.images.count),
        batchSize: recipe.batchSize,
        batch: (images, labels, step) =>
          trainStep(
            network,
            images,
            labels,
            { epoch, step },
            recipe.learningRate,
          ),
        onProgress: progress,
      },
      { examples: train, order: trainInOrder, ...evaluation },
      { examples: test, order: testInOrder, ...evaluation },
    ];
    const sums: tf.Tensor1D[] = [];
    let figures: PassFigures[] | null;
    try {
      for (const pass of passes) {
        const sum = await runPass(pass, pace, hooks.isStopped);
        if (sum === null) return { kind: "stopped", epochs };
        sums.push(sum);
      }
      // The epoch's one reading back.
      figures = await readFigures(
        sums,
        passes.map(({ order }) => order.length),
      );
      pace.caughtUp();
    } finally {
      tf.dispose(sums);
    }
    const [running, onTrain, onTest] = figures ?? [];
    if (!running || !onTrain || !onTest) return { kind: "diverged", epochs };

    const metrics: EpochMetrics = {
      epoch: epoch + 1,
      trainLoss: running.loss,
      trainAccuracy: running.accuracy,
      trainLossDropoutOff: onTrain.loss,
      testLoss: onTest.loss,
      testAccuracy: onTest.accuracy,
      seconds: seconds(start, hooks.now()),
    };
    epochs.push(metrics);
    hooks.onEpoch(metrics);
  }
  return { kind: "trained", epochs };
}

function checkData({ train, test, name }: Dataset): void {
  if (train.images.count === 0 || test.images.count === 0) {
    throw new RangeError(`train: the data set has no images: ${name}`);
  }
  if (train.images.size !== test.images.size) {
    throw new RangeError(
      `train: training and test images differ in size: ${train.images.size} ` +
        `and ${test.images.size} pixels`,
    );
  }
}

function seconds(from: number, to: number): number {
  return Math.max(0, to - from) / 1000;
}
