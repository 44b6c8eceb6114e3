import * as tf from "@tensorflow/tfjs";
import type { TrialSpec } from "../../coordinator/protocol/study.ts";
import {
  type BackendName,
  d2lChecks,
  type EpochMetrics,
  type TrialResult,
} from "../../coordinator/protocol/training.ts";
import type { Dataset, LabelledImages } from "../data/dataset.ts";
import { batchOrder, identityOrder } from "../random/draws.ts";
import type { StepProgress } from "../trainer_api.ts";
import { createNetwork } from "./create_network.ts";
import { checkFigures, readBack, verifyDevice } from "./device.ts";
import { packWeights } from "./final_weights.ts";
import type { Network } from "./network.ts";
import { trainStep } from "./network.ts";
import { gatherImages, gatherLabels } from "./ops.ts";

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

/** Milliseconds of training between two pauses. */
const PAUSE_EVERY = 100;

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
  const start = hooks.now();
  checkData(data);
  if (tf.getBackend() !== hooks.backend) {
    throw new Error(
      `train: the current backend is not ${hooks.backend}: ${tf.getBackend()}`,
    );
  }
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
  const run = passRunner(hooks);

  for (let epoch = 0; epoch < recipe.epochs; epoch++) {
    const start = hooks.now();
    const progress = (step: number) =>
      hooks.onProgress({ epoch: epoch + 1, step, steps });

    const running = await run({
      examples: train,
      order: batchOrder(replicate, epoch, train.images.count),
      batchSize: recipe.batchSize,
      onPause: progress,
      batch: (images, labels, step) =>
        trainStep(
          network,
          images,
          labels,
          { epoch, step },
          recipe.learningRate,
        ),
    });
    if (running.kind !== "finished") return { kind: running.kind, epochs };

    const evaluation = {
      batchSize: EVALUATION_BATCH,
      onPause: () => progress(steps),
      batch: network.evaluate,
    };
    const onTrain = await run({
      examples: train,
      order: trainInOrder,
      ...evaluation,
    });
    if (onTrain.kind !== "finished") return { kind: onTrain.kind, epochs };
    const onTest = await run({
      examples: test,
      order: testInOrder,
      ...evaluation,
    });
    if (onTest.kind !== "finished") return { kind: onTest.kind, epochs };

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

/** One pass over a set of examples. */
interface Pass {
  readonly examples: LabelledImages;
  readonly order: Uint32Array;
  readonly batchSize: number;
  /** @returns [2]: sum of the losses, number of right answers */
  batch(images: tf.Tensor2D, labels: tf.Tensor1D, step: number): tf.Tensor1D;
  /** Called before a pause with the steps done. */
  onPause(step: number): void;
}

type PassOutcome =
  | {
    readonly kind: "finished";
    /** Mean over the examples, in nats. */
    readonly loss: number;
    readonly accuracy: number;
  }
  | { readonly kind: "diverged" | "stopped" };

/** @returns a function that runs one pass, pausing as the clock says */
function passRunner(hooks: TrainHooks): (pass: Pass) => Promise<PassOutcome> {
  let lastPause = hooks.now();

  return async ({ examples, order, batchSize, batch, onPause }) => {
    const count = order.length;
    const steps = Math.ceil(count / batchSize);
    // Summed on the device: reading each step's figures back would make a GPU
    // wait. In float32 the sum of losses of 60,000 examples is off by about
    // 1e-6 of itself; counts are exact up to 2**24.
    let sums: tf.Tensor1D = tf.zeros([2]);
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

        if (hooks.now() - lastPause < PAUSE_EVERY) continue;
        // Reading waits for a GPU to catch up, so that steps reported are
        // steps done and its queue stays short.
        const soFar = await readSums(sums, begin + size);
        if (!soFar.finite) return { kind: "diverged" };
        onPause(step + 1);
        await hooks.pause();
        if (hooks.isStopped()) return { kind: "stopped" };
        lastPause = hooks.now();
      }
      const { loss, right, finite } = await readSums(sums, count);
      if (!finite) return { kind: "diverged" };
      // A loss of zero may come out of a GPU's logarithm as -1e-8.
      return {
        kind: "finished",
        loss: Math.max(0, loss / count),
        accuracy: right / count,
      };
    } finally {
      sums.dispose();
    }
  };
}

/**
 * @param count examples that the sums are of
 * @throws DeviceError when the figures are the device's and not the network's
 */
async function readSums(
  sums: tf.Tensor1D,
  count: number,
): Promise<{ loss: number; right: number; finite: boolean }> {
  const [loss = NaN, right = NaN] = await readBack(sums);
  const finite = Number.isFinite(loss);
  if (finite) checkFigures({ loss, right, count });
  else await verifyDevice();
  return { loss, right, finite };
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
