import assert from "node:assert/strict";
import { naturalLog, normalQuantile, uniform } from "./normal.ts";

function assertClose(actual: number, expected: number, relative: number) {
  const error = Math.abs(actual - expected);
  assert(
    error <= relative * Math.abs(expected),
    `${actual} is not within ${relative} of ${expected}`,
  );
}

Deno.test("normalQuantile gives the values that AS 241 prints", () => {
  // Wichura 1988, section "Accuracy": one value for each of the three ranges.
  assertClose(normalQuantile(0.25), -0.67448975019608171, 1e-15);
  assertClose(normalQuantile(0.001), -3.0902323061678132, 1e-15);
  assertClose(normalQuantile(1e-20), -9.262340089798408, 1e-15);
});

Deno.test("normalQuantile inverts the distribution function", () => {
  // Phi(z) as tabulated in Abramowitz and Stegun, table 26.1 (15 decimals).
  assertClose(normalQuantile(0.841344746068543), 1, 1e-14);
  assertClose(normalQuantile(0.977249868051821), 2, 1e-14);
  assertClose(normalQuantile(0.998650101968370), 3, 1e-12);
});

Deno.test("normalQuantile is odd around one half and increases", () => {
  assert.equal(normalQuantile(0.5), 0);
  let before = -Infinity;
  for (let i = 1; i < 4096; i++) {
    const p = i / 4096;
    const z = normalQuantile(p);
    assert(z > before, `not increasing at ${p}`);
    assert.equal(z + normalQuantile(1 - p), 0);
    before = z;
  }
});

Deno.test("normalQuantile refuses numbers outside (0, 1)", () => {
  for (const p of [0, 1, -0.1, 1.1, NaN, Infinity]) {
    assert.throws(() => normalQuantile(p), RangeError);
  }
});

Deno.test("naturalLog agrees with the engine's Math.log to the last digits", () => {
  assert.equal(naturalLog(1), 0);
  for (let i = 1; i < 20_000; i++) {
    const x = (i / 20_000) * 2 ** -(i % 64);
    assertClose(naturalLog(x), Math.log(x), 1e-15);
  }
});

Deno.test("uniform of any word lies inside (0, 1)", () => {
  assert.equal(uniform(0), 2 ** -33);
  assert.equal(uniform(0x8000_0000), 0.5 + 2 ** -33);
  assert.equal(uniform(0xffff_ffff), 1 - 2 ** -33);
});
