import assert from "node:assert/strict";
import { createByteBudget } from "./guard.ts";

Deno.test("createByteBudget limits the total and each address, but never this machine", () => {
  const budget = createByteBudget(100, 60);
  const [a, b] = ["a", "b"].map((key) => ({ key, local: false }));
  const here = { key: "here", local: true };
  assert.ok(a && b);
  assert.equal(budget.take(a, 60), true);
  assert.equal(budget.take(a, 1), false);
  assert.equal(budget.take(b, 41), false);
  assert.equal(budget.take(b, 40), true);
  // A refused reservation takes nothing.
  budget.give(a, 60);
  assert.equal(budget.take(a, 60), true);
  assert.equal(budget.take(here, 1000), true);
  assert.equal(budget.take(b, 1), false);
  budget.give(here, 1000);
  budget.give(a, 60);
  budget.give(b, 40);
  assert.equal(budget.take(b, 60), true);
  assert.equal(budget.take(a, 40), true);
});
