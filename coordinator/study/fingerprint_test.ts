import assert from "node:assert/strict";
import { canonicalJson, fnv1a32 } from "./plan.ts";

Deno.test("fnv1a32: the vectors of draft-eastlake-fnv", () => {
  // draft-eastlake-fnv, appendix "A few test vectors", FNV-1a 32 bits.
  assert.equal(fnv1a32(""), "811c9dc5");
  assert.equal(fnv1a32("a"), "e40c292c");
  assert.equal(fnv1a32("foobar"), "bf9cf968");
});

Deno.test("fnv1a32: hashes UTF-8 bytes and pads to eight digits", () => {
  assert.notEqual(fnv1a32("暂退"), fnv1a32("退暂"));
  for (let i = 0; i < 2000; i++) assert.match(fnv1a32(`${i}`), /^[0-9a-f]{8}$/);
});

Deno.test("canonicalJson: key order does not matter, array order does", () => {
  const a = canonicalJson({ x: 1, y: [1, { b: null, a: "é" }] });
  assert.equal(a, canonicalJson({ y: [1, { a: "é", b: null }], x: 1 }));
  assert.equal(a, '{"x":1,"y":[1,{"a":"é","b":null}]}');
  assert.notEqual(canonicalJson([1, 2]), canonicalJson([2, 1]));
  assert.equal(canonicalJson({ x: undefined, y: true }), '{"y":true}');
});
