import * as tf from "@tensorflow/tfjs";
import type { Dataset } from "../data/dataset.ts";
import { identityOrder } from "../random/draws.ts";
import { MEASURED_STEP } from "../trainer_api.ts";
import { readBack } from "../training/device.ts";
import { createFusedNetwork } from "../training/net_fused.ts";
import { trainStep } from "../training/network.ts";
import { gatherImages, gatherLabels } from "../training/ops.ts";

/** Samples, each of about as many milliseconds; the fastest one counts. */
const SAMPLES = 5;
const SAMPLE_MILLISECONDS = 30;
/** With slower steps, fewer samples do, */
const SLOW_STEP = 200;
/** and none once a sample takes longer than anything could disturb it. */
const VERY_SLOW_STEP = 1000;

export interface MeasureOptions {
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
  /** A step slower than this is not worth more than one look. */
  readonly giveUpAbove?: number;
}

/**
 * Trains a few steps on the current backend, on real batches.
 *
 * @returns milliseconds a step, of the fastest sample: what other programs take
 * from the processor says nothing of a backend
 * @throws {Error} when what it computes cannot be right
 */
export async function measureStep(
  dataset: Dataset,
  { now, giveUpAbove = Infinity }: MeasureOptions,
): Promise<number> {
  const { images, labels } = dataset.train;
  const order = identityOrder(images.count);
  const size = Math.min(MEASURED_STEP.batchSize, images.count);
  const network = createFusedNetwork({
    sizes: [images.size, ...MEASURED_STEP.hiddenSizes, dataset.classes],
    rates: [0.2, 0.5],
    replicate: { seed: 0, replicate: 0 },
    weightStd: 0.01,
  });
  let step = 0;
  // The steps queue up as in training; reading one figure back waits for them.
  const run = async (steps: number): Promise<number> => {
    let loss: tf.Tensor | undefined;
    for (let i = 0; i < steps; i++, step++) {
      loss?.dispose();
      const start = (step * size) % (images.count - size + 1);
      loss = tf.tidy(() =>
        trainStep(
          network,
          gatherImages(images, order, start, size),
          gatherLabels(labels, order, start, size),
          { epoch: 0, step },
          0.1,
        )
      );
    }
    const [sum = NaN] = loss === undefined ? [] : await readBack(loss);
    loss?.dispose();
    return sum / size;
  };
  const timed = async (steps: number): Promise<number> => {
    const start = now();
    const loss = await run(steps);
    if (!Number.isFinite(loss)) throw new Error(`its loss became ${loss}`);
    return (now() - start) / steps;
  };

  try {
    // With small weights all classes are about as likely at first.
    const first = await run(1);
    const expected = Math.log(dataset.classes);
    if (!(first > expected / 2 && first < expected * 2)) {
      throw new Error(`its first loss is ${first}, not near ${expected}`);
    }
    const warm = await timed(1);
    if (warm > giveUpAbove || warm > VERY_SLOW_STEP) return warm;
    const samples: number[] = [];
    const steps = Math.round(SAMPLE_MILLISECONDS / warm);
    while (samples.length < (warm > SLOW_STEP ? 2 : SAMPLES)) {
      samples.push(await timed(Math.max(1, Math.min(steps, 16))));
    }
    return Math.min(warm, ...samples);
  } finally {
    network.dispose();
  }
}
