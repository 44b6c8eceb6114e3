import { pointKey } from "../../../protocol/grid_point.ts";
import assert from "node:assert/strict";
import {
  gridLeaderboard,
  seedLeaderboard,
} from "../../../tests/browser/fixture_leaderboard.ts";
import { HEAT_STEPS, heatmapOf, heatStep } from "./heatmap_model.ts";

Deno.test("heatStep spreads values over all steps, ends included", () => {
  assert.equal(heatStep(0.3, [0.3, 0.5]), 0);
  assert.equal(heatStep(0.5, [0.3, 0.5]), HEAT_STEPS - 1);
  assert.equal(heatStep(0.4, [0.3, 0.5]), Math.floor(HEAT_STEPS / 2));
  assert.equal(heatStep(0.4, [0.4, 0.4]), Math.floor(HEAT_STEPS / 2));
});

Deno.test("heatmapOf tells value, running, to go, failed and absent apart", () => {
  const map = heatmapOf(seedLeaderboard("running").rows, "trainLoss");
  const state = (key: string) => map.cells.get(key)?.state;
  assert.equal(state("d1_0.2-d2_0.5"), "value");
  assert.equal(state("d1_0.05-d2_0.02"), "running");
  assert.equal(state("d1_0.8-d2_0.5"), "failed");
  assert.equal(state("d1_0.1-d2_0.1"), undefined);
  const before = heatmapOf(seedLeaderboard("empty").rows, "trainLoss");
  assert.equal(before.cells.get("d1_0.2-d2_0.5")?.state, "queued");
  assert.equal(before.extent, null);
});

Deno.test("heatmapOf colours no mean of what a diverged replicate left over", () => {
  const { rows } = seedLeaderboard("running");
  const cell = heatmapOf(rows, "trainLoss").cells.get("d1_0.5-d2_0.2");
  assert.equal(cell?.row.diverged, 1);
  assert.notEqual(cell?.row.metrics.trainLoss.mean, null);
  assert.deepEqual([cell?.state, cell?.value, cell?.step], [
    "failed",
    null,
    null,
  ]);
});

Deno.test("heatmapOf: a point that trained and lacks a figure has not failed", () => {
  const { rows } = seedLeaderboard("complete");
  const never = rows.filter(({ metrics }) =>
    metrics.epochsToHalf.mean === null
  );
  assert.ok(never.length > 0);
  const map = heatmapOf(rows, "epochsToHalf");
  for (const { params } of never) {
    const key = pointKey(params);
    assert.equal(map.cells.get(key)?.state, "none", key);
  }
});

Deno.test("heatmapOf orders the rates along both sides", () => {
  const map = heatmapOf(gridLeaderboard(3).rows, "testAccuracy");
  assert.deepEqual(map.rates1, [0, 0.333, 0.667]);
  assert.deepEqual(map.rates2, [0, 0.333, 0.667]);
  assert.equal(map.cells.size, 9);
});
