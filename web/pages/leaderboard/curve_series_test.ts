import assert from "node:assert/strict";
import { tQuantile } from "../../../coordinator/analysis/statistics/distributions.ts";
import { seedLeaderboard } from "../../../tests/browser/fixture_leaderboard.ts";
import { bandFactor, curveSeries } from "./curve_series.ts";

const line = { key: "d1_0.2-d2_0.5", label: "(0.2, 0.5)", colour: 0 };

Deno.test("bandFactor of the 95% interval is Student's t divided by sqrt(n)", () => {
  for (const row of seedLeaderboard("complete").rows) {
    const factor = bandFactor(row, "ci") ?? NaN;
    const exact = tQuantile(0.975, 2) / Math.sqrt(3);
    assert.ok(Math.abs(factor / exact - 1) < 0.002, `${factor} ${exact}`);
  }
});

Deno.test("bandFactor is null without two replicates", () => {
  for (const row of seedLeaderboard("empty").rows) {
    assert.equal(bandFactor(row, "ci"), null);
  }
});

Deno.test("curveSeries keeps bands within possible values", () => {
  const [row] = seedLeaderboard("complete").rows;
  assert.ok(row);
  const wide = { ...row, curveSds: { ...row.curveSds, testAccuracy: [9, 9] } };
  const { band = [], values } = curveSeries(wide, "testAccuracy", "sd", line);
  assert.deepEqual(band[0], [0, 1]);
  assert.equal(band.length, values.length);
  assert.equal(band[5], null);
  assert.equal(curveSeries(row, "trainLoss", "none", line).band, undefined);
});
