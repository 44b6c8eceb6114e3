import assert from "node:assert/strict";
import {
  axesLeaderboard,
  seedLeaderboard,
} from "../../../tests/browser/fixture_leaderboard.ts";
import { heldOrder, rowOrder, sortValue } from "./row_order.ts";
import { MetricName } from "../../../protocol/leaderboard.ts";
import { pointKey } from "./points.ts";

const { rows } = seedLeaderboard("running");
const byKey = new Map(rows.map((row) => [pointKey(row.params), row]));

Deno.test("rowOrder sorts each column both ways, with points without a figure last", () => {
  for (const key of ["replicates", "checks", ...MetricName.options] as const) {
    for (const descending of [false, true]) {
      const order = rowOrder(rows, key, descending);
      assert.equal(order.length, rows.length);
      const values = order.filter((name) => name !== "d1_0.5-d2_0.2").map(
        (name) => {
          const row = byKey.get(name);
          assert.ok(row !== undefined);
          return sortValue(row, key);
        },
      );
      const figures = values.filter((value) => value !== null);
      const expected = figures.toSorted((a, b) => descending ? b - a : a - b);
      assert.deepEqual(values.slice(0, figures.length), expected, key);
    }
  }
});

Deno.test("rowOrder puts a diverged point after all trained ones", () => {
  for (const key of ["trainLoss", "testAccuracy"] as const) {
    for (const descending of [false, true]) {
      const order = rowOrder(rows, key, descending);
      const trained = rows.filter(({ metrics }) => metrics[key].mean !== null);
      assert.equal(byKey.get("d1_0.5-d2_0.2")?.diverged, 1);
      assert.equal(order.indexOf("d1_0.5-d2_0.2"), trained.length - 1, key);
    }
  }
  assert.notEqual(
    rowOrder(rows, "dropout1", false).indexOf("d1_0.5-d2_0.2"),
    rows.length - 1,
  );
});

Deno.test("rowOrder breaks ties by the axes, for any order of the input", () => {
  assert.deepEqual(
    rowOrder(rows.toReversed(), "replicates", true),
    rowOrder(rows, "replicates", true),
  );
});

Deno.test("rowOrder sorts an axis by its values, both ways, and breaks ties by the others", () => {
  const { rows } = axesLeaderboard(
    {
      learningRate: [0.5, 0.00005, 0.1],
      hiddenSizes: [[256, 64], [64, 256]],
    },
    "complete",
    1,
  );
  const key = (rate: string, sizes: string) => `lr_${rate}-h_${sizes}`;
  const ascending = ["0.00005", "0.1", "0.5"].flatMap((rate) => [
    key(rate, "64x256"),
    key(rate, "256x64"),
  ]);
  assert.deepEqual(rowOrder(rows, "learningRate", false), ascending);
  assert.deepEqual(
    rowOrder(rows, "hiddenSizes", true),
    ascending.filter((key) => key.endsWith("256x64"))
      .concat(ascending.filter((key) => key.endsWith("64x256"))),
  );
  // An axis that the study does not vary has no effect.
  assert.deepEqual(rowOrder(rows, "network", true), ascending);
});

Deno.test("heldOrder keeps rows in place, drops removed ones and appends new ones", () => {
  assert.deepEqual(heldOrder(["a", "b", "c"], ["c", "d", "a"]), [
    "a",
    "c",
    "d",
  ]);
  assert.deepEqual(heldOrder([], ["x", "y"]), ["x", "y"]);
});
