import assert from "node:assert/strict";
import { createFreshCache } from "./fresh_cache.ts";

function world(milliseconds = 250) {
  const clock = { now: 0 };
  const fresh = createFreshCache<string, number>({
    milliseconds,
    now: () => clock.now,
  });
  let made = 0;
  return { clock, fresh, make: () => Promise.resolve(++made) };
}

Deno.test("createFreshCache: one reading for all who ask within the time", async () => {
  const { clock, fresh, make } = world();
  const both = await Promise.all([fresh("a", make), fresh("a", make)]);
  clock.now = 249;
  assert.deepEqual([...both, await fresh("a", make)], [1, 1, 1]);
  assert.equal(await fresh("b", make), 2);
  clock.now = 250;
  assert.equal(await fresh("a", make), 3);
});

Deno.test("createFreshCache: a failure is not kept", async () => {
  const { fresh, make } = world();
  await assert.rejects(fresh("a", () => Promise.reject(new Error("away"))));
  assert.equal(await fresh("a", make), 1);
});

Deno.test("createFreshCache: keeps only so many answers", async () => {
  const { fresh, make } = world();
  await fresh("first", make);
  for (let i = 0; i < 100; i++) await fresh(`${i}`, make);
  assert.equal(await fresh("99", make), 101, "still kept");
  assert.equal(await fresh("first", make), 102, "made anew");
});

Deno.test("createFreshCache: with no time each is made for itself", async () => {
  const { fresh, make } = world(0);
  assert.deepEqual([await fresh("a", make), await fresh("a", make)], [1, 2]);
});
