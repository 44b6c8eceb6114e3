import assert from "node:assert/strict";
import {
  changedFields,
  formatValue,
  meantNumber,
  parsePoint,
  pointKey,
  pointText,
  trialRecipe,
} from "./grid_point.ts";
import {
  type Params,
  Recipe,
  recipeFieldNames,
  recipeFields,
} from "./recipe.ts";

Deno.test("pointKey and parsePoint: each reads what the other writes", () => {
  const points: [Params, string][] = [
    [{ dropout2: 0.5, dropout1: 0.2 }, "d1_0.2-d2_0.5"],
    [{ learningRate: 0.00005 }, "lr_0.00005"],
    [{ weightStd: 1e-7 }, "s_0.0000001"],
    [{ hiddenSizes: [256, 128], network: "layers" }, "h_256x128-net_layers"],
    [{ epochs: 100, batchSize: 65536 }, "e_100-b_65536"],
  ];
  for (const [point, key] of points) {
    assert.equal(pointKey(point), key);
    assert.deepEqual(parsePoint(key), point);
  }
});

for (
  const key of [
    "",
    "0.2,0.5",
    "d1_0.2-d2_2",
    "d2_0.5-d1_0.2",
    "d1_0.20",
    "d1_0.2-d1_0.2",
    "d1_0x1",
    "d1_0.2_0.5",
    "e_1.5",
    "h_256",
    "net_big",
    "constructor_1",
  ]
) {
  Deno.test(`parsePoint refuses ${JSON.stringify(key)}`, () => {
    assert.equal(parsePoint(key), null);
  });
}

Deno.test("formatValue loses no digit", () => {
  for (const value of [5e-5, 0.1234567, 1e-9, 0.30000000000000004, 3e21]) {
    assert.equal(Number(formatValue(value)), value);
    assert.doesNotMatch(formatValue(value), /e/);
  }
});

Deno.test("meantNumber removes rounding errors of arithmetic and nothing else", () => {
  assert.equal(meantNumber(0.1 * 3), 0.3);
  assert.equal(meantNumber(0.7 * 0.1), 0.07);
  assert.equal(meantNumber(0.123456789012345), 0.123456789012345);
  assert.equal(meantNumber(1 / 3), 1 / 3);
});

Deno.test("recipe fields: codes differ, neutral values fit their schemas", () => {
  const codes = recipeFieldNames.map((name) => recipeFields[name].code);
  assert.equal(new Set(codes).size, codes.length);
  for (const code of codes) assert.match(code, /^[a-z]+[0-9]?$/);
  const neutral = Recipe.parse({});
  for (const name of recipeFieldNames) {
    assert.deepEqual(neutral[name], recipeFields[name].neutral);
  }
});

Deno.test("recipe fields: neutral values are frozen, because fingerprints depend on them", () => {
  assert.deepEqual(Recipe.parse({}), {
    dropout1: 0,
    dropout2: 0,
    learningRate: 0.5,
    weightDecay: 0,
    epochs: 10,
    batchSize: 256,
    hiddenSizes: [256, 256],
    network: "fused",
    weightStd: 0.01,
  });
});

Deno.test("changedFields: fields that differ from the neutral values, lists included", () => {
  assert.deepEqual(changedFields(Recipe.parse({})), {});
  const changed = { hiddenSizes: [256, 128], learningRate: 0.1 };
  assert.deepEqual(
    changedFields(Recipe.parse({ ...changed, epochs: 10 })),
    changed,
  );
});

Deno.test("trialRecipe: the study's recipe with the point's values", () => {
  const recipe = Recipe.parse({ epochs: 3, dropout1: 0.9 });
  const merged = trialRecipe(recipe, { dropout1: 0.2, batchSize: 64 });
  assert.deepEqual(merged, { ...recipe, dropout1: 0.2, batchSize: 64 });
  assert.equal(recipe.dropout1, 0.9);
});

Deno.test("pointText: a pair for the two rates, names for other fields", () => {
  assert.equal(pointText({ dropout1: 0.2, dropout2: 0.5 }).en, "(0.2, 0.5)");
  assert.deepEqual(pointText({ dropout1: 0.2, learningRate: 0.00005 }), {
    en: "dropout 1 = 0.2, learning rate = 0.00005",
    zh: "暂退概率 1 = 0.2，学习率 = 0.00005",
  });
});
