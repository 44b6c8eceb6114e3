import assert from "node:assert/strict";
import { createByteBudget } from "./guard.ts";

Deno.test("createByteBudget limits the total and each address, but never this machine", () => {
  const budget = createByteBudget(100, 60);
  const open = (key: string) => budget.open({ key, local: key === "here" });
  const [a, again, b, here] = [open("a"), open("a"), open("b"), open("here")];
  assert.equal(a.take(60), true);
  assert.equal(again.take(1), false);
  assert.equal(b.take(41), false);
  assert.equal(b.take(40), true);
  // A refused charge takes nothing.
  a[Symbol.dispose]();
  assert.equal(again.take(60), true);
  assert.equal(here.take(1000), true);
  assert.equal(b.take(1), false);
  for (const charge of [a, again, b, here]) charge[Symbol.dispose]();
  assert.equal(open("b").take(60), true);
  assert.equal(open("a").take(40), true);
});
