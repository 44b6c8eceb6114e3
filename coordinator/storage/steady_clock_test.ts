import assert from "node:assert/strict";
import { steadyClock } from "./open_storage.ts";

function clocks() {
  const hands = { wall: 1_000_000, monotonic: 5 };
  const now = steadyClock(() => hands.wall, () => hands.monotonic);
  return {
    now,
    /** Lets time pass; `leap` is an additional change of the wall clock. */
    pass(milliseconds: number, leap = 0): number {
      hands.monotonic += milliseconds;
      hands.wall += milliseconds + leap;
      return now();
    },
  };
}

Deno.test("steadyClock: shows the wall clock's time while it is not set", () => {
  const { now, pass } = clocks();
  assert.equal(now(), 1_000_000);
  assert.equal(pass(250), 1_000_250);
  assert.equal(pass(0.75), 1_000_250);
});

Deno.test("steadyClock: continues when the wall clock is set back", () => {
  const { pass } = clocks();
  assert.equal(pass(1000, -3_600_000), 1_001_000);
  assert.equal(pass(1000), 1_002_000);
  // The wall clock is set forward again: no jump.
  assert.equal(pass(1000, 3_600_000), 1_003_000);
});

Deno.test("steadyClock: jumps forward with the wall clock", () => {
  const { pass } = clocks();
  assert.equal(pass(1000, 3_600_000), 4_601_000);
  assert.equal(pass(1000), 4_602_000);
});
