import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { type NetworkName, Recipe } from "../../protocol/study.ts";
import { startStockBackend } from "../backends/stock.ts";
import {
  BACKEND_TEST,
  testedBackends,
  titled,
} from "../../testing/kernels/backends.ts";
import {
  identityOrder,
  initialBiases,
  initialWeights,
} from "../random/draws.ts";
import { createNetwork } from "./networks.ts";
import { exampleData } from "./example_data.ts";
import {
  layerShapes,
  type NetworkOptions,
  readParameters,
  trainStep,
} from "./network.ts";
import { gatherImages, gatherLabels } from "./kernels.ts";

const NAMES: NetworkName[] = ["fused", "scratch", "layers"];
const BATCH = 48;
const recipe = Recipe.parse({ learningRate: 0.5 });
const data = exampleData({ classes: 5, size: 60, train: BATCH, test: 1 }).train;

function options(rates: readonly [number, number]): NetworkOptions {
  return {
    sizes: [60, 24, 17, 5],
    rates,
    replicate: { seed: 3, replicate: 1 },
    // Larger than in the study, so that gradients are not tiny.
    weightStd: 0.2,
  };
}

function batch(): { images: tf.Tensor2D; labels: tf.Tensor1D } {
  const order = identityOrder(BATCH);
  return {
    images: gatherImages(data.images, order, 0, BATCH),
    labels: gatherLabels(data.labels, order, 0, BATCH),
  };
}

interface Observed {
  readonly stats: Float32Array;
  readonly gradients: Float32Array[];
  readonly evaluation: Float32Array;
  /** The weights after four steps. */
  readonly parameters: Float32Array[];
}

/** Loss, gradients, evaluation and the weights after four steps. */
async function observe(
  name: NetworkName,
  rates: readonly [number, number],
  weightDecay = 0,
): Promise<Observed> {
  const network = createNetwork(name, options(rates));
  const { images, labels } = batch();
  const at = (step: number) => ({ epoch: 1, step });
  const { stats, gradients } = network.gradients(images, labels, at(0));
  const evaluation = network.evaluate(images, labels);
  const observed = {
    stats: await stats.data<"float32">(),
    gradients: await Promise.all(gradients.map((g) => g.data<"float32">())),
    evaluation: await evaluation.data<"float32">(),
  };
  tf.dispose([stats, evaluation, [...gradients]]);
  for (let step = 0; step < 4; step++) {
    trainStep(network, images, labels, at(step), { ...recipe, weightDecay })
      .dispose();
  }
  const parameters = await readParameters(network);
  network.dispose();
  tf.dispose([images, labels]);
  return { ...observed, parameters };
}

function assertNear(
  actual: Float32Array,
  expected: Float32Array,
  tolerance: number,
  what: string,
): void {
  assert.equal(actual.length, expected.length, what);
  actual.forEach((value, i) => {
    const wanted = expected[i] ?? NaN;
    assert(
      Math.abs(value - wanted) <= tolerance * Math.max(1, Math.abs(wanted)),
      `${what}, element ${i}: ${value}, not ${wanted}`,
    );
  });
}

/** Includes weight decay in each step. */
const CASES = [[0, 0, 0], [0.2, 0.5, 0], [0.2, 0.5, 0.1], [0.8, 0.3, 0], [
  1,
  0.5,
  0,
], [0.5, 1, 0.1]] as const;

for (const tested of await testedBackends()) {
  const { backend, start, skip } = tested;
  for (const [rate1, rate2, weightDecay] of CASES) {
    const rates = [rate1, rate2] as const;
    Deno.test({
      ...BACKEND_TEST,
      name: titled(
        `networks on ${backend} at ${rates}, weight decay ${weightDecay}, have the same loss, gradient and weights`,
        tested,
      ),
      ignore: skip !== undefined,
      fn: async () => {
        await start();
        const before = tf.memory().numTensors;
        const scratch = await observe("scratch", rates, weightDecay);
        for (const name of ["fused", "layers"] as const) {
          const other = await observe(name, rates, weightDecay);
          assertNear(other.stats, scratch.stats, 1e-5, `${name} loss`);
          assertNear(
            other.evaluation,
            scratch.evaluation,
            1e-5,
            `${name} evaluation`,
          );
          assert.equal(other.gradients.length, 6);
          scratch.gradients.forEach((gradient, i) => {
            assertNear(
              other.gradients[i] ?? new Float32Array(),
              gradient,
              1e-5,
              `${name} gradient ${i}`,
            );
          });
          scratch.parameters.forEach((parameter, i) => {
            assertNear(
              other.parameters[i] ?? new Float32Array(),
              parameter,
              1e-4,
              `${name} parameter ${i}`,
            );
          });
        }
        assert.equal(tf.memory().numTensors, before, "tensors leaked");
      },
    });
  }
}

for (const name of NAMES) {
  Deno.test(`${name} network starts with the replicate's initial weights`, async () => {
    await startStockBackend("cpu");
    const network = createNetwork(name, options([0.2, 0.5]));
    const { replicate, weightStd } = options([0, 0]);
    const expected = layerShapes(options([0, 0])).flatMap((shape) => [
      initialWeights(replicate, shape, weightStd),
      initialBiases(replicate, shape),
    ]);
    assert.deepEqual(await readParameters(network), expected);
    network.dispose();
  });

  Deno.test(`${name} network's evaluation does not depend on the rates`, async () => {
    await startStockBackend("cpu");
    const { images, labels } = batch();
    const evaluate = (rates: readonly [number, number]) => {
      const network = createNetwork(name, options(rates));
      // A training step must not leave dropout switched on.
      const at = { epoch: 0, step: 0 };
      trainStep(network, images, labels, at, { ...recipe, learningRate: 0 })
        .dispose();
      const stats = network.evaluate(images, labels);
      network.dispose();
      return stats.dataSync();
    };
    assert.deepEqual(evaluate([0.9, 0.9]), evaluate([0, 0]));
    tf.dispose([images, labels]);
  });

  Deno.test(`${name} network's gradient is the slope of its loss`, async () => {
    await startStockBackend("cpu");
    const { images, labels } = batch();
    const network = createNetwork(name, options([0.3, 0.4]));
    const at = { epoch: 0, step: 3 };
    const meanLoss = () =>
      tf.tidy(() =>
        (network.gradients(images, labels, at).stats.dataSync()[0] ?? NaN) /
        BATCH
      );
    const { gradients } = network.gradients(images, labels, at);
    network.variables.forEach((variable, which) => {
      // In the direction of the gradient, where float32 keeps the most digits.
      const gradient = gradients[which];
      assert(gradient !== undefined);
      const slope = tf.tidy(() => tf.sum(tf.square(gradient)).dataSync()[0]) ??
        NaN;
      const length = 1e-2 / Math.sqrt(slope);
      const move = (by: number) =>
        tf.tidy(() => variable.assign(tf.add(variable, tf.mul(gradient, by))));
      move(length);
      const after = meanLoss();
      move(-2 * length);
      const before = meanLoss();
      move(length);
      const measured = (after - before) / (2 * length);
      assert(
        Math.abs(measured / slope - 1) < 0.02,
        `variable ${which}: ${measured}, not ${slope}`,
      );
    });
    tf.dispose([images, labels, [...gradients]]);
    network.dispose();
  });
}
