import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { dropoutKey } from "../../../worker/random/draws.ts";
import { dropoutLayer, maskWords } from "../../../worker/training/dropout.ts";
import {
  factorsAt,
  halfWidth,
  HIDDEN_UNITS,
  inputTensor,
  MOST_DRAWS,
  outputAt,
  positionOf,
  runningMeans,
} from "./masks.ts";

Deno.test("outputAt equals dropoutLayer's output in training", async () => {
  await tf.setBackend("cpu");
  const key = dropoutKey({ seed: 0, replicate: 0 }, 0);
  for (const rate of [0, 0.02, 0.5, 0.8, 1]) {
    for (const draw of [0, 1, 234, 235, MOST_DRAWS - 1]) {
      const x = tf.tensor2d([...inputTensor], [2, 8]);
      const trained = dropoutLayer(x, rate, maskWords(key, positionOf(draw)));
      const shown = outputAt(draw, rate);
      const values = await trained.data();
      assert.equal(values.length, shown.length);
      values.forEach((value, i) =>
        assert.ok(Math.abs(value - (shown[i] ?? NaN)) <= 1e-5, `${rate} ${i}`)
      );
      tf.dispose([x, trained]);
    }
  }
});

Deno.test("positionOf goes through the steps of ten epochs", () => {
  assert.deepEqual(positionOf(0), { epoch: 0, step: 0 });
  assert.deepEqual(positionOf(235), { epoch: 1, step: 0 });
  assert.deepEqual(positionOf(MOST_DRAWS - 1), { epoch: 9, step: 234 });
});

Deno.test("factorsAt drops at a lower rate a subset of the elements of a higher rate", () => {
  const dropped = (rate: number) =>
    [...factorsAt(3, 1, rate, HIDDEN_UNITS)]
      .flatMap((factor, i) => factor === 0 ? [i] : []);
  const few = dropped(0.2);
  const many = new Set(dropped(0.5));
  assert.ok(few.length > 20 && many.size > few.length);
  assert.ok(few.every((unit) => many.has(unit)));
});

Deno.test("runningMeans averages all draws up to each listed number", () => {
  const { draws, means } = runningMeans(0.5, 40);
  assert.equal(draws.at(-1), 40);
  draws.forEach((count, at) => {
    const sums = inputTensor.map((_, i) => {
      let sum = 0;
      for (let draw = 0; draw < count; draw++) {
        sum += factorsAt(draw, 0, 0.5, 16)[i] ?? NaN;
      }
      return sum / count;
    });
    assert.deepEqual(means[at], sums);
  });
});

Deno.test("runningMeans converge to 1 at each rate below 1 and are 0 at rate 1", () => {
  for (const rate of [0, 0.02, 0.2, 0.5, 0.8, 0.95]) {
    const last = runningMeans(rate, MOST_DRAWS).means.at(-1) ?? [];
    // The draws are fixed. For random draws, one of 16 means would be beyond 4
    // standard errors about once in a thousand cases.
    const limit = 2 * halfWidth(rate, MOST_DRAWS) + 1e-6;
    assert.ok(last.every((mean) => Math.abs(mean - 1) <= limit), `${rate}`);
  }
  assert.ok(runningMeans(1, 10).means.flat().every((mean) => mean === 0));
});

Deno.test("halfWidth contains about 95% of the means", () => {
  let [inside, all] = [0, 0];
  for (const rate of [0.1, 0.3, 0.5, 0.7]) {
    const { draws, means } = runningMeans(rate, MOST_DRAWS);
    draws.forEach((count, at) => {
      if (count < 100) return;
      for (const mean of means[at] ?? []) {
        all += 1;
        if (Math.abs(mean - 1) <= halfWidth(rate, count)) inside += 1;
      }
    });
  }
  // Means of overlapping draws are dependent, so the range is wide.
  const share = inside / all;
  assert.ok(share > 0.88 && share < 0.995, `${inside} of ${all}`);
});
