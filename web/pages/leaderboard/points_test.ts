import assert from "node:assert/strict";
import {
  assignColours,
  defaultPoints,
  MAX_CHOSEN,
  pointLabel,
  togglePoint,
} from "./points.ts";

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

Deno.test("defaultPoints gives numbers, names and lists the same weight", () => {
  assert.deepEqual(
    defaultPoints([
      { network: "layers", hiddenSizes: [64, 64] },
      { network: "layers", hiddenSizes: [256, 256] },
      { network: "fused", hiddenSizes: [256, 256] },
      { network: "fused", hiddenSizes: [64, 64] },
    ]),
    [
      "h_64x64-net_fused",
      "h_64x64-net_layers",
      "h_256x256-net_fused",
      "h_256x256-net_layers",
    ],
  );
});

Deno.test("pointLabel writes every digit of a value", () => {
  assert.equal(pointLabel({ dropout1: 0.2, dropout2: 0.5 }), "(0.2, 0.5)");
  assert.equal(pointLabel({ learningRate: 5e-5 }), "learning rate = 0.00005");
});

Deno.test("togglePoint removes the oldest point at the limit", () => {
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
