import { recipeFieldNames } from "../../protocol/recipe.ts";
import assert from "node:assert/strict";
import { seedStudy } from "./builtin.ts";
import { InvalidStudy } from "./points.ts";
import { parseStudy } from "./parse.ts";

const least = {
  id: "mine",
  title: { en: "Mine", zh: "我的" },
  searchSpace: { points: [{ dropout1: 0.1, dropout2: 0.2 }] },
};

Deno.test("parseStudy: what is left out is as in the built-in study", () => {
  const study = parseStudy(JSON.stringify(least));
  assert.deepEqual(study.recipe, seedStudy.recipe);
  assert.equal(study.replicates, 3);
  assert.equal(study.dataset, "fashion-mnist");
});

Deno.test("parseStudy: a byte-order mark is no fault", () => {
  assert.equal(parseStudy(`\uFEFF${JSON.stringify(least)}`).id, "mine");
});

Deno.test("parseStudy: a study written out reads back the same", () => {
  assert.deepEqual(parseStudy(JSON.stringify(seedStudy)), seedStudy);
});

Deno.test("parseStudy: nothing in a file changes how a terminal shows it", () => {
  const marks = "\u001b[2J\u202e\u009b";
  const title = { en: `a${marks}b`, zh: `a${marks}b` };
  const study = parseStudy(JSON.stringify({ ...least, title }));
  assert.deepEqual(study.title, { en: "a [2J b", zh: "a [2J b" });
  for (
    const text of [
      `{"${marks}`,
      JSON.stringify({ ...least, [marks]: 1 }),
      JSON.stringify({ ...least, title: { ...title, [marks]: 1 } }),
      JSON.stringify({ ...least, dataset: marks }),
      JSON.stringify({ ...least, recipe: { network: marks } }),
    ]
  ) {
    assert.throws(() => parseStudy(text), (error: Error) => {
      assert.doesNotMatch(error.message, /[\p{Cc}\u202e]/u);
      return error instanceof InvalidStudy;
    });
  }
});

const point = { dropout1: 0.1, dropout2: 0.2 };
for (
  const [change, message] of [
    [
      { replicate: 3 },
      'unknown field "replicate"; allowed: id, title, dataset, searchSpace, ' +
      "replicates, seed, recipe",
    ],
    [{ replicates: 0 }, "replicates: 0 is not allowed; needs 1 or more"],
    [
      { replicates: 2.5 },
      "replicates: 2.5 is not allowed; needs a whole number",
    ],
    [
      { id: "A b" },
      'id: "A b" is not allowed; a study id is lower-case letters and digits ' +
      "joined by dashes",
    ],
    [{ title: undefined }, "title: missing; needs an object in braces: {…}"],
    [
      { recipe: { network: "x" } },
      'recipe.network: "x" is not allowed; needs one of fused, scratch, layers',
    ],
    [
      { recipe: { epoch: 1 } },
      'recipe: unknown field "epoch"; allowed: ' +
      recipeFieldNames.join(", "),
    ],
    [
      { recipe: { learningRate: 0 } },
      "recipe.learningRate: 0 is not allowed; needs more than 0",
    ],
    [
      { recipe: { hiddenSizes: [256] } },
      "recipe.hiddenSizes: [256] is not allowed; needs 2 or more items",
    ],
    [
      { searchSpace: {} },
      "searchSpace: has neither points nor grid; give one of them",
    ],
    [
      { searchSpace: { points: [point], grid: {} } },
      "searchSpace: has both points and grid; give one of them",
    ],
    [
      { searchSpace: { points: [{ ...point, dropout1: 1.5 }] } },
      "searchSpace.points[0].dropout1: 1.5 is not allowed; needs 1 or less",
    ],
    [
      { searchSpace: { points: [point, { ...point, dropout3: 1 }] } },
      'searchSpace.points[1]: unknown field "dropout3"; allowed: ' +
      recipeFieldNames.join(", "),
    ],
    [
      { searchSpace: { grid: { dropout1: [0.1], dropout2: ["a"] } } },
      'searchSpace.grid.dropout2[0]: "a" is not allowed; needs a number',
    ],
    [
      { searchSpace: { points: [{ dropout1: 0.1234567, dropout2: 0 }] } },
      "searchSpace: dropout1 0.1234567 is too fine; give at most 6 " +
      "significant digits",
    ],
    [
      { dataset: "mnist" },
      'dataset: "mnist" is not built in; use "fashion-mnist", or an object ' +
      "with name, classes and files",
    ],
    [
      { dataset: { name: "x", classes: 1, files: {} } },
      "dataset.classes: 1 is not allowed; needs 2 or more",
    ],
    [
      { id: "A", seed: -1 },
      'id: "A" is not allowed; a study id is lower-case letters and digits ' +
      "joined by dashes (and 1 more)",
    ],
  ] as const
) {
  Deno.test(`parseStudy: refuses ${JSON.stringify(change)} in one line`, () => {
    assert.throws(
      () => parseStudy(JSON.stringify({ ...least, ...change })),
      new InvalidStudy(message),
    );
  });
}

Deno.test("parseStudy: an error begins with the file that it is about", () => {
  const message = (text: string) => {
    try {
      parseStudy(text, "studies/mine.json");
    } catch (error) {
      return error instanceof InvalidStudy ? error.message : "";
    }
    return "";
  };
  assert.match(message("{"), /^studies\/mine\.json: not JSON: /);
  assert.match(message("{}"), /^studies\/mine\.json: id: missing/);
  const fine = { points: [{ dropout1: 0.1234567, dropout2: 0 }] };
  assert.match(
    message(JSON.stringify({ ...least, searchSpace: fine })),
    /^studies\/mine\.json: searchSpace: dropout1 0\.1234567/,
  );
});

Deno.test("parseStudy: names the mistake in a file that is not JSON, and its line", () => {
  const mine = JSON.stringify(least);
  for (
    const [text, message] of [
      ["", /^not JSON: the file is empty$/],
      ["{\n", /^not JSON: the file ends before the } .* line 1 opens; is it/],
      [
        '{\n  "id": "a",\n}',
        /^not JSON: line 3, column 1: there is a comma before this }; delete/,
      ],
      [
        '{"id": "a"\n "seed": 1}',
        /line 2, column 2: a comma is missing before/,
      ],
      ['{"id" "a"}', /a colon is missing behind the field's name "id"/],
      [
        '{\r\n// mine\r\n"id": 1}',
        /line 2, column 1: a comment; JSON has none/,
      ],
      ["{'id': 'a'}", /straight double quotes, not as in 'id'/],
      ['{“id”: "a"}', /straight double quotes, not as in “id”/],
      ['{id: "a"}', /field names stand between double quotes: "id"/],
      ['{"id": mine}', /mine is no value: JSON has true, false/],
      ['{"seed": .5}', /\.5 is not how JSON writes a number/],
      ['{"seed": 1e999}', /1e999 is too large a number/],
      ['{"id": "a}\n', /column 8: a text begins here, and its line has no clo/],
      ['{"id":\u00A0"a"}', /an unusual space, U\+00A0; type it anew/],
      ["id: mine\n", /line 1, column 1: the file begins with id, as no JSON/],
      ["<!doctype html>", /begins with <!doctype, as a web page does/],
      [`${mine}\n${mine}`, /line 2, column 1: there is { behind the end/],
      ['{"id": "\\x"}', /^not JSON: Bad escaped character .* position 9/],
      [
        mine.replace("}", ', "zh": "又"}'),
        /^line 1, column \d+: the field "zh" is here for the second time/,
      ],
      ["[]", /^the file holds \[\]; it has to hold one JSON object$/],
    ] as const
  ) {
    assert.throws(() => parseStudy(text), (error) => {
      assert.ok(error instanceof InvalidStudy);
      assert.match(error.message, message);
      return true;
    });
  }
});

Deno.test("parseStudy: a field of the same name in another object is no second one", () => {
  const grid = { grid: { dropout1: [0.5], dropout2: [0.5] } };
  const title = { en: '{"id": 1, "id": 2}' };
  const text = JSON.stringify({ ...least, title, searchSpace: grid }, null, 2);
  assert.equal(parseStudy(text.replaceAll("\n", "\r\n")).title.en, title.en);
});
