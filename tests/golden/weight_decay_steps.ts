import type { Recipe } from "../../protocol/recipe.ts";
import { exampleData } from "../../worker/training/example_data.ts";
import {
  dropoutKey,
  dropoutMask,
  initialBiases,
  initialWeights,
} from "../../worker/random/draws.ts";
import {
  layerShapes,
  type NetworkOptions,
} from "../../worker/training/network.ts";

/**
 * A few steps with weight decay on a small network, as
 * `pytorch_weight_decay_steps.json` has PyTorch's. Run as a program, it prints
 * what `bench/pytorch_weight_decay.py` reads: initial weights, batch and masks.
 */

export const options: NetworkOptions = {
  sizes: [20, 12, 9, 4],
  rates: [0.2, 0.5],
  replicate: { seed: 3, replicate: 1 },
  weightStd: 0.3,
};

/** Large, so that decay moves the weights far beyond the tests' tolerance. */
export const update = { learningRate: 0.5, weightDecay: 0.1 } satisfies Partial<
  Recipe
>;

export const STEPS = 4;
export const BATCH = 16;

export const { train } = exampleData({
  classes: 4,
  size: 20,
  train: BATCH,
  test: 1,
});

/** Of the same batch in each step. */
export const positionOf = (step: number) => ({ epoch: 0, step });

function maskOf(layer: 0 | 1, step: number) {
  const shape = [BATCH, options.sizes[layer + 1] ?? 0];
  const mask = dropoutMask(
    dropoutKey(options.replicate, layer),
    positionOf(step),
    options.rates[layer],
    BATCH * (shape[1] ?? 0),
  );
  return { shape, values: [...mask] };
}

if (import.meta.main) {
  const { images, labels } = train;
  console.log(JSON.stringify({
    ...update,
    parameters: layerShapes(options).flatMap((shape) => [
      {
        shape: [shape.fanIn, shape.fanOut],
        values: [
          ...initialWeights(options.replicate, shape, options.weightStd),
        ],
      },
      {
        shape: [shape.fanOut],
        values: [...initialBiases(options.replicate, shape)],
      },
    ]),
    images: {
      shape: [BATCH, images.size],
      values: Array.from(images.bytes, (byte) => byte / 255),
    },
    labels: [...labels],
    masks: Array.from(
      { length: STEPS },
      (_, step) => [maskOf(0, step), maskOf(1, step)],
    ),
  }));
}
