import type { Params } from "../../protocol/study.ts";
import type { Population } from "./simulated_study.ts";

/**
 * Realistic figures for tests, like those of a study with the seed's recipe.
 *
 * Source: PyTorch 1.13.1, seeds 0 to 4, ten epochs of the seed's concise model
 * (weights N(0, 0.01), biases PyTorch's default, SGD with learning rate 0.5,
 * batches of 256) on Fashion-MNIST; mean and standard deviation over the seeds
 * at the last epoch. `epochs` is the mean training loss by epoch.
 */
export interface ReferencePoint {
  readonly params: Params;
  readonly trainLoss: Population;
  readonly trainAccuracy: Population;
  readonly testAccuracy: Population;
  readonly testLoss: Population;
  readonly epochs: readonly number[];
}

function point(
  rates: readonly [number, number],
  trainLoss: readonly [number, number],
  trainAccuracy: readonly [number, number],
  testAccuracy: readonly [number, number],
  testLoss: readonly [number, number],
  epochs: readonly number[],
): ReferencePoint {
  const population = ([mean, sd]: readonly [number, number]) => ({ mean, sd });
  return {
    params: { dropout1: rates[0], dropout2: rates[1] },
    trainLoss: population(trainLoss),
    trainAccuracy: population(trainAccuracy),
    testAccuracy: population(testAccuracy),
    testLoss: population(testLoss),
    epochs,
  };
}

/** Measured with PyTorch. */
export const referencePoints: readonly ReferencePoint[] = [
  point([0.0, 0.0], [0.3141, 0.0152], [0.8822, 0.0054], [0.8519, 0.0117], [
    0.4146,
    0.0503,
  ], [
    1.1935,
    0.5611,
    0.4695,
    0.4177,
    0.3881,
    0.3659,
    0.3514,
    0.3361,
    0.3272,
    0.3141,
  ]),
  point([0.02, 0.02], [0.3108, 0.0076], [0.8835, 0.0033], [0.8574, 0.0046], [
    0.3881,
    0.0196,
  ], [
    1.1742,
    0.569,
    0.4736,
    0.4194,
    0.3874,
    0.3664,
    0.3481,
    0.3343,
    0.3232,
    0.3108,
  ]),
  point([0.02, 0.05], [0.3159, 0.0129], [0.8822, 0.0039], [0.8567, 0.006], [
    0.3878,
    0.0229,
  ], [
    1.1861,
    0.5575,
    0.4676,
    0.4204,
    0.3885,
    0.3673,
    0.3489,
    0.3362,
    0.3257,
    0.3159,
  ]),
  point([0.1, 0.3], [0.3259, 0.0053], [0.8792, 0.0017], [0.8531, 0.0108], [
    0.3929,
    0.0274,
  ], [
    1.1591,
    0.5593,
    0.4725,
    0.4293,
    0.3985,
    0.3783,
    0.3611,
    0.3477,
    0.3367,
    0.3259,
  ]),
  point([0.2, 0.2], [0.3353, 0.0062], [0.875, 0.002], [0.8607, 0.0068], [
    0.374,
    0.0087,
  ], [
    1.1695,
    0.5842,
    0.4854,
    0.4388,
    0.408,
    0.388,
    0.3693,
    0.3573,
    0.347,
    0.3353,
  ]),
  point([0.2, 0.5], [0.3453, 0.0018], [0.8731, 0.0006], [0.856, 0.0103], [
    0.3855,
    0.0223,
  ], [
    1.1817,
    0.5812,
    0.4942,
    0.4478,
    0.4186,
    0.3982,
    0.3788,
    0.3679,
    0.3582,
    0.3453,
  ]),
  point([0.3, 0.1], [0.3397, 0.003], [0.8737, 0.001], [0.8589, 0.0076], [
    0.38,
    0.0177,
  ], [
    1.1518,
    0.563,
    0.4812,
    0.4373,
    0.4091,
    0.3893,
    0.3735,
    0.3605,
    0.3518,
    0.3397,
  ]),
  point([0.5, 0.8], [0.4497, 0.0027], [0.8407, 0.0009], [0.8486, 0.0092], [
    0.4076,
    0.0177,
  ], [
    1.1881,
    0.6757,
    0.5905,
    0.5456,
    0.5177,
    0.498,
    0.4813,
    0.4688,
    0.4601,
    0.4497,
  ]),
  point([0.6, 0.6], [0.4293, 0.0035], [0.8444, 0.0012], [0.8478, 0.008], [
    0.4062,
    0.0161,
  ], [
    1.1627,
    0.6457,
    0.5615,
    0.5174,
    0.4905,
    0.4735,
    0.4579,
    0.4456,
    0.4375,
    0.4293,
  ]),
  point([0.8, 0.3], [0.5081, 0.0038], [0.8146, 0.0017], [0.8069, 0.0165], [
    0.4924,
    0.0197,
  ], [
    1.2344,
    0.7302,
    0.6484,
    0.6026,
    0.5721,
    0.5527,
    0.5368,
    0.5264,
    0.517,
    0.5081,
  ]),
];

/** Interpolated between measured neighbours, with a measured point's curve. */
function guess(
  rates: readonly [number, number],
  trainLoss: number,
  trainAccuracy: number,
  testAccuracy: number,
  testLoss: number,
): ReferencePoint {
  const epochs = [3.6, 1.7, 1.43, 1.3, 1.21, 1.15, 1.1, 1.06, 1.03, 1];
  return point(
    rates,
    [trainLoss, 0.004],
    [trainAccuracy, 0.0015],
    [testAccuracy, 0.009],
    [testLoss, 0.019],
    epochs.map((ratio) => ratio * trainLoss),
  );
}

/** Not measured but plausible, so that tests have all points of the study. */
export const guessedPoints: readonly ReferencePoint[] = [
  guess([0.4, 0.4], 0.379, 0.86, 0.855, 0.386),
  guess([0.5, 0.2], 0.384, 0.858, 0.852, 0.39),
  guess([0.8, 0.5], 0.545, 0.8, 0.8, 0.51),
  guess([0.3, 0.8], 0.395, 0.857, 0.852, 0.396),
  guess([0.05, 0.02], 0.317, 0.882, 0.856, 0.388),
];
