import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import type { TrialSpec } from "../../protocol/study.ts";
import { type EpochMetrics, TrialResult } from "../../protocol/training.ts";
import { startStockBackend } from "../backends/stock.ts";
import {
  BACKEND_TEST,
  testedBackends,
  titled,
} from "../../testing/kernels/backends.ts";
import type { LabelledImages } from "../data/dataset.ts";
import { batchOrder, identityOrder } from "../random/draws.ts";
import { createNetwork } from "./networks.ts";
import { exampleData } from "./example_data.ts";
import { trainStep } from "./network.ts";
import { gatherImages, gatherLabels } from "./kernels.ts";
import { trainTrial } from "./train.ts";
import { data, hooks, spec } from "../../testing/training.ts";

async function trained(
  trial: TrialSpec,
  on: ReturnType<typeof hooks> = hooks(),
): Promise<EpochMetrics[]> {
  const result = await trainTrial(trial, data, on);
  assert(result?.outcome === "trained");
  return result.epochs.map((epoch) => ({ ...epoch, seconds: 0 }));
}

function assertSameCourse(
  actual: EpochMetrics[],
  expected: EpochMetrics[],
  tolerance: number,
) {
  assert.equal(actual.length, expected.length);
  actual.forEach((metrics, i) => {
    for (
      const name of [
        "trainLoss",
        "trainAccuracy",
        "trainLossDropoutOff",
        "testLoss",
        "testAccuracy",
      ] as const
    ) {
      const wanted = expected[i]?.[name] ?? NaN;
      assert(
        Math.abs(metrics[name] - wanted) <= tolerance,
        `epoch ${i + 1}, ${name}: ${metrics[name]}, not ${wanted}`,
      );
    }
  });
}

Deno.test("trainTrial returns a valid result and learns", async () => {
  await startStockBackend("cpu");
  const on = hooks({ tick: 10 });
  const result = TrialResult.parse(await trainTrial(spec(), data, on));
  assert(result.outcome === "trained");
  assert.deepEqual(result.epochs.map(({ epoch }) => epoch), [1, 2, 3]);
  assert.deepEqual(on.epochs, result.epochs);
  assert.equal(result.backend, "cpu");
  assert.equal(result.backendDetail, "test");
  const [first, , last] = result.epochs;
  assert(first && last);
  assert(last.trainLoss < first.trainLoss);
  assert(last.testAccuracy > 0.7, `${last.testAccuracy}`);
  assert(result.epochs.every(({ seconds }) => seconds > 0));
  const sum = result.epochs.reduce((total, { seconds }) => total + seconds, 0);
  assert(result.seconds >= sum);
  assert.deepEqual(result.checks, {
    trainLoss: last.trainLoss < 0.5,
    trainAccuracy: last.trainAccuracy > 0.7,
    testAccuracy: last.testAccuracy > 0.7,
  });
});

for (const tested of await testedBackends()) {
  const { backend, start, skip } = tested;
  Deno.test({
    ...BACKEND_TEST,
    name: titled(
      `trainTrial twice on ${backend}: identical metrics, no tensor left`,
      tested,
    ),
    ignore: skip !== undefined,
    fn: async () => {
      await start();
      const before = tf.memory().numTensors;
      const first = await trained(spec(), hooks({ backend }));
      const second = await trained(spec(), hooks({ backend, tick: 30 }));
      assert.deepEqual(second, first);
      assert.equal(tf.memory().numTensors, before);
    },
  });
}

Deno.test("trainTrial differs between replicates", async () => {
  await startStockBackend("cpu");
  assert.notDeepEqual(
    await trained(spec({ replicate: 1 })),
    await trained(spec()),
  );
});

Deno.test("trainTrial gives the same figures with all three networks", async () => {
  await startStockBackend("cpu");
  const before = tf.memory().numTensors;
  const fused = await trained(spec());
  for (const network of ["scratch", "layers"]) {
    const other = await trained(spec({ recipe: { network } }));
    assertSameCourse(other, fused, 1e-3);
  }
  assert.equal(tf.memory().numTensors, before);
});

Deno.test("trainTrial's figures are d2l's; the last ones follow from the final weights", async () => {
  await startStockBackend("cpu");
  // A simple reference implementation of the loop.
  const trial = spec();
  const { recipe } = trial;
  const network = createNetwork("scratch", {
    sizes: [20, 12, 9, 4],
    rates: [0.2, 0.5],
    replicate: trial,
    weightStd: recipe.weightStd,
  });
  const pass = (
    { images, labels }: LabelledImages,
    order: Uint32Array,
    batchSize: number,
    batch: (x: tf.Tensor2D, y: tf.Tensor1D, step: number) => tf.Tensor1D,
  ) => {
    let [loss, right] = [0, 0];
    for (let begin = 0; begin < order.length; begin += batchSize) {
      const size = Math.min(batchSize, order.length - begin);
      const x = gatherImages(images, order, begin, size);
      const y = gatherLabels(labels, order, begin, size);
      const stats = batch(x, y, begin / batchSize);
      const [batchLoss = NaN, batchRight = NaN] = stats.dataSync();
      loss += batchLoss;
      right += batchRight;
      tf.dispose([x, y, stats]);
    }
    return { loss: loss / order.length, accuracy: right / order.length };
  };
  const expected: EpochMetrics[] = [];
  for (let epoch = 0; epoch < 3; epoch++) {
    const running = pass(
      data.train,
      batchOrder(trial, epoch, 2600),
      128,
      (x, y, step) => trainStep(network, x, y, { epoch, step }, recipe),
    );
    // One batch, and batches of 100: the batch size must not matter here.
    const onTrain = pass(
      data.train,
      identityOrder(2600),
      100,
      network.evaluate,
    );
    const onTest = pass(data.test, identityOrder(1100), 1100, network.evaluate);
    expected.push({
      epoch: epoch + 1,
      trainLoss: running.loss,
      trainAccuracy: running.accuracy,
      trainLossDropoutOff: onTrain.loss,
      testLoss: onTest.loss,
      testAccuracy: onTest.accuracy,
      seconds: 0,
    });
  }
  network.dispose();
  assertSameCourse(await trained(trial), expected, 1e-4);
});

Deno.test("trainTrial keeps the smaller last batch and gives each example the same weight", async () => {
  await startStockBackend("cpu");
  // With a step too small to change a weight and without dropout, the training
  // loss equals the evaluated loss.
  const [metrics] = await trained(
    spec({ rates: [0, 0], recipe: { learningRate: 1e-30, epochs: 1 } }),
  );
  assert(metrics);
  assert(Math.abs(metrics.trainLoss - metrics.trainLossDropoutOff) < 1e-5);
  // 2600 = 20 * 128 + 40: accuracies are multiples of 1 / 2600.
  const right = metrics.trainAccuracy * 2600;
  assert(Math.abs(right - Math.round(right)) < 1e-6);
});

Deno.test("trainTrial with everything dropped learns nothing", async () => {
  await startStockBackend("cpu");
  const epochs = await trained(spec({ rates: [1, 1] }));
  // The logits are the last layer's biases, so the loss is near that of
  // guessing.
  assert(epochs.every(({ trainLoss }) => trainLoss > 1.3));
});

Deno.test("trainTrial returns the finished epochs of a diverged trial", async () => {
  await startStockBackend("cpu");
  const before = tf.memory().numTensors;
  // First one step per epoch, of which a few succeed; then a divergence within
  // an epoch, detected at its end or at a pause.
  const courses = [
    { batchSize: 2600, tick: 0, passed: true },
    { batchSize: 128, tick: 0, passed: false },
    { batchSize: 128, tick: 60, passed: false },
  ];
  for (const { batchSize, tick, passed } of courses) {
    const on = hooks({ tick });
    const { recipe, ...trial } = spec({
      rates: [0, 0],
      recipe: { hiddenSizes: [64, 64], weightStd: 1, epochs: 5, batchSize },
    });
    // A hundred times the largest learning rate of a study: otherwise all ReLU
    // units of so small a network die before its weights overflow.
    const wild = { ...trial, recipe: { ...recipe, learningRate: 1e4 } };
    const result = TrialResult.parse(await trainTrial(wild, data, on));
    assert(result.outcome === "diverged");
    assert.equal(result.epochs.length > 0, passed);
    assert.equal(result.divergedAtEpoch, result.epochs.length + 1);
    assert.deepEqual(on.epochs, result.epochs);
    assert.equal(tf.memory().numTensors, before);
  }
});

Deno.test("trainTrial stops at any pause, leaving no tensor", async () => {
  await startStockBackend("cpu");
  const before = tf.memory().numTensors;
  // So few images that training up to each pause anew takes no time; a clock
  // on which each step is long enough for a pause.
  const few = exampleData({ classes: 4, size: 20, train: 300, test: 100 });
  const trial = spec({ recipe: { batchSize: 32 } });
  const whole = hooks({ tick: 100 });
  await trainTrial(trial, few, whole);
  assert(whole.pauses() > 20);
  for (let after = 1; after <= whole.pauses(); after++) {
    const on = hooks({ tick: 100, stopAfterPauses: after });
    assert.equal(await trainTrial(trial, few, on), null);
    assert.equal(on.pauses(), after);
    assert.equal(tf.memory().numTensors, before);
  }
});

Deno.test("trainTrial pauses about every 100 ms and reports steps done", async () => {
  await startStockBackend("cpu");
  const on = hooks({ tick: 20 });
  await trainTrial(spec({ recipe: { epochs: 1 } }), data, on);
  // 21 steps and 3 + 2 batches of evaluation; each reads the clock once, which
  // advances it by 20 ms, and so does each pause.
  assert(on.pauses() >= 3 && on.pauses() <= 7, `${on.pauses()} pauses`);
  assert.equal(on.progress.length, on.pauses());
  let before = 0;
  for (const { epoch, step, steps } of on.progress) {
    assert.equal(epoch, 1);
    assert.equal(steps, 21);
    assert(step >= before && step <= steps);
    before = step;
  }
  const quick = hooks({ tick: 0 });
  await trainTrial(spec({ recipe: { epochs: 1 } }), data, quick);
  assert.equal(quick.pauses(), 0);
});

Deno.test("trainTrial refuses a backend that is not the current one", async () => {
  await startStockBackend("cpu");
  await assert.rejects(trainTrial(spec(), data, hooks({ backend: "wasm" })), {
    message: "train: the current backend is not wasm: cpu",
  });
});

Deno.test("trainTrial refuses data that do not fit the network", async () => {
  await startStockBackend("cpu");
  const before = tf.memory().numTensors;
  const empty = exampleData({ classes: 4, size: 20, train: 5, test: 0 });
  await assert.rejects(trainTrial(spec(), empty, hooks()), {
    message: "train: the data set has no images: example",
  });
  const other = exampleData({ classes: 4, size: 10, train: 5, test: 5 });
  await assert.rejects(
    trainTrial(spec(), { ...data, test: other.test }, hooks()),
    {
      message: "train: training and test images differ in size: 20 and 10 " +
        "pixels",
    },
  );
  assert.equal(tf.memory().numTensors, before);
});
