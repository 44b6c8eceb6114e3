import assert from "node:assert/strict";
import { LOSS_MARGIN } from "../../../protocol/metrics.ts";
import { tost, twoSided } from "../statistics/statistics.ts";
import { pairTests, swappedPairs } from "./swapped_pairs.ts";
import {
  normals,
  simulateStudy,
} from "../../../testing/studies/simulated_study.ts";

const population = { trainLoss: { mean: 0.3, sd: 0.01 } };
const points = simulateStudy(
  {
    points: [[0.2, 0.5], [0.5, 0.2], [0.1, 0.3], [0.3, 0.1]].map((
      [dropout1 = 0, dropout2 = 0],
    ) => ({ params: { dropout1, dropout2 }, metrics: population })),
    shared: 0.3,
  },
  5,
  normals(3),
);

Deno.test("pairTests: only pairs of a changed point are computed again", () => {
  const before = swappedPairs(points);
  const changed = points.with(0, {
    params: points[0]?.params ?? { dropout1: 0, dropout2: 0 },
    cells: points[0]?.cells.slice(0, 4) ?? [],
  });
  const after = swappedPairs(changed);
  assert.equal(after[1], before[1]);
  assert.notEqual(after[0], before[0]);
  const [first, second] = [before[0], after[0]];
  assert.ok(first && second);
  const test = (pair: typeof first) =>
    pairTests(pair, "trainLoss", LOSS_MARGIN);
  assert.equal(test(first).differences.length, 5);
  assert.equal(test(second).differences.length, 4);
  assert.equal(test(first), test(first));
});

Deno.test("pairTests: p-values are of the differences, for the given margin", () => {
  const [pair] = swappedPairs(points);
  assert.ok(pair);
  for (const margin of [0.001, LOSS_MARGIN, 0.5]) {
    const { differences, none, equivalent } = pairTests(
      pair,
      "trainLoss",
      margin,
    );
    assert.equal(none, twoSided(differences));
    assert.equal(equivalent, tost(differences, margin));
  }
});
