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
  assert.deepEqual(parsePoint("0,1"), { dropout1: 0, dropout2: 1 });
  for (const bad of ["", "0.2", "0.2,", ",0.2", "0.2,1.5", "a,b", "1,2,3"]) {
    assert.equal(parsePoint(bad), null, bad);
  }
});

Deno.test("defaultPoints spreads four points from the lowest rates to the highest", () => {
  const points = [0.9, 0.1, 0.5, 0.3, 0.7, 0, 0.6]
    .map((rate) => ({ dropout1: rate, dropout2: rate }));
  assert.deepEqual(defaultPoints(points), [
    "0,0",
    "0.3,0.3",
    "0.6,0.6",
    "0.9,0.9",
  ]);
  assert.deepEqual(defaultPoints(points.slice(0, 1)), ["0.9,0.9"]);
  assert.deepEqual(defaultPoints([]), []);
});

Deno.test("togglePoint drops the oldest beyond the limit", () => {
  const full = Array.from({ length: MAX_CHOSEN }, (_, i) => `0.${i},0`);
  assert.deepEqual(togglePoint(full, "1,1"), [...full.slice(1), "1,1"]);
  assert.deepEqual(togglePoint(["0,0", "1,1"], "0,0"), ["1,1"]);
});

Deno.test("assignColours keeps a point's colour and reuses freed ones", () => {
  const first = assignColours(["a", "b", "c"], new Map());
  assert.deepEqual([...first], [["a", 0], ["b", 1], ["c", 2]]);
  const second = assignColours(["c", "d"], first);
  assert.deepEqual([...second], [["c", 2], ["d", 0]]);
});
