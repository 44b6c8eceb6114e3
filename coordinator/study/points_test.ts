import assert from "node:assert/strict";
import { seedStudy } from "./builtin.ts";
import {
  InvalidStudy,
  parsePoints,
  pointsArgument,
  pointsOutside,
} from "./points.ts";

Deno.test("parsePoints: pairs with spaces, a closing semicolon, bounds", () => {
  assert.deepEqual(parsePoints(" 0.2, 0.5 ;.5,0.2; 0,1;"), [
    { dropout1: 0.2, dropout2: 0.5 },
    { dropout1: 0.5, dropout2: 0.2 },
    { dropout1: 0, dropout2: 1 },
  ]);
});

Deno.test("parsePoints: any recipe field by name, with an exponent", () => {
  assert.deepEqual(
    parsePoints("learningRate=5e-5; hiddenSizes = 64x32, network=layers"),
    [
      { learningRate: 0.00005 },
      { hiddenSizes: [64, 32], network: "layers" },
    ],
  );
});

Deno.test("pointsArgument: parsePoints reads what it writes", () => {
  for (
    const points of [
      [{ dropout1: 0.2, dropout2: 0.5 }, { dropout1: 0, dropout2: 1 }],
      [{ learningRate: 0.00005 }, { learningRate: 1.5 }],
      [{ dropout1: 0.1, hiddenSizes: [16, 8] as [number, number] }],
    ]
  ) {
    assert.deepEqual(parsePoints(pointsArgument(points)), points);
  }
  assert.equal(
    pointsArgument([{ dropout1: 0.2, dropout2: 0.5 }]),
    "0.2,0.5",
  );
});

for (
  const [text, message] of [
    ["", /^points: none given; write them as/],
    ["0.2", /"0\.2" is not a pair of rates/],
    ["0.2,0.5,0.1", /"0\.2,0\.5,0\.1" is not a pair of rates/],
    ["0.2,0.5;;0.1,0.1", /^points: "" is not a pair/],
    [
      "0.2,1.5",
      /"1\.5" in "0\.2,1\.5" is no value of dropout2; .* from 0 to 1/,
    ],
    ["-0.1,0.5", /"-0\.1" in .* is no value of dropout1/],
    ["a,0.5", /"a" in "a,0\.5" is no value of dropout1/],
    ["0.2,", /"" in "0\.2," is no value of dropout2/],
    ["0x1,0", /"0x1" in .* is no value of dropout1/],
    ["0.1234567,0", /dropout1 0\.1234567 is too fine; .* 6 significant/],
    ["dropout3=1", /"dropout3=1" in .* names no recipe field; there are dro/],
    ["learningRate=0", /"0" in .* is no value of learningRate; .* to 100/],
    ["epochs=1.5", /no value of epochs; give a whole number from 1 to 1000/],
    ["hiddenSizes=256", /no value of hiddenSizes; .* 256x128/],
    ["network=big", /no value of network; give one of fused, scratch, layers/],
    ["epochs=1,epochs=2", /epochs is twice in "epochs=1,epochs=2"/],
    ["0.2,dropout2=0.5", /"0\.2" in .* names no recipe field/],
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

Deno.test("pointsOutside names the points that a study lacks", () => {
  const outside = (text: string) =>
    pointsArgument(pointsOutside(seedStudy, parsePoints(text)));
  assert.equal(outside("0.2,0.5;0.5,0.2"), "");
  assert.equal(outside("0.2,0.5;0.77,0.2"), "0.77,0.2");
  assert.equal(outside("learningRate=0.3"), "learningRate=0.3");
});
