import assert from "node:assert/strict";
import { builtinStudies, gridStudy, seedStudy } from "./builtin.ts";
import { planStudy } from "./plan.ts";

Deno.test("seedStudy: 15 points, each swapped pair complete, a control, 3 replicates", () => {
  const { trials } = planStudy(seedStudy);
  assert.equal(trials.length, 45);
  const keys = new Set(
    trials.map(({ params }) => `${params.dropout1},${params.dropout2}`),
  );
  assert.equal(keys.size, 15);
  for (
    const [a, b] of [[0.2, 0.5], [0.5, 0.8], [0.8, 0.3], [0.1, 0.3], [
      0.02,
      0.05,
    ]]
  ) {
    assert.ok(keys.has(`${a},${b}`) && keys.has(`${b},${a}`), `${a},${b}`);
  }
  assert.ok(keys.has("0,0"));
});

Deno.test("seedStudy: the recipe is the lesson's", () => {
  assert.deepEqual(seedStudy.recipe, {
    dropout1: 0,
    dropout2: 0,
    network: "fused",
    hiddenSizes: [256, 256],
    epochs: 10,
    batchSize: 256,
    learningRate: 0.5,
    weightDecay: 0,
    weightStd: 0.01,
  });
});

Deno.test("gridStudy: every pair of tenths below 1, once, without rounding dust", () => {
  const { trials } = planStudy(gridStudy);
  assert.equal(trials.length, 100);
  assert.ok(
    trials.some(({ trialId }) => trialId.endsWith("-d1_0.3-d2_0.7-r0")),
  );
  assert.ok(
    trials.every(({ trialId }) => /-d1_0(\.\d)?-d2_0(\.\d)?-/.test(trialId)),
  );
});

Deno.test("builtinStudies: keyed by id, titles in both languages", () => {
  assert.deepEqual([...builtinStudies.keys()], ["seed", "grid"]);
  for (const { title } of builtinStudies.values()) {
    assert.match(title.en, /[a-z]/);
    assert.match(title.zh ?? "", /\p{Script=Han}/u);
  }
});
