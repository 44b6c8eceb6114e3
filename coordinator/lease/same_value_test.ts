import assert from "node:assert/strict";
import { sameValue } from "./same_value.ts";

Deno.test("sameValue: true for equal JSON in any order of keys", () => {
  assert.ok(sameValue({ a: [1, { b: null }], c: "x" }, {
    c: "x",
    a: [1, { b: null }],
  }));
  assert.ok(sameValue({ a: 1, b: undefined }, { a: 1 }));
  assert.ok(sameValue(0, -0));
});

Deno.test("sameValue: false for any difference", () => {
  const pairs: [unknown, unknown][] = [
    [1, 2],
    [1, "1"],
    [null, undefined],
    [null, {}],
    [[], {}],
    [[1, 2], [2, 1]],
    [[1], [1, 1]],
    [{ a: 1 }, { a: 1, b: 2 }],
    [{ a: 1, b: 2 }, { a: 1 }],
    [{ a: 1, b: 2 }, { a: 1, c: 2 }],
    [{ a: { b: 0.1 } }, { a: { b: 0.2 } }],
  ];
  for (const [a, b] of pairs) assert.equal(sameValue(a, b), false);
});
