import assert from "node:assert/strict";
import { linearAxis, valueScale, wholeTicks } from "./scale.ts";

Deno.test("linearAxis ends at round numbers and maps them to the range", () => {
  const axis = linearAxis([0.31, 1.19, NaN, Infinity], [100, 0], 5);
  assert.deepEqual(axis.domain, [0.2, 1.2]);
  assert.equal(axis(0.2), 100);
  assert.equal(axis(1.2), 0);
  assert.deepEqual(axis.ticks, [0.2, 0.4, 0.6, 0.8, 1, 1.2]);
  assert.equal(axis.decimals, 1);
});

Deno.test("linearAxis gives equal values room and works without values", () => {
  const equal = linearAxis([0.5, 0.5], [0, 10], 4);
  assert.ok(equal.domain[0] < 0.5 && equal.domain[1] > 0.5);
  assert.deepEqual(linearAxis([], [0, 10], 4).domain, [0, 1]);
  assert.deepEqual(linearAxis([0, 0], [0, 10], 4)(0), 5);
});

Deno.test("wholeTicks starts at 1 and stays near the requested number of ticks", () => {
  assert.deepEqual(wholeTicks(10, 10), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assert.deepEqual(wholeTicks(10, 5), [1, 2, 4, 6, 8, 10]);
  assert.deepEqual(wholeTicks(1, 5), [1]);
  assert.deepEqual(wholeTicks(0, 5), []);
  for (const count of [37, 100, 1000]) {
    assert.ok(wholeTicks(count, 8).length <= 10, `${count}`);
    assert.ok(wholeTicks(count, 8).length >= 4, `${count}`);
  }
});

Deno.test("valueScale keeps values apart", () => {
  const places = (values: readonly number[]) => {
    const scale = valueScale(values, [0, 100]);
    return [scale.spread, ...values.map((value) => Math.round(scale(value)))];
  };
  assert.deepEqual(places([0, 0.2, 0.5, 0.8]), ["linear", 0, 25, 63, 100]);
  assert.deepEqual(places([0.001, 0.01, 0.1, 1]), [
    "logarithmic",
    0,
    33,
    67,
    100,
  ]);
  assert.deepEqual(places([32, 64, 512]), ["logarithmic", 0, 25, 100]);
  // 0 has no logarithm.
  assert.deepEqual(places([0, 0.00005, 0.0001, 0.001]), [
    "even",
    0,
    33,
    67,
    100,
  ]);
  assert.deepEqual(places([0.1]), ["linear", 50]);
  assert.deepEqual(places([]), ["linear"]);
});
