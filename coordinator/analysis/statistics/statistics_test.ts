import assert from "node:assert/strict";
import {
  columnMoments,
  estimate,
  finiteMoments,
  halfWidth,
  holm,
  moments,
  oneSided,
  outside,
  replicatesToShow,
  tost,
  twoSided,
} from "./statistics.ts";

function near(actual: number, expected: number, tolerance: number) {
  assert.ok(
    Math.abs(actual - expected) <= tolerance,
    `${actual} is not ${expected} within ${tolerance}`,
  );
}

// Student's sleep data, drug 2 less drug 1: Student (1908), Biometrika 6, 1-25.
const sleep = [1.2, 2.4, 1.3, 1.3, 0, 1.0, 1.8, 0.8, 4.6, 1.4];

Deno.test("estimate: Student's sleep data as R's t.test has them", () => {
  // R 4: t.test(sleep2 - sleep1): mean 1.58, 95% CI 0.7001142 to 2.4598858.
  const { n, mean, low, high } = estimate(sleep);
  assert.equal(n, 10);
  assert.equal(mean, 1.58);
  assert.equal(low, 0.700114);
  assert.equal(high, 2.459886);
});

Deno.test("finiteMoments: ignores values that are not finite", () => {
  const mixed = [NaN, ...sleep, Infinity, -Infinity];
  assert.deepEqual(finiteMoments(mixed), moments(sleep));
  assert.deepEqual(finiteMoments([NaN]), { n: 0, mean: NaN, sd: NaN });
});

Deno.test("columnMoments: the moments of the first columns", () => {
  const rows = sleep.map((value, i) => [value, 1e6 + value * 1e-3, i, 0]);
  columnMoments(rows, 3).forEach(({ n, mean, sd }, column) => {
    const expected = moments(rows.map((row) => row[column] ?? NaN));
    assert.equal(n, expected.n);
    near(mean, expected.mean, 1e-9);
    near(sd, expected.sd, 1e-9);
  });
  assert.deepEqual(columnMoments([[3, 4], [3, 5]], 1), [
    { n: 2, mean: 3, sd: 0 },
  ]);
  assert.deepEqual(columnMoments([[7]], 1), [{ n: 1, mean: 7, sd: NaN }]);
});

Deno.test("estimate: one value has no interval, none has no mean", () => {
  assert.deepEqual(estimate([0.5]), {
    n: 1,
    mean: 0.5,
    sd: null,
    low: null,
    high: null,
  });
  assert.equal(estimate([]).mean, null);
  assert.equal(estimate([]).n, 0);
});

Deno.test("estimate: the interval of three values is 4.303 standard errors wide", () => {
  const { mean, sd, low, high } = estimate([1, 2, 3]);
  assert.deepEqual([mean, sd], [2, 1]);
  near(high ?? NaN, 2 + 4.302653 / Math.sqrt(3), 1e-5);
  near(low ?? NaN, 2 - 4.302653 / Math.sqrt(3), 1e-5);
});

Deno.test("moments: rounding errors do not count as spread", () => {
  assert.equal(moments([0.1 + 0.2, 0.3, 0.3]).sd, 0);
});

Deno.test("halfWidth: NaN with fewer than two values", () => {
  assert.ok(Number.isNaN(halfWidth(moments([1]))));
});

Deno.test("twoSided: Student's sleep data as R's t.test has them", () => {
  // R 4: t = 4.0621, df = 9, p-value = 0.002833.
  near(twoSided(sleep), 0.002833, 5e-7);
});

Deno.test("oneSided: the two tails of one test", () => {
  const { above, below } = oneSided(sleep, 0);
  near(above, 0.002833 / 2, 5e-7);
  near(above + below, 1, 1e-12);
  const mirrored = oneSided(sleep.map((value) => -value), 0);
  near(mirrored.below, above, 1e-12);
});

Deno.test("oneSided: tests nothing with fewer than two values", () => {
  assert.deepEqual(oneSided([5], 0), { above: 1, below: 1 });
  assert.deepEqual(oneSided([], 0), { above: 1, below: 1 });
});

Deno.test("oneSided: uses the sign test for equal values", () => {
  assert.deepEqual(oneSided([2, 2, 2], 0), { above: 1 / 8, below: 1 });
  assert.deepEqual(oneSided([0, 0, 0], 0), { above: 1, below: 1 });
});

Deno.test("oneSided: an infinite difference counts by its sign", () => {
  const { above } = oneSided([Infinity, Infinity, 0.1, 0.2, 0.1], 0);
  assert.equal(above, 1 / 32);
  const mixed = oneSided([Infinity, -0.1], 0);
  assert.equal(mixed.above, 3 / 4);
});

Deno.test("tost: the larger of the two one-sided tests at the margins", () => {
  const values = [0.001, -0.002, 0.002, 0.0005, -0.001];
  const p = tost(values, 0.01);
  // mean 0.0001, sd 0.00161, n 5: t = (0.01 - 0.0001) / 0.00072 = 13.7.
  near(p, oneSided(values, 0.01).below, 1e-15);
  assert.ok(p < 0.0001);
  assert.ok(tost(values, 0.0005) > 0.05);
});

Deno.test("outside: small only if the mean is beyond the margin", () => {
  const values = [0.031, 0.028, 0.033, 0.03, 0.029];
  assert.ok(outside(values, 0.01) < 0.001);
  assert.equal(outside(values, 0.05), 1);
  assert.ok(outside(values, 0.0302) > 0.5);
  near(
    outside(values.map((value) => -value), 0.01),
    outside(values, 0.01),
    1e-12,
  );
});

Deno.test("holm: as R's p.adjust, in the input's order", () => {
  // R 4: p.adjust(c(0.04, 0.01, 0.03, 0.02, 0.05), "holm").
  const adjusted = holm([0.04, 0.01, 0.03, 0.02, 0.05]).map(({ p }) =>
    Number(p.toFixed(6))
  );
  assert.deepEqual(adjusted, [0.09, 0.05, 0.09, 0.08, 0.09]);
});

Deno.test("holm: is never above 1 and returns the factor", () => {
  const adjusted = holm([0.9, 0.001, 0.8]);
  assert.deepEqual(adjusted.map(({ p }) => p), [1, 0.003, 1]);
  assert.deepEqual(adjusted.map(({ multiplier }) => multiplier), [1, 3, 2]);
});

Deno.test("replicatesToShow: as R's power.t.test, rounded up", () => {
  // R 4: power.t.test(delta = d, sd = 1, power = 0.8, type = "one.sample"):
  // n = 9.94 for d = 1, 33.37 for d = 0.5 (alpha 0.05, two-sided).
  const needed = (distance: number) =>
    replicatesToShow({ distance, sd: 1, alpha: 0.025, power: 0.8 });
  assert.equal(needed(1), 10);
  assert.equal(needed(0.5), 34);
});

Deno.test("replicatesToShow: null above 200 replicates and without a distance", () => {
  const base = { sd: 1, alpha: 0.025, power: 0.8 };
  assert.equal(replicatesToShow({ ...base, distance: 0.1 }), null);
  assert.equal(replicatesToShow({ ...base, distance: 0 }), null);
  assert.equal(replicatesToShow({ ...base, distance: -1 }), null);
  assert.equal(replicatesToShow({ ...base, distance: 1, sd: 0 }), null);
  assert.equal(replicatesToShow({ ...base, distance: NaN }), null);
});
