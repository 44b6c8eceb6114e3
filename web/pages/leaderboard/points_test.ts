import assert from "node:assert/strict";
import {
  assignColours,
  defaultPoints,
  MAX_CHOSEN,
  parsePoint,
  pointKey,
  togglePoint,
} from "./points.ts";

Deno.test("parsePoint reads what pointKey wrote and refuses the rest", () => {
  const params = { dropout1: 0.02, dropout2: 0.5 };
  assert.deepEqual(parsePoint(pointKey(params)), params);
  assert.deepEqual(parsePoint("d1_0-d2_1"), { dropout1: 0, dropout2: 1 });
  for (
    const bad of ["", "0.2", "0.2,", ",0.2", "d1_0.2-d2_1.5", "a,b", "1,2,3"]
  ) {
    assert.equal(parsePoint(bad), null, bad);
  }
});

Deno.test("defaultPoints spreads four points from the lowest rates to the highest", () => {
  const points = [0.9, 0.1, 0.5, 0.3, 0.7, 0, 0.6]
    .map((rate) => ({ dropout1: rate, dropout2: rate }));
  assert.deepEqual(defaultPoints(points), [
    "d1_0-d2_0",
    "d1_0.3-d2_0.3",
    "d1_0.6-d2_0.6",
    "d1_0.9-d2_0.9",
  ]);
  assert.deepEqual(defaultPoints(points.slice(0, 1)), ["d1_0.9-d2_0.9"]);
  assert.deepEqual(defaultPoints([]), []);
});

Deno.test("togglePoint drops the oldest beyond the limit", () => {
  const full = Array.from({ length: MAX_CHOSEN }, (_, i) => `d1_0.${i}-d2_0`);
  assert.deepEqual(togglePoint(full, "d1_1-d2_1"), [
    ...full.slice(1),
    "d1_1-d2_1",
  ]);
  assert.deepEqual(togglePoint(["d1_0-d2_0", "d1_1-d2_1"], "d1_0-d2_0"), [
    "d1_1-d2_1",
  ]);
});

Deno.test("assignColours keeps a point's colour and reuses freed ones", () => {
  const first = assignColours(["a", "b", "c"], new Map());
  assert.deepEqual([...first], [["a", 0], ["b", 1], ["c", 2]]);
  const second = assignColours(["c", "d"], first);
  assert.deepEqual([...second], [["c", 2], ["d", 0]]);
});
