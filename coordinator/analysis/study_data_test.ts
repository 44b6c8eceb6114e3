import assert from "node:assert/strict";
import { metricNames } from "../../protocol/metrics.ts";
import type { Params } from "../../protocol/study.ts";
import { trained } from "../../testing/lease/fixtures.ts";
import {
  type Cell,
  diverged,
  meanOver,
  paired,
  type PointData,
  trialFigures,
  valuesOf,
  withCell,
} from "./study_data.ts";
import { swappedPairs } from "./claims/swapped_pairs.ts";

Deno.test("paired: by replicate, without replicates that one side lacks", () => {
  assert.deepEqual(paired([3, NaN, 5, 7], [1, 1, NaN, 2]), [2, 5]);
  assert.deepEqual(paired([3, 7], [1, 2], -1), [-2, -5]);
  assert.deepEqual(paired([1, 2, 3], [1]), [0]);
});

Deno.test("paired: a diverged side is infinitely worse; if both diverged the pair is left out", () => {
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

Deno.test("withCell: the updated data equal newly computed ones", () => {
  const queued: Cell = { state: "queued", figures: null };
  const done = (loss: number): Cell => ({
    state: "completed",
    figures: trialFigures(trained(2, loss)),
  });
  const failed: Cell = {
    state: "completed",
    figures: trialFigures({
      ...trained(),
      outcome: "diverged",
      divergedAtEpoch: 2,
    }),
  };
  const changes: [number, Cell][] = [
    [1, done(0.4)],
    [0, failed],
    [2, done(0.7)],
    // A result that turned out to be false is withdrawn.
    [0, queued],
    [2, failed],
    [2, done(0.5)],
    [1, queued],
  ];
  let point: PointData = {
    params: { dropout1: 0.2, dropout2: 0.5 },
    cells: [queued, queued, queued],
  };
  const look = (at: PointData) => ({
    diverged: diverged(at),
    values: metricNames.map((metric) => [...valuesOf(at, metric)]),
  });
  for (const [replicate, cell] of changes) {
    const before = point;
    const seen = look(before);
    point = withCell(before, replicate, cell);
    assert.deepEqual(look(point), look({ ...point }));
    assert.deepEqual(look(before), seen);
  }
});
