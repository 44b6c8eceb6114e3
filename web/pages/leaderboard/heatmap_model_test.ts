import assert from "node:assert/strict";
import type {
  LeaderboardRow,
  MetricName,
} from "../../../protocol/leaderboard.ts";
import type { Params } from "../../../protocol/recipe.ts";
import {
  axesLeaderboard,
  gridLeaderboard,
  seedLeaderboard,
} from "../../../tests/browser/fixture_leaderboard.ts";
import { axesOf, formatValue } from "./axes.ts";
import { HEAT_STEPS, heatmapOf, heatStep } from "./heatmap_model.ts";
import { pointKey } from "./points.ts";
import { defaultViewState, type ViewState } from "./view_state.ts";

/** The heatmap of these rows, and its cells by point key. */
function mapOf(
  rows: readonly LeaderboardRow[],
  metric: MetricName,
  view: Partial<ViewState> = {},
) {
  const axes = axesOf(rows.map(({ params }) => params));
  const map = heatmapOf(rows, axes, { ...defaultViewState, ...view, metric });
  assert.ok(map !== null);
  const cells = map.cells.flat().filter((cell) => cell !== null);
  const byKey = new Map(cells.map((cell) => [cell.key, cell]));
  return { map, cell: (params: Params) => byKey.get(pointKey(params)) };
}

const at = (dropout1: number, dropout2: number) => ({ dropout1, dropout2 });

Deno.test("heatStep spreads values over all steps, including the ends", () => {
  assert.equal(heatStep(0.3, [0.3, 0.5]), 0);
  assert.equal(heatStep(0.5, [0.3, 0.5]), HEAT_STEPS - 1);
  assert.equal(heatStep(0.4, [0.3, 0.5]), Math.floor(HEAT_STEPS / 2));
  assert.equal(heatStep(0.4, [0.4, 0.4]), Math.floor(HEAT_STEPS / 2));
});

Deno.test("heatmapOf tells value, running, queued, failed and absent apart", () => {
  const { cell } = mapOf(seedLeaderboard("running").rows, "trainLoss");
  assert.equal(cell(at(0.2, 0.5))?.state, "value");
  assert.equal(cell(at(0.05, 0.02))?.state, "running");
  assert.equal(cell(at(0.8, 0.5))?.state, "failed");
  assert.equal(cell(at(0.1, 0.1)), undefined);
  const before = mapOf(seedLeaderboard("empty").rows, "trainLoss");
  assert.equal(before.cell(at(0.2, 0.5))?.state, "queued");
  assert.equal(before.map.extent, null);
});

Deno.test("heatmapOf shows no mean if a replicate diverged", () => {
  const { rows } = seedLeaderboard("running");
  const cell = mapOf(rows, "trainLoss").cell(at(0.5, 0.2));
  assert.equal(cell?.row.diverged, 1);
  assert.notEqual(cell?.row.metrics.trainLoss.mean, null);
  assert.deepEqual([cell?.state, cell?.value, cell?.step], [
    "failed",
    null,
    null,
  ]);
});

Deno.test("heatmapOf: a trained point without a figure has not failed", () => {
  const { rows } = seedLeaderboard("complete");
  const never = rows.filter(({ metrics }) =>
    metrics.epochsToHalf.mean === null
  );
  assert.ok(never.length > 0);
  const { cell } = mapOf(rows, "epochsToHalf");
  for (const { params } of never) {
    assert.equal(cell(params)?.state, "none", pointKey(params));
  }
});

Deno.test("heatmapOf orders the rates along both sides", () => {
  const { map } = mapOf(gridLeaderboard(3).rows, "testAccuracy");
  assert.deepEqual(map.down, { axis: "dropout1", values: [0, 0.333, 0.667] });
  assert.deepEqual(map.across, { axis: "dropout2", values: [0, 0.333, 0.667] });
  assert.equal(map.cells.flat().filter((cell) => cell !== null).length, 9);
  assert.deepEqual(map.held, []);
});

const three = axesLeaderboard({
  dropout1: [0, 0.5],
  learningRate: [0.5, 0.00005],
  hiddenSizes: [[256, 64], [64, 256], [64, 64]],
}).rows;

Deno.test("heatmapOf draws two axes and fixes each other axis at a value", () => {
  const { map, cell } = mapOf(three, "trainLoss");
  assert.deepEqual([map.down.axis, map.across.axis], [
    "dropout1",
    "learningRate",
  ]);
  assert.deepEqual(
    map.held.map(({ axis, values, value }) => [
      axis,
      values.map(formatValue),
      formatValue(value),
    ]),
    [["hiddenSizes", ["64x64", "64x256", "256x64"], "64x64"]],
  );
  // A cell is one grid point, with its own mean.
  const params: Params = {
    dropout1: 0.5,
    learningRate: 0.00005,
    hiddenSizes: [64, 64],
  };
  const row = three.find((row) => pointKey(row.params) === pointKey(params));
  assert.equal(cell(params)?.value, row?.metrics.trainLoss.mean);
  assert.equal(cell({ ...params, hiddenSizes: [64, 256] }), undefined);
});

Deno.test("heatmapOf draws the chosen axes and slice", () => {
  const sides = (view: Partial<ViewState>) => {
    const { down, across, held } = mapOf(three, "trainLoss", view).map;
    return [down.axis, across.axis, ...held.map(({ value }) => value)];
  };
  assert.deepEqual(
    sides({ down: "hiddenSizes", slice: { learningRate: 0.5 } }),
    ["hiddenSizes", "dropout1", 0.5],
  );
  assert.deepEqual(sides({ across: "dropout1" }).slice(0, 2), [
    "learningRate",
    "dropout1",
  ]);
  // Unknown axes and values are ignored.
  assert.deepEqual(
    sides({ down: "network", across: "epochs", slice: { learningRate: 9 } }),
    sides({}),
  );
  assert.deepEqual(
    sides({ down: "learningRate", across: "learningRate" }).slice(0, 2),
    ["learningRate", "dropout1"],
  );
});

Deno.test("heatmapOf returns null for less than two axes", () => {
  assert.equal(heatmapOf(three, ["dropout1"], defaultViewState), null);
  assert.equal(heatmapOf([], [], defaultViewState), null);
});
