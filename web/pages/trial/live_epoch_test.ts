import assert from "node:assert/strict";
import { epochMetrics } from "../../../testing/lease/fixtures.ts";
import { trialFixture } from "../../../tests/browser/fixture_trial.ts";
import { lineOf, withEpoch, withReport } from "./live_epoch.ts";

Deno.test("withEpoch sorts by epoch and keeps the first report of an epoch", () => {
  const epochs = withEpoch([epochMetrics(1), epochMetrics(3)], epochMetrics(2));
  assert.deepEqual(epochs.map((e) => e.epoch), [1, 2, 3]);
  assert.deepEqual(withEpoch(epochs, epochMetrics(2, 0.9)), epochs);
});

Deno.test("withReport changes only a running attempt", () => {
  const trial = trialFixture({ attempts: ["expired", "running"] });
  const grown = withReport(trial, epochMetrics(1));
  assert.deepEqual(grown.attempts.map((a) => a.epochs.length), [0, 1]);
  assert.equal(grown.epochsDone, 1);
  const ended = trialFixture({ attempts: ["expired"] });
  assert.equal(withReport(ended, epochMetrics(1)), ended);
});

Deno.test("lineOf ends at a missing report", () => {
  const epochs = [1, 2, 4].map((epoch) => epochMetrics(epoch));
  assert.deepEqual(
    lineOf(epochs, "trainLoss"),
    epochs.slice(0, 2).map((e) => e.trainLoss),
  );
  assert.deepEqual(lineOf(epochs.slice(1), "testLoss"), []);
});
