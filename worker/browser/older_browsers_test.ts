import assert from "node:assert/strict";
import { anySignal, withResolvers } from "./older_browsers.ts";

Deno.test("withResolvers: a promise and what settles it", async () => {
  const good = withResolvers<number>();
  good.resolve(7);
  assert.equal(await good.promise, 7);
  const bad = withResolvers<number>();
  bad.reject(new Error("no"));
  await assert.rejects(bad.promise, { message: "no" });
});

Deno.test("anySignal: aborts with the first, for its reason", () => {
  const [one, other] = [new AbortController(), new AbortController()];
  const either = anySignal([one.signal, other.signal]);
  assert.equal(either.aborted, false);
  const reasons: unknown[] = [];
  either.addEventListener("abort", () => reasons.push(either.reason));
  other.abort("left");
  one.abort("late");
  assert.deepEqual(reasons, ["left"]);
  assert.equal(anySignal([one.signal, other.signal]).reason, "late");
});

Deno.test("older_browsers leaves alone what a browser has", () => {
  assert.match(`${Promise.withResolvers}`, /\[native code\]/);
  assert.notEqual(AbortSignal.any, anySignal);
});
