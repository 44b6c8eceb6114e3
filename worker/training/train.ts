import * as tf from "@tensorflow/tfjs";
import type { TrialSpec } from "../../protocol/study.ts";
import {
  type BackendName,
  d2lChecks,
  type EpochMetrics,
  type TrialResult,
} from "../../protocol/training.ts";
import type { Dataset, LabelledImages } from "../data/dataset.ts";
import { batchOrder, identityOrder } from "../random/draws.ts";
import { EVALUATION_BATCH, type StepProgress } from "../trainer/trainer_api.ts";
import {
  causeOf,
  checkFigures,
  finishQueued,
  readBack,
  verifyDevice,
} from "./device.ts";
import { packWeights } from "./evaluation.ts";
import {
  type Network,
  type Nothing,
  type RecipeOf,
  trainStep,
} from "./network.ts";
import { createNetwork } from "./networks.ts";
import { gatherImages, gatherLabels } from "./kernels.ts";
import { createPace, type Pace } from "./pace.ts";

/** Functions and values that training needs from its thread. */
export interface TrainHooks {
  /** The current backend of tfjs, with the swarm's kernels registered. */
  readonly backend: BackendName;
  /** The backend's description of itself; becomes part of the result. */
  readonly backendDetail?: string;
  /** Milliseconds on a clock that never goes back. */
  now(): number;
  /** Called after each epoch. */
  onEpoch(metrics: EpochMetrics): void;
  /** Receives the final weights of a trained trial, from `packWeights`. */
  onWeights?(weights: ArrayBuffer): void;
  /** Called about ten times a second. */
  onProgress(progress: StepProgress): void;
  /** Whether to stop the trial; called about ten times a second. */
  isStopped(): boolean;
  /** Lets the thread's other work run: messages, timers. */
  pause(): Promise<void>;
}

/**
 * Trains one trial like the seed study: plain SGD on softmax cross-entropy,
 * examples shuffled in each epoch, with a smaller last batch.
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
  const network = networkOf(spec, data);
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

function networkOf(
  { recipe, ...replicate }: TrialSpec,
  { train, classes }: Dataset,
): Network {
  const heeded: RecipeOf<"network"> = recipe;
  const { network, hiddenSizes, weightStd, dropout1, dropout2, ...rest } =
    heeded;
  rest satisfies Nothing;
  return createNetwork(network, {
    sizes: [train.images.size, ...hiddenSizes, classes],
    rates: [dropout1, dropout2],
    replicate,
    weightStd,
  });
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
  const heeded: RecipeOf<"loop"> = recipe;
  const { epochs: most, batchSize, ...rest } = heeded;
  rest satisfies Nothing;
  const epochs: EpochMetrics[] = [];
  const trainInOrder = identityOrder(train.images.count);
  const testInOrder = identityOrder(test.images.count);
  const steps = Math.ceil(train.images.count / batchSize);
  const pace = createPace({
    now: hooks.now,
    pause: hooks.pause,
    finished: finishQueued,
  });

  for (let epoch = 0; epoch < most; epoch++) {
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
        batchSize,
        batch: (images, labels, step) =>
          trainStep(network, images, labels, { epoch, step }, recipe),
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
      // The only time that the epoch reads from the device.
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

/** One pass over a set of examples. */
export interface Pass {
  readonly examples: LabelledImages;
  readonly order: Uint32Array;
  readonly batchSize: number;
  /** @returns [2]: sum of the losses, number of correct answers */
  batch(images: tf.Tensor2D, labels: tf.Tensor1D, step: number): tf.Tensor1D;
  /** Called about ten times a second with the number of steps done. */
  onProgress(step: number): void;
}

/** Figures of a pass. */
export interface PassFigures {
  /** Mean over the examples, in nats. */
  readonly loss: number;
  readonly accuracy: number;
}

/**
 * Runs one pass. Its sums stay on the device, because reading them back after
 * each step would make a GPU wait. In float32 the sum of 60,000 losses has a
 * relative error of about 1e-6; counts are exact up to 2**24.
 *
 * @returns [2], which the caller must dispose of: sum of the losses, number of
 * correct answers; null if it was stopped
 */
export async function runPass(
  { examples, order, batchSize, batch, onProgress }: Pass,
  pace: Pace,
  isStopped: () => boolean,
): Promise<tf.Tensor1D | null> {
  const count = order.length;
  const steps = Math.ceil(count / batchSize);
  let sums: tf.Tensor1D = tf.zeros([2]);
  let kept = false;
  try {
    for (let step = 0; step < steps; step++) {
      const begin = step * batchSize;
      const size = Math.min(batchSize, count - begin);
      const before = sums;
      sums = tf.tidy(() => {
        const images = gatherImages(examples.images, order, begin, size);
        const labels = gatherLabels(examples.labels, order, begin, size);
        return tf.add(before, batch(images, labels, step));
      });
      before.dispose();

      const pause = pace.step(() => onProgress(step + 1));
      if (pause === null) continue;
      await pause;
      if (isStopped()) return null;
    }
    kept = true;
    return sums;
  } finally {
    if (!kept) sums.dispose();
  }
}

/**
 * Reads the sums of passes back from the device, all at once.
 *
 * @param counts number of examples of each sum
 * @returns null if one is not finite: the network diverged
 * @throws {DeviceError} if the figures come from a faulty device
 */
export async function readFigures(
  sums: readonly tf.Tensor1D[],
  counts: readonly number[],
): Promise<PassFigures[] | null> {
  const all = tf.concat1d([...sums]);
  let values: Float32Array;
  try {
    values = await readBack(all);
  } finally {
    all.dispose();
  }
  const read = counts.map((count, i) => {
    const [loss = NaN, right = NaN] = values.subarray(2 * i);
    return { loss, right, count };
  });
  if (!read.every(({ loss }) => Number.isFinite(loss))) {
    await verifyDevice();
    return null;
  }
  return read.map((figures) => {
    checkFigures(figures);
    const { loss, right, count } = figures;
    // A GPU's logarithm may turn a loss of zero into -1e-8.
    return { loss: Math.max(0, loss / count), accuracy: right / count };
  });
}
