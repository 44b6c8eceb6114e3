import * as tf from "@tensorflow/tfjs";
import { SimdBackend } from "../../worker/backends/simd/simd_backend.ts";
import type { Dataset, LabelledImages } from "../../worker/data/dataset.ts";
import { batchOrder, identityOrder } from "../../worker/random/draws.ts";
import { Recipe } from "../../protocol/study.ts";
import { createFusedNetwork } from "../../worker/training/networks.ts";
import { type Network, trainStep } from "../../worker/training/network.ts";
import { gatherImages, gatherLabels } from "../../worker/training/kernels.ts";
import { profileSteps } from "./profile.ts";
import { createStockStep } from "./stock_network.ts";
import type { EpochTimes, Rates, Request, StepsDone } from "./requests.ts";

const BATCH = 256;
const EVALUATION_BATCH = 1000;
const RATE = 0.5;
const RECIPE = Recipe.parse({ learningRate: RATE });
const replicate = { seed: 0, replicate: 0 };

interface Trial {
  readonly network: Network;
  readonly stockStep?: ReturnType<typeof createStockStep>;
  epoch: number;
  step: number;
  order: Uint32Array;
}

/** `stock`: train with tfjs alone; only for `steps`. */
interface RunnerOptions {
  readonly stock: boolean;
}

/** Answers requests with tfjs's current backend. */
export function createRunner(
  { train, test, classes }: Dataset,
  { stock }: RunnerOptions,
): (request: Request) => unknown {
  const trials = new Map<string, Trial>();
  let current: Trial | undefined;

  function create([dropout1, dropout2]: Rates): Trial {
    return {
      network: createFusedNetwork({
        sizes: [train.images.size, 256, 256, classes],
        rates: [dropout1, dropout2],
        replicate,
        weightStd: 0.01,
      }),
      ...(stock && { stockStep: createStockStep([dropout1, dropout2]) }),
      epoch: 0,
      step: 0,
      order: batchOrder(replicate, 0, train.images.count),
    };
  }

  function trialOf(rates: Rates): Trial {
    const name = rates.join();
    const trial = trials.get(name) ?? create(rates);
    trials.set(name, trial);
    return trial;
  }

  /** One step. It reads nothing, as training reads figures once an epoch. */
  function step(trial: Trial): tf.Tensor {
    const start = trial.step * BATCH;
    const count = Math.min(BATCH, train.images.count - start);
    const position = { epoch: trial.epoch, step: trial.step };
    const stats = tf.tidy((): tf.Tensor => {
      const { images, labels } = train;
      const x = gatherImages(images, trial.order, start, count);
      const y = gatherLabels(labels, trial.order, start, count);
      return trial.stockStep?.(x, y) ??
        trainStep(trial.network, x, y, position, RECIPE);
    });
    trial.step++;
    if (trial.step * BATCH >= train.images.count) {
      trial.step = 0;
      trial.epoch++;
      trial.order = batchOrder(replicate, trial.epoch, train.images.count);
    }
    return stats;
  }

  /** Skips an epoch's last batch of 96 examples: timed batches are full. */
  function passShortBatch(trial: Trial): void {
    if ((trial.step + 1) * BATCH > train.images.count) step(trial).dispose();
  }

  function timedStep(trial: Trial): number {
    passShortBatch(trial);
    const start = performance.now();
    step(trial).dispose();
    return performance.now() - start;
  }

  function runFor(rates: Rates, milliseconds: number): StepsDone {
    const trial = trialOf(rates);
    const start = performance.now();
    let steps = 0;
    while (performance.now() - start < milliseconds) {
      step(trial).dispose();
      steps++;
    }
    return { steps, milliseconds: performance.now() - start };
  }

  function evaluate(network: Network, set: LabelledImages): void {
    const order = identityOrder(set.images.count);
    for (let at = 0; at < set.images.count; at += EVALUATION_BATCH) {
      const count = Math.min(EVALUATION_BATCH, set.images.count - at);
      tf.tidy(() =>
        network.evaluate(
          gatherImages(set.images, order, at, count),
          gatherLabels(set.labels, order, at, count),
        ).dataSync()
      );
    }
  }

  function epoch(): EpochTimes {
    if (current === undefined) throw new Error("bench: epoch before begin");
    const trial = current;
    const times = [performance.now()];
    let sums: tf.Tensor = tf.zeros([2]);
    do {
      const before = sums;
      sums = tf.tidy(() => tf.add(before, step(trial)));
      before.dispose();
    } while (trial.step !== 0);
    sums.dataSync();
    sums.dispose();
    times.push(performance.now());
    evaluate(trial.network, test);
    times.push(performance.now());
    evaluate(trial.network, train);
    times.push(performance.now());
    const [start = NaN, trained = NaN, tested = NaN, end = NaN] = times;
    return {
      train: trained - start,
      test: tested - trained,
      trainOff: end - tested,
    };
  }

  return (request) => {
    switch (request.kind) {
      case "steps": {
        const trial = trialOf(request.rates);
        return Array.from({ length: request.count }, () => timedStep(trial));
      }
      case "for":
        return runFor(request.rates, request.milliseconds);
      case "begin":
        current?.network.dispose();
        current = create(request.rates);
        return null;
      case "epoch":
        return epoch();
      case "profile": {
        const trial = trialOf(request.rates);
        return profileSteps(
          simd(),
          request.count,
          () => passShortBatch(trial),
          () => timedStep(trial),
        );
      }
      case "peak":
        return peak(simd());
      default:
        return request satisfies never;
    }
  };
}

function simd(): SimdBackend {
  const backend = tf.backend();
  if (backend instanceof SimdBackend) return backend;
  throw new Error(`bench: not the backend simd: ${tf.getBackend()}`);
}

/** GFLOP/s of multiply-adds in registers: the best of short runs. */
function peak({ kernels: { call } }: SimdBackend): number {
  const rounds = 100_000;
  let best = Infinity;
  for (let i = 0; i < 30; i++) {
    const start = performance.now();
    call.multiplyAdds(rounds, 0.999, 0.001);
    best = Math.min(best, performance.now() - start);
  }
  return 80 * rounds / best / 1e6;
}
