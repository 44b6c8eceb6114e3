import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { startStockBackend } from "../backends/stock.ts";
import { dropoutKey, dropoutMask } from "../random/draws.ts";
import { fillThreefry4x32 } from "../random/threefry.ts";
import { type DrawWords, dropoutLayer, maskWords } from "./dropout.ts";
import { dropout } from "./kernels.ts";

await startStockBackend("cpu");

const key = dropoutKey({ seed: 0, replicate: 0 }, 0);

/** Random words of consecutive steps, as a loop over batches draws them. */
const atStep = (step: number): DrawWords => maskWords(key, { epoch: 0, step });

/** The seed's example: 0 to 15 in two rows of eight. */
const example = () => tf.tensor2d([...Array(16).keys()], [2, 8]);

Deno.test("dropoutLayer at p = 0 returns x itself and draws nothing", () => {
  const x = example();
  const y = dropoutLayer(x, 0, () => assert.fail("drew"));
  assert.equal(y, x);
  x.dispose();
});

Deno.test("dropoutLayer at p = 1 is all zeros", () => {
  const x = example();
  const y = dropoutLayer(x, 1, () => assert.fail("drew"));
  assert.deepEqual(y.shape, [2, 8]);
  assert(y.dataSync().every((v) => v === 0));
  tf.dispose([x, y]);
});

Deno.test("dropoutLayer at p = 0.5 zeroes elements and doubles the others", () => {
  const x = example();
  const words = atStep(0)(16);
  const y = dropoutLayer(x, 0.5, atStep(0));
  assert.deepEqual(y.shape, [2, 8]);
  assert.deepEqual(
    [...y.dataSync()],
    [...words].map((word, i) => word < 2 ** 31 ? 0 : 2 * i),
  );
  tf.dispose([x, y]);
});

Deno.test("dropoutLayer keeps each element's expectation", () => {
  const draws = 4000;
  for (const p of [0.2, 0.5, 0.8]) {
    const mean = tf.tidy(() => {
      let sum = tf.zeros<tf.Rank.R2>([2, 8]);
      for (let step = 0; step < draws; step++) {
        const next = tf.tidy(() =>
          tf.add(sum, dropoutLayer(example(), p, atStep(step)))
        );
        sum.dispose();
        sum = next.as2D(2, 8);
      }
      return tf.div(sum, draws).dataSync();
    });
    mean.forEach((m, i) => {
      // Standard error of the mean of draws of x / (1 - p) * Bernoulli(1 - p).
      const error = i * Math.sqrt(p / (1 - p) / draws);
      assert(Math.abs(m - i) <= 4 * error + 1e-4, `p ${p}, ${i}: ${m}`);
    });
  }
});

Deno.test("dropoutLayer works on any shape", () => {
  for (const shape of [[], [5], [2, 3, 4], [1, 2, 1, 2], [0, 3]]) {
    const y = tf.tidy(() => dropoutLayer(tf.ones(shape), 0.3, atStep(3)));
    assert.deepEqual(y.shape, shape);
    const kept = 1 / (1 - 0.3);
    assert(y.dataSync().every((v) => v === 0 || Math.abs(v - kept) < 1e-6));
    y.dispose();
  }
});

Deno.test("dropoutLayer refuses a rate outside [0, 1]", () => {
  const x = example();
  for (const p of [-0.1, -Number.MIN_VALUE, 1 + 1e-9, 2, Infinity, NaN]) {
    assert.throws(() => dropoutLayer(x, p, atStep(0)), {
      name: "RangeError",
      message: `dropout: the rate must be from 0 to 1: ${p}`,
    });
  }
  x.dispose();
});

Deno.test("dropoutLayer drops the same elements as the Dropout kernel", () => {
  const position = { epoch: 3, step: 7 };
  for (const rate of [0, 0.02, 0.3, 0.5, 0.98, 1]) {
    tf.tidy(() => {
      const x: tf.Tensor2D = tf.ones([13, 11]);
      const scratch = dropoutLayer(x, rate, maskWords(key, position));
      const kernel = dropout(x, { rate, key, position });
      assert.deepEqual(
        kernel.dataSync(),
        dropoutMask(key, position, rate, x.size),
      );
      assert(
        tf.max(tf.abs(tf.sub(scratch, kernel))).dataSync().every((d) =>
          d < 1e-5
        ),
        `rate ${rate}`,
      );
    });
  }
});

Deno.test("dropout's gradient goes through the same mask", () => {
  const position = { epoch: 1, step: 2 };
  for (const rate of [0, 0.4, 1]) {
    tf.tidy(() => {
      const x = tf.range(1, 31);
      const mask = dropoutMask(key, position, rate, 30);
      const viaKernel = tf.grad((t: tf.Tensor) =>
        tf.sum(tf.square(dropout(t, { rate, key, position })))
      );
      const viaScratch = tf.grad((t: tf.Tensor) =>
        tf.sum(tf.square(dropoutLayer(t, rate, maskWords(key, position))))
      );
      for (const gradient of [viaKernel(x), viaScratch(x)]) {
        gradient.dataSync().forEach((g, i) => {
          const expected = 2 * (i + 1) * (mask[i] ?? NaN) ** 2;
          assert(Math.abs(g - expected) < 1e-3, `${rate}, ${i}: ${g}`);
        });
      }
    });
  }
});

Deno.test("dropoutLayer frees its intermediate tensors", () => {
  const x = example();
  const before = tf.memory().numTensors;
  const words: DrawWords = (count) =>
    fillThreefry4x32(key, [0, 0, 0, 0], new Uint32Array(count));
  dropoutLayer(x, 0.5, words).dispose();
  assert.equal(tf.memory().numTensors, before);
  x.dispose();
});
