import assert from "node:assert/strict";
import { StudyDefinition, TrialSpec } from "../../protocol/study.ts";
import { gridStudy, seedStudy } from "./builtin.ts";
import { InvalidStudy, studyPoints } from "./points.ts";
import { planStudy, recipeFingerprint } from "./plan.ts";

const rates = ["dropout1", "dropout2"] as const;
const points = [
  { dropout1: 0.2, dropout2: 0.5 },
  { dropout1: 0.5, dropout2: 0.2 },
];

Deno.test("planStudy: replicate 0 of every point comes first", () => {
  const { trials } = planStudy(seedStudy, { points, replicates: 2 });
  assert.deepEqual(
    trials.map(({ params, replicate }) => [params.dropout1, replicate]),
    [[0.2, 0], [0.5, 0], [0.2, 1], [0.5, 1]],
  );
});

Deno.test("planStudy: each trial fits the protocol and its id is its own", () => {
  const { trials } = planStudy(seedStudy);
  const ids = new Set<string>();
  for (const trial of trials) ids.add(TrialSpec.parse(trial).trialId);
  assert.equal(ids.size, trials.length);
});

Deno.test("planStudy: a trial's id spells study, recipe, rates and replicate", () => {
  const { definition, trials } = planStudy(seedStudy, { points });
  assert.equal(
    trials[0]?.trialId,
    `seed-${recipeFingerprint(definition, rates)}-d1_0.2-d2_0.5-r0`,
  );
});

Deno.test("planStudy: repeated points are trained once", () => {
  const twice = [...points, ...points];
  assert.equal(planStudy(seedStudy, { points: twice }).trials.length, 6);
});

Deno.test("planStudy: overrides end up in the definition and the trials", () => {
  const { definition, trials } = planStudy(gridStudy, {
    points,
    epochs: 2,
    replicates: 4,
  });
  assert.equal(definition.replicates, 4);
  assert.equal(definition.recipe.epochs, 2);
  assert.deepEqual(definition.searchSpace, { points });
  assert.ok(trials.every(({ recipe }) => recipe.epochs === 2));
  assert.equal(trials.length, 8);
  assert.equal(gridStudy.recipe.epochs, 10);
});

Deno.test("recipeFingerprint: changes with all that trains differently, and only that", () => {
  const base = recipeFingerprint(seedStudy, rates);
  const changed = (over: Partial<StudyDefinition>) =>
    recipeFingerprint({ ...seedStudy, ...over }, rates);
  assert.notEqual(changed({ seed: 1 }), base);
  for (
    const over of [
      { epochs: 9 },
      { batchSize: 128 },
      { learningRate: 0.1 },
      { weightStd: 0.02 },
      { network: "layers" as const },
      { hiddenSizes: [256, 128] satisfies [number, number] },
    ]
  ) {
    assert.notEqual(
      changed({ recipe: { ...seedStudy.recipe, ...over } }),
      base,
    );
  }
  assert.equal(changed({ replicates: 9 }), base);
  assert.equal(changed({ searchSpace: { points } }), base);
  assert.equal(changed({ title: { en: "", zh: "" } }), base);
});

Deno.test("studyPoints: a grid lists dropout2 fastest", () => {
  assert.deepEqual(
    studyPoints(
      { grid: { dropout1: [0, 0.5], dropout2: [0.1, 0.2] } },
      seedStudy.recipe,
    )
      .map(({ dropout1, dropout2 }) => [dropout1, dropout2]),
    [[0, 0.1], [0, 0.2], [0.5, 0.1], [0.5, 0.2]],
  );
});

Deno.test("planStudy: a longest id still fits the protocol", () => {
  const definition = StudyDefinition.parse({
    id: "a".repeat(64),
    title: { en: "", zh: "" },
    searchSpace: { points: [{ dropout1: 0.000001, dropout2: 0.999999 }] },
    replicates: 1000,
  });
  const { trials } = planStudy(definition);
  assert.ok(TrialSpec.parse(trials[999]).trialId.endsWith("-r999"));
});

for (
  const [name, overrides, message] of [
    ["no replicates", { replicates: 0 }, /^study seed: replicates: /],
    ["half an epoch", { epochs: 0.5 }, /^study seed: recipe\.epochs: /],
    [
      "a rate above 1",
      { points: [{ dropout1: 2, dropout2: 0 }] },
      /searchSpace/,
    ],
    [
      "a rate too fine",
      { points: [{ dropout1: 0.1234567, dropout2: 0 }] },
      /dropout1 0\.1234567 is too fine/,
    ],
    [
      "a million trials and more",
      {
        replicates: 1000,
        points: Array.from(
          { length: 1001 },
          (_, i) => ({ dropout1: i / 10_000, dropout2: 0 }),
        ),
      },
      /1001000 trials \(1001 points x 1000 replicates\) are too many/,
    ],
  ] as const
) {
  Deno.test(`planStudy: refuses ${name}`, () => {
    assert.throws(() => planStudy(seedStudy, overrides), (error) => {
      assert.ok(error instanceof InvalidStudy);
      assert.match(error.message, message);
      return true;
    });
  });
}
