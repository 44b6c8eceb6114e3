import assert from "node:assert/strict";
import {
  chiSquareUpperTail,
  headsTail,
  normalQuantile,
  tCdf,
  tQuantile,
  tUpperTail,
} from "./distributions.ts";

function near(actual: number, expected: number, relative = 1e-6) {
  assert.ok(
    Math.abs(actual - expected) <= relative * Math.abs(expected),
    `${actual} is not ${expected}`,
  );
}

Deno.test("tQuantile: the tabled values of Student's t", () => {
  // NIST/SEMATECH e-Handbook of Statistical Methods, section 1.3.6.7.2.
  const table = [
    [1, 0.975, 12.706],
    [2, 0.95, 2.920],
    [2, 0.975, 4.303],
    [2, 0.999, 22.327],
    [4, 0.95, 2.132],
    [4, 0.975, 2.776],
    [4, 0.995, 4.604],
    [9, 0.975, 2.262],
    [28, 0.99, 2.467],
    [100, 0.975, 1.984],
  ] as const;
  for (const [df, p, value] of table) {
    assert.equal(Number(tQuantile(p, df).toFixed(3)), value);
    assert.equal(tQuantile(1 - p, df).toFixed(3), (-value).toFixed(3));
  }
});

Deno.test("tCdf: the closed forms for 1, 2 and 4 degrees of freedom", () => {
  // Abramowitz & Stegun, 26.7.3 and 26.7.4.
  for (const x of [-50, -4.3, -1, -0.2, 0, 0.2, 1, 4.3, 50]) {
    near(tCdf(x, 1), 0.5 + Math.atan(x) / Math.PI);
    near(tCdf(x, 2), 0.5 + x / (2 * Math.sqrt(2 + x * x)));
    const s = x / Math.sqrt(4 + x * x);
    near(tCdf(x, 4), 0.5 + 0.75 * (s - (s ** 3) / 3));
  }
});

Deno.test("tUpperTail: is precise where 1 - cdf would be 0", () => {
  // For 2 degrees of freedom the tail is 1 / (2 x^2) to first order.
  near(tUpperTail(1e5, 2), 5e-11, 1e-4);
  near(tUpperTail(-1, 2), tCdf(1, 2));
});

Deno.test("tCdf: is the inverse of tQuantile", () => {
  for (const df of [1, 2, 3, 4, 9, 30]) {
    for (const p of [0.0005, 0.01, 0.3, 0.5, 0.9, 0.999]) {
      near(tCdf(tQuantile(p, df), df), p);
    }
  }
});

Deno.test("headsTail: equals counting", () => {
  assert.equal(headsTail(0, 5), 1);
  assert.equal(headsTail(5, 5), 1 / 32);
  assert.equal(headsTail(4, 5), 6 / 32);
  assert.equal(headsTail(6, 5), 0);
  near(headsTail(30, 60), 0.5 + 0.10257816 / 2, 1e-6);
});

Deno.test("chiSquareUpperTail and normalQuantile: tabled values", () => {
  // NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.4 and 1.3.6.7.1.
  for (
    const [x, freedom, tail] of [
      [3.841, 1, 0.05],
      [18.307, 10, 0.05],
      [29.588, 10, 0.001],
      [124.342, 100, 0.05],
    ] as const
  ) {
    const found = chiSquareUpperTail(x, freedom);
    assert.ok(Math.abs(found / tail - 1) < 1e-3, `${x} ${freedom}: ${found}`);
  }
  assert.equal(chiSquareUpperTail(0, 3), 1);
  assert.ok(Math.abs(normalQuantile(0.975) - 1.959964) < 1e-5);
  assert.ok(Math.abs(normalQuantile(0.75) - 0.67449) < 1e-4);
});
