import assert from "node:assert/strict";
import type { EpochMetrics, TrialResult } from "../../protocol/training.ts";
import { trialFigures } from "./study_data.ts";

function epoch(number: number, over: Partial<EpochMetrics> = {}): EpochMetrics {
  return {
    epoch: number,
    trainLoss: 1 / number,
    trainAccuracy: 0.8,
    trainLossDropoutOff: 0.3,
    testLoss: 0.4,
    testAccuracy: 0.85,
    seconds: 1,
    ...over,
  };
}

function trained(epochs: EpochMetrics[]): TrialResult {
  return {
    outcome: "trained",
    epochs,
    backend: "cpu",
    seconds: 1,
    checks: { trainLoss: true, trainAccuracy: true, testAccuracy: true },
  };
}

Deno.test("trialFigures: final figures, gap, area and the epoch below one half", () => {
  const { metrics, passedChecks, diverged } = trialFigures(
    trained([1, 2, 3, 4].map((number) => epoch(number))),
  );
  assert.equal(metrics.trainLoss, 0.25);
  assert.ok(Math.abs(metrics.generalisationGap - 0.1) < 1e-12);
  assert.ok(
    Math.abs(metrics.lossArea - (1 + 1 / 2 + 1 / 3 + 1 / 4) / 4) < 1e-12,
  );
  // 1/2 is not above one half.
  assert.equal(metrics.epochsToHalf, 2);
  assert.ok(passedChecks);
  assert.ok(!diverged);
});

Deno.test("trialFigures: the fluctuation is of changes in the last half", () => {
  const accuracies = [0.1, 0.9, 0.5, 0.8, 0.81, 0.83];
  const { metrics } = trialFigures(
    trained(
      accuracies.map((testAccuracy, i) => epoch(i + 1, { testAccuracy })),
    ),
  );
  // Changes that end in epochs 4 to 6: 0.3, 0.01, 0.02; their mean is 0.11.
  const expected = Math.sqrt((0.19 ** 2 + 0.1 ** 2 + 0.09 ** 2) / 2);
  assert.ok(Math.abs(metrics.testAccuracyFluctuation - expected) < 1e-12);
});

Deno.test("trialFigures: too few epochs have no fluctuation", () => {
  const two = trialFigures(trained([epoch(1), epoch(2)]));
  assert.ok(Number.isNaN(two.metrics.testAccuracyFluctuation));
});

Deno.test("trialFigures: a loss that stays above one half has no epoch to one half", () => {
  const { metrics, passedLossCheck, passedChecks } = trialFigures(
    trained([epoch(1, { trainLoss: 0.9 }), epoch(2, { trainLoss: 0.51 })]),
  );
  assert.ok(Number.isNaN(metrics.epochsToHalf));
  assert.ok(!passedLossCheck && !passedChecks);
});

Deno.test("trialFigures: a diverged trial has no figures and passes no check", () => {
  const figures = trialFigures({
    outcome: "diverged",
    epochs: [epoch(1)],
    backend: "cpu",
    seconds: 1,
    divergedAtEpoch: 2,
  });
  assert.ok(figures.diverged);
  assert.ok(Object.values(figures.metrics).every(Number.isNaN));
  assert.ok(!figures.passedChecks);
  assert.deepEqual(figures.curves.trainLoss, [1]);
});
