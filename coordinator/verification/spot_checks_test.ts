import assert from "node:assert/strict";
import { epochMetrics } from "../../testing/lease/fixtures.ts";
import {
  checkProbability,
  compareRepetition,
  epochsToRepeat,
  FIRST_EPOCH_DRIFT,
  NO_DRIFT,
  sameBits,
} from "./spot_checks.ts";

const simd = { backend: "simd", backendDetail: "relaxed SIMD" } as const;
const gpu = { backend: "webgpu", backendDetail: "a card" } as const;

Deno.test("checkProbability: 1 for a new worker, falls with its record, never to 0", () => {
  const p = (accepted: number, lies = 0) =>
    checkProbability({ accepted, lies });
  assert.equal(p(0), 1);
  assert.equal(p(1), 1 / 2);
  assert.equal(p(9), 1 / 10);
  for (let n = 0; n < 1000; n++) assert.ok(p(n + 1) <= p(n));
  assert.equal(p(1e9), 0.05);
});

Deno.test("checkProbability: 1 after a false result until ten true ones, again after the next false one", () => {
  for (let n = 0; n <= 10; n++) {
    assert.equal(checkProbability({ accepted: n, lies: 1 }), 1);
    assert.equal(checkProbability({ accepted: n + 10, lies: 2 }), 1);
  }
  assert.equal(checkProbability({ accepted: 11, lies: 1 }), 1 / 2);
});

Deno.test("epochsToRepeat: the whole trial of a new worker and after a false result", () => {
  for (
    const trust of [{ accepted: 0, lies: 0 }, { accepted: 9, lies: 1 }]
  ) assert.equal(epochsToRepeat(trust, 10, true, [0.999, 0.999]), 10);
});

Deno.test("epochsToRepeat: one epoch of a known worker, or the whole trial in a quarter of the checks", () => {
  const known = { accepted: 9, lies: 0 };
  assert.equal(epochsToRepeat(known, 10, true, [0.099, 0.25]), 1);
  assert.equal(epochsToRepeat(known, 10, true, [0.099, 0.249]), 10);
  assert.equal(epochsToRepeat(known, 10, true, [0.1, 0]), 0);
});

Deno.test("epochsToRepeat: one epoch if the backends differ", () => {
  const fresh = { accepted: 0, lies: 0 };
  assert.equal(epochsToRepeat(fresh, 10, false, [0.999, 0]), 1);
});

Deno.test("compareRepetition: accepts equal figures with any duration", () => {
  const claimed = [epochMetrics(1), epochMetrics(2)];
  const epochs = [{ ...epochMetrics(1), seconds: 99 }];
  const repetition = { outcome: "trained", epochs } as const;
  assert.deepEqual(compareRepetition(claimed, repetition, NO_DRIFT), []);
});

Deno.test("compareRepetition: refuses any difference on the same backend, on another one only a large one", () => {
  const claimed = [epochMetrics(1)];
  const off = (trainLoss: number) => ({
    outcome: "trained" as const,
    epochs: [{ ...epochMetrics(1), trainLoss: 0.6 + trainLoss }],
  });
  assert.equal(compareRepetition(claimed, off(1e-8), NO_DRIFT).length, 1);
  assert.deepEqual(
    compareRepetition(claimed, off(5e-3), FIRST_EPOCH_DRIFT),
    [],
  );
  const [told] = compareRepetition(claimed, off(0.02), FIRST_EPOCH_DRIFT);
  assert.match(
    told ?? "",
    /epoch 1: trainLoss is given as 0.6, but the repeated training gave 0.62/,
  );
});

Deno.test("compareRepetition: refuses a trained trial that diverges when repeated", () => {
  const claimed = [epochMetrics(1), epochMetrics(2)];
  const repetition = {
    outcome: "diverged",
    epochs: [epochMetrics(1)],
  } as const;
  assert.equal(compareRepetition(claimed, repetition, NO_DRIFT).length, 1);
});

Deno.test("sameBits: true only for our own kernels with the same rounding", () => {
  assert.ok(sameBits(simd, { ...simd }));
  const twice = { ...simd, backendDetail: "relaxed SIMD, rounding twice" };
  assert.ok(!sameBits(simd, twice));
  assert.ok(!sameBits(gpu, { ...gpu }));
});
