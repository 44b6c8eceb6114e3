import assert from "node:assert/strict";
import type { EpochMetrics, TrialResult } from "../../protocol/training.ts";
import {
  epochMetrics,
  smallStudy,
  trained,
} from "../../testing/lease/fixtures.ts";
import { checkResult } from "./check_result.ts";

const [spec] = smallStudy({ epochs: 3 }).trials;
assert.ok(spec);

function problems(
  result: TrialResult,
  reported: readonly EpochMetrics[] = [],
): string[] {
  assert.ok(spec);
  return checkResult(spec, result, reported);
}

/** A good result with its second epoch changed. */
function changed(change: Partial<EpochMetrics>): TrialResult {
  const result = trained(3);
  return {
    ...result,
    epochs: result.epochs.map((m) => m.epoch === 2 ? { ...m, ...change } : m),
  };
}

function diverged(finished: number, divergedAtEpoch: number): TrialResult {
  const { epochs, backend, seconds } = trained(3);
  return {
    outcome: "diverged",
    epochs: epochs.slice(0, finished),
    backend,
    seconds,
    divergedAtEpoch,
  };
}

Deno.test("checkResult: an honest result has no problems", () => {
  assert.deepEqual(problems(trained(3)), []);
  assert.deepEqual(
    problems(trained(3), [epochMetrics(1), epochMetrics(3)]),
    [],
  );
});

Deno.test("checkResult: an honest divergence has no problems", () => {
  assert.deepEqual(problems(diverged(0, 1)), []);
  assert.deepEqual(problems(diverged(2, 3), [epochMetrics(2)]), []);
});

Deno.test("checkResult: accepts PyTorch's figures of a hard point", () => {
  // Rates (0.8, 0.3), epoch 10, means of 5 seeds with PyTorch 1.13.1 on the
  // seed's concise model and recipe.
  const hard = {
    trainLoss: 0.5081,
    trainAccuracy: 0.8146,
    testLoss: 0.4924,
    testAccuracy: 0.8069,
  };
  assert.deepEqual(problems(changed(hard)), []);
});

Deno.test("checkResult: accepts a loss at chance level and a huge loss", () => {
  const chance = { testLoss: Math.LN10, testAccuracy: 0.1 };
  assert.deepEqual(problems(changed(chance)), []);
  assert.deepEqual(problems(changed({ trainLoss: 1e30 })), []);
});

const wrong: [RegExp, TrialResult][] = [
  [/every epoch: it has 2 of 3/, trained(2)],
  [/every epoch: it has 4 of 3/, trained(4)],
  [/not numbered .*: 5 is at position 2/, changed({ epoch: 5 })],
  [/not numbered .*: 1 is at position 2/, changed({ epoch: 1 })],
  [/recipe does not have: 4 of 3/, diverged(3, 4)],
  [/all earlier epochs: 1 finished, diverged in 3/, diverged(1, 3)],
  [/trainLoss is not a loss: NaN/, changed({ trainLoss: NaN })],
  [/testLoss is not a loss: Infinity/, changed({ testLoss: Infinity })],
  [
    /trainLossDropoutOff is not a loss: -1/,
    changed({ trainLossDropoutOff: -1 }),
  ],
  [/testLoss is not a loss: 1e\+39/, changed({ testLoss: 1e39 })],
  [/testAccuracy is not between 0 and 1/, changed({ testAccuracy: 1.01 })],
  [/trainAccuracy is not between 0 and 1/, changed({ trainAccuracy: NaN })],
  // With half of the answers wrong, the mean loss is at least ln 2 / 2 = 0.347
  // nats.
  [
    /testLoss 0.34 is lower than testAccuracy 0.5 allows/,
    changed({
      testLoss: 0.34,
      testAccuracy: 0.5,
    }),
  ],
  [
    /trainLoss 0 is lower than trainAccuracy 0.8 allows/,
    changed({
      trainLoss: 0,
      trainAccuracy: 0.8,
    }),
  ],
];

for (const [words, result] of wrong) {
  Deno.test(`checkResult: finds ${words.source}`, () => {
    const found = problems(result);
    assert.equal(found.length, 1, found.join("\n"));
    assert.match(found[0] ?? "", words);
  });
}

Deno.test("checkResult: the bound from the accuracy is tight", () => {
  const at = (testLoss: number) =>
    problems(changed({ testLoss, testAccuracy: 0.5 })).length;
  assert.equal(at(Math.LN2 / 2), 0);
  assert.equal(at(Math.LN2 / 2 - 0.002), 1);
});

Deno.test("checkResult: the result must contain the reported epochs", () => {
  const [first = ""] = problems(trained(3), [epochMetrics(2, 0.61)]);
  assert.match(first, /epoch 2: trainLoss was reported as 0.4575 and is 0.4/);
  assert.match(
    problems(diverged(1, 2), [epochMetrics(2)])[0] ?? "",
    /epoch 2 was reported but is missing in the result/,
  );
  // An epoch's duration is not compared.
  assert.deepEqual(
    problems(trained(3), [{ ...epochMetrics(1), seconds: 9 }]),
    [],
  );
});

Deno.test("checkResult: d2l's checks must match the last epoch", () => {
  const result = trained(3);
  assert.ok(result.outcome === "trained");
  for (const name of ["trainLoss", "trainAccuracy", "testAccuracy"] as const) {
    const checks = { ...result.checks, [name]: !result.checks[name] };
    const found = problems({ ...result, checks });
    assert.equal(found.length, 1);
    assert.match(found[0] ?? "", new RegExp(`check of ${name} is given`));
  }
});
