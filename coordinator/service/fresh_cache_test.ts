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

Deno.test("createFreshCache: one computation for all requests within the time", async () => {
  const { clock, fresh, make } = world();
  const both = await Promise.all([fresh("a", make), fresh("a", make)]);
  clock.now = 249;
  assert.deepEqual([...both, await fresh("a", make)], [1, 1, 1]);
  assert.equal(await fresh("b", make), 2);
  assert.equal(fresh.has("a"), true);
  clock.now = 250;
  assert.equal(fresh.has("a"), false);
  const third = fresh("a", make);
  assert.equal(fresh.has("a"), true);
  assert.equal(await third, 3);
});

Deno.test("createFreshCache: does not cache a failure", async () => {
  const { fresh, make } = world();
  await assert.rejects(fresh("a", () => Promise.reject(new Error("away"))));
  assert.equal(await fresh("a", make), 1);
});

Deno.test("createFreshCache: limits the number of answers", async () => {
  const { fresh, make } = world();
  await fresh("first", make);
  for (let i = 0; i < 100; i++) await fresh(`${i}`, make);
  assert.equal(await fresh("99", make), 101, "still cached");
  assert.equal(await fresh("first", make), 102, "computed again");
});

Deno.test("createFreshCache: with time 0 nothing is cached", async () => {
  const { fresh, make } = world(0);
  assert.deepEqual([await fresh("a", make), await fresh("a", make)], [1, 2]);
});
