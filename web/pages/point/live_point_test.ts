import assert from "node:assert/strict";
import type { PointView } from "../../../protocol/views.ts";
import { epochMetrics } from "../../../testing/lease/fixtures.ts";
import { seedLeaderboard } from "../../../tests/browser/fixture_leaderboard.ts";
import { trialsOf } from "../../../tests/browser/fixture_trial.ts";
import { withPointReport } from "./live_point.ts";

Deno.test("withPointReport changes only the running trial", () => {
  const board = seedLeaderboard("running");
  const row = board.rows.find((one) => one.replicatesRunning > 0);
  assert.ok(row !== undefined);
  const point: PointView = {
    studyId: board.study.id,
    title: board.study.title,
    recipe: board.study.recipe,
    row,
    trials: trialsOf({ ...board, rows: [row] }).map((trial) => ({
      ...trial,
      outcome: null,
      divergedAtEpoch: null,
      checks: null,
      epochs: [],
    })),
    swapped: null,
    comparisons: [],
  };
  for (const { trialId, state } of point.trials) {
    const { trials } = withPointReport(point, {
      trialId,
      metrics: epochMetrics(1),
    });
    assert.deepEqual(
      trials.filter((trial) =>
        trial.epochsDone === 1 && trial.epochs.length > 0
      )
        .map((trial) => trial.trialId),
      state === "leased" ? [trialId] : [],
    );
  }
  assert.ok(point.trials.some((trial) => trial.state === "leased"));
});
