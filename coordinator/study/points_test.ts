import assert from "node:assert/strict";
import { InvalidStudy } from "./parse.ts";
import { parsePoints } from "./parse.ts";

Deno.test("parsePoints: pairs with spaces, a closing semicolon, bounds", () => {
  assert.deepEqual(parsePoints(" 0.2, 0.5 ;.5,0.2; 0,1;"), [
    { dropout1: 0.2, dropout2: 0.5 },
    { dropout1: 0.5, dropout2: 0.2 },
    { dropout1: 0, dropout2: 1 },
  ]);
});

for (
  const [text, message] of [
    ["", /^points: none given; write them as/],
    ["0.2", /"0\.2" is not a pair of rates/],
    ["0.2,0.5,0.1", /"0\.2,0\.5,0\.1" is not a pair of rates/],
    ["0.2,0.5;;0.1,0.1", /^points: "" is not a pair/],
    ["0.2,1.5", /"1\.5" in "0\.2,1\.5" is not a dropout rate; .* from 0 to 1/],
    ["-0.1,0.5", /"-0\.1" in .* is not a dropout rate/],
    ["a,0.5", /"a" in "a,0\.5" is not a dropout rate/],
    ["0.2,", /"" in "0\.2," is not a dropout rate/],
    ["1e-1,0", /"1e-1" in .* is not a dropout rate/],
    ["0.1234567,0", /"0\.1234567" in .* is too fine; .* 6 digits/],
  ] as const
) {
  Deno.test(`parsePoints: refuses ${JSON.stringify(text)} in one line`, () => {
    assert.throws(() => parsePoints(text), (error) => {
      assert.ok(error instanceof InvalidStudy);
      assert.match(error.message, message);
      assert.ok(!error.message.includes("\n"));
      return true;
    });
  });
}
