import assert from "node:assert/strict";
import type { Params } from "../protocol/study.ts";
import { meanOver, paired, swappedPairs } from "./study_data.ts";

Deno.test("paired: by replicate, leaving out what either side lacks", () => {
  assert.deepEqual(paired([3, NaN, 5, 7], [1, 1, NaN, 2]), [2, 5]);
  assert.deepEqual(paired([3, 7], [1, 2], -1), [-2, -5]);
  assert.deepEqual(paired([1, 2, 3], [1]), [0]);
});

Deno.test("paired: a side that diverged is infinitely worse, two say nothing", () => {
  assert.deepEqual(paired([Infinity, 1, Infinity], [1, Infinity, Infinity]), [
    Infinity,
    -Infinity,
  ]);
});

Deno.test("meanOver: replicates that one point lacks have no mean", () => {
  assert.deepEqual(meanOver([[1, 2, 3], [3, NaN, 5]]), [2, NaN, 4]);
  assert.deepEqual(meanOver([]), []);
});

Deno.test("swappedPairs: each pair once, the lower rate first; equal rates are no pair", () => {
  const point = ([dropout1, dropout2]: readonly [number, number]) => ({
    params: { dropout1, dropout2 },
    cells: [],
  });
  const rates = ({ dropout1, dropout2 }: Params) => [dropout1, dropout2];
  const pairs = swappedPairs(
    ([[0.5, 0.2], [0.3, 0.3], [0.2, 0.5], [0.1, 0.9], [0, 0.4], [
      0.4,
      0,
    ]] as const)
      .map(point),
  );
  assert.deepEqual(
    pairs.map(({ lowerFirst, higherFirst }) => [
      rates(lowerFirst.params),
      rates(higherFirst.params),
    ]),
    [[[0.2, 0.5], [0.5, 0.2]], [[0, 0.4], [0.4, 0]]],
  );
});
