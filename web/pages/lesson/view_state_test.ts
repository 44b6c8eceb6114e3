import assert from "node:assert/strict";
import fc from "npm:fast-check@4.10.2";
import { MOST_DRAWS } from "./masks.ts";
import {
  defaultViewState,
  modes,
  parseViewState,
  studyChoices,
  type ViewState,
  writeViewState,
} from "./view_state.ts";

const read = (text: string) => parseViewState(new URLSearchParams(text));

Deno.test("parseViewState reads what writeViewState wrote", () => {
  const rate = fc.integer({ min: 0, max: 100 }).map((percent) => percent / 100);
  const count = fc.integer({ min: 1, max: MOST_DRAWS });
  const states: fc.Arbitrary<ViewState> = fc.record({
    p: rate,
    draws: count,
    p1: rate,
    p2: rate,
    mode: fc.constantFrom(...modes),
    step: count,
    study: fc.constantFrom(null, ...studyChoices),
  }, { noNullPrototype: true });
  fc.assert(fc.property(states, (state) => {
    const query = new URLSearchParams("lang=zh");
    writeViewState(state, query);
    assert.deepEqual(parseViewState(query), state);
    assert.equal(query.get("lang"), "zh");
  }));
});

Deno.test("writeViewState writes nothing at the defaults", () => {
  const query = new URLSearchParams("p=0.3&study=sample");
  writeViewState(defaultViewState, query);
  assert.equal(query.toString(), "");
});

Deno.test("parseViewState uses defaults for invalid values", () => {
  for (
    const text of [
      "p=1.01&draws=0&step=1.5&mode=on&study=other",
      "p=&p1=x&p2=-0.1&draws=2351&step=-3",
      "p=NaN&p1=Infinity&p2=%20",
    ]
  ) assert.deepEqual(read(text), defaultViewState, text);
  assert.equal(read("p=0&p1=1").p, 0);
  assert.equal(read("p=0&p1=1").p1, 1);
});
