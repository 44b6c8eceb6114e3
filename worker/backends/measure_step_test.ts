import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { exampleData } from "../training/example_data.ts";
import { SoftmaxCrossEntropy } from "../training/kernels.ts";
import { measureStep } from "./select.ts";
import { startStockBackend } from "./stock.ts";

const data = exampleData({ classes: 10, size: 28, train: 64, test: 20 });

/** A clock that returns the next of these times at each call. */
function clock(...steps: number[]) {
  let now = 0;
  let looks = 0;
  return () => {
    // A measurement reads the clock twice: at its start and at its end.
    if (looks++ % 2 === 1) now += steps.shift() ?? 1;
    return now;
  };
}

Deno.test("measureStep: returns the fastest sample and leaves no tensors", async () => {
  await startStockBackend("cpu");
  const { numTensors } = tf.memory();
  // A warm-up of 100 ms, then samples of one step each.
  const now = clock(100, 90, 300, 80, 70, 100);
  assert.equal(await measureStep(data, { now }), 70);
  assert.equal(tf.memory().numTensors, numTensors);
});

Deno.test("measureStep: fast steps are timed several at once", async () => {
  await startStockBackend("cpu");
  // A warm-up of 6 ms: samples of 5 steps, for about 30 ms each.
  const now = clock(6, 20, 20, 20, 20, 20);
  assert.equal(await measureStep(data, { now }), 4);
});

Deno.test("measureStep: a step slower than the limit is measured once", async () => {
  await startStockBackend("cpu");
  const now = clock(50);
  assert.equal(await measureStep(data, { now, giveUpAbove: 40 }), 50);
});

Deno.test("measureStep: a step of more than a second is measured once", async () => {
  await startStockBackend("cpu");
  assert.equal(await measureStep(data, { now: clock(1200) }), 1200);
});

Deno.test("measureStep: refuses a backend whose first loss is not that of an untrained network", async () => {
  await startStockBackend("cpu");
  const name = SoftmaxCrossEntropy;
  const good = tf.getKernel(name, "cpu");
  assert.ok(good !== undefined);
  tf.unregisterKernel(name, "cpu");
  tf.registerKernel({
    ...good,
    kernelFunc: (call) => {
      const outputs = [good.kernelFunc(call)].flat();
      // Zeros, as from a device that lost its memory.
      return outputs.map(({ shape }) => tf.zeros(shape));
    },
  });
  try {
    await assert.rejects(
      measureStep(data, { now: () => 0 }),
      /its first loss is 0, not near 2\.30/,
    );
  } finally {
    tf.unregisterKernel(name, "cpu");
    tf.registerKernel(good);
  }
});
