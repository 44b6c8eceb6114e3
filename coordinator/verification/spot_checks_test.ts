import assert from "node:assert/strict";
import { Sha256 } from "../../protocol/ids.ts";
import {
  epochFigures,
  type EpochMetrics,
  type TrialResult,
} from "../../protocol/training.ts";
import { epochMetrics, trained } from "../../testing/lease/fixtures.ts";
import {
  checkProbability,
  compareRepetition,
  epochsToRepeat,
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

Deno.test("epochsToRepeat: the whole trial whenever a worker does not tell its kernels", () => {
  const known = { accepted: 9, lies: 0 };
  assert.equal(epochsToRepeat(known, 10, false, [0.099, 0.999]), 10);
  assert.equal(epochsToRepeat(known, 10, false, [0.1, 0.999]), 0);
});

const sum = (digit: string) => Sha256.parse(digit.repeat(64));
const claim = (result: TrialResult, digit = "a") => ({
  result,
  weights: result.outcome === "trained" ? sum(digit) : null,
});
const repetition = (epochs: readonly EpochMetrics[], digit = "a") =>
  ({ outcome: "trained", epochs, weights: sum(digit) }) as const;
const bits = { whole: true, same: true };
const backends = { whole: true, same: false };

Deno.test("compareRepetition: equal bits may differ in nothing but the time", () => {
  const epochs = trained(2).epochs.map((m) => ({ ...m, seconds: 99 }));
  assert.deepEqual(
    compareRepetition(claim(trained(2)), repetition(epochs), bits),
    [],
  );
  for (const name of epochFigures) {
    const off = epochs.map((m) => ({ ...m, [name]: m[name] + 1e-8 }));
    assert.match(
      compareRepetition(claim(trained(2)), repetition(off), bits)[0] ?? "",
      new RegExp(`epoch 1: ${name} is given as`),
    );
  }
});

Deno.test("compareRepetition: a whole repetition of equal bits has the same weights, one of an epoch does not", () => {
  const other = repetition(trained(2).epochs, "b");
  assert.deepEqual(compareRepetition(claim(trained(2)), other, bits), [
    "the final weights are other ones",
  ]);
  const first = repetition(trained(2).epochs.slice(0, 1), "b");
  const part = { whole: false, same: true };
  assert.deepEqual(compareRepetition(claim(trained(2)), first, part), []);
});

Deno.test("compareRepetition: whether and when a trial diverges must agree", () => {
  const diverged = (epochs: number): TrialResult => ({
    outcome: "diverged",
    epochs: trained(2).epochs.slice(0, epochs),
    backend: "simd",
    seconds: 1,
    divergedAtEpoch: epochs + 1,
  });
  const again = (epochs: number) =>
    ({
      outcome: "diverged",
      epochs: trained(2).epochs.slice(0, epochs),
      weights: null,
    }) as const;
  const found = (...args: Parameters<typeof compareRepetition>) =>
    compareRepetition(...args).length > 0;
  assert.ok(!found(claim(diverged(1)), again(1), bits));
  assert.ok(found(claim(diverged(1)), again(0), bits));
  assert.ok(found(claim(trained(2)), again(1), bits));
  for (const how of [bits, backends]) {
    assert.ok(found(claim(trained(2)), again(1), how));
    assert.ok(found(claim(diverged(1)), repetition(trained(2).epochs), how));
  }
  assert.ok(!found(claim(diverged(1)), again(0), backends));
});

/** Trials of the seed study on two backends: see the file's `source`. */
const measured: {
  readonly trials: readonly {
    readonly dropout1: number;
    readonly dropout2: number;
    readonly simd: readonly number[][];
    readonly wasm: readonly number[][];
  }[];
} = JSON.parse(
  await Deno.readTextFile(
    new URL("../../testing/studies/backend_drift.json", import.meta.url),
  ),
);

function epochsOf(rows: readonly number[][]): EpochMetrics[] {
  return rows.map((row, i) => ({
    ...epochMetrics(i + 1),
    ...Object.fromEntries(epochFigures.map((name, k) => [name, row[k]])),
  }));
}

const resultOf = (epochs: readonly EpochMetrics[]): TrialResult => ({
  ...trained(2),
  epochs: [...epochs],
});

const runs = measured.trials.map(({ dropout1, dropout2, simd, wasm }) => ({
  dropout1,
  dropout2,
  simd: epochsOf(simd),
  wasm: epochsOf(wasm),
}));

Deno.test("compareRepetition: no measured training is refused by another backend, in whole or in its first epoch", () => {
  assert.ok(runs.length >= 14);
  for (const { simd, wasm } of runs) {
    for (const [a, b] of [[simd, wasm], [wasm, simd]] as const) {
      const claimed = claim(resultOf(a));
      const first = { whole: false, same: false };
      assert.deepEqual(compareRepetition(claimed, repetition(b), backends), []);
      assert.deepEqual(
        compareRepetition(claimed, repetition(b.slice(0, 1)), first),
        [],
      );
    }
  }
});

Deno.test("compareRepetition: another backend's repetition refuses what was not trained", () => {
  const find = (dropout1: number, dropout2: number) => {
    const run = runs.find((r) =>
      r.dropout1 === dropout1 && r.dropout2 === dropout2
    );
    assert.ok(run);
    return run;
  };
  const [run, strong, without] = [find(0.2, 0.5), find(0.8, 0.3), find(0, 0)];
  const lies = {
    "no dropout after the first epoch": [strong.simd, [
      ...strong.wasm.slice(0, 1),
      ...without.wasm.slice(1),
    ]],
    "three epochs told as ten": [
      run.simd,
      Array.from(
        { length: 10 },
        (_, i) =>
          ({ ...run.wasm[Math.min(i, 2)], epoch: i + 1 }) as EpochMetrics,
      ),
    ],
    "weights that were fitted to the test images": [
      run.simd,
      run.wasm.map((m, i) =>
        i < 9 ? m : { ...m, testLoss: 0.05, testAccuracy: 0.9934 }
      ),
    ],
  } as const;
  for (const [name, [truth, told]] of Object.entries(lies)) {
    const found = compareRepetition(
      claim(resultOf(told)),
      repetition(truth),
      backends,
    );
    assert.ok(found.length > 0, name);
  }
});

Deno.test("sameBits: true only for our own kernels with the same rounding", () => {
  assert.ok(sameBits(simd, { ...simd }));
  const twice = { ...simd, backendDetail: "relaxed SIMD, rounding twice" };
  assert.ok(!sameBits(simd, twice));
  assert.ok(!sameBits(gpu, { ...gpu }));
  const untold = { ...simd, backendDetail: null };
  assert.ok(!sameBits(untold, { ...untold }), "unknown kernels are not equal");
});
