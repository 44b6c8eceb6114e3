import assert from "node:assert/strict";
import { defaultTerms, leaseMilliseconds, termsOf } from "./policy.ts";

Deno.test("leaseMilliseconds: three epochs, within the bounds, a whole number", () => {
  const ttl = (step: number | undefined, steps: number) =>
    leaseMilliseconds(
      defaultTerms,
      step === undefined ? null : step * steps,
    );
  assert.equal(ttl(100, 235), 70_500);
  assert.equal(ttl(7, 235), 60_000);
  assert.equal(ttl(5000, 235), 600_000);
  assert.equal(ttl(undefined, 235), 120_000);
  assert.equal(ttl(100.0071, 235), 70_505);
});

Deno.test("defaultTerms: a lease survives two lost heartbeats", () => {
  assert.ok(3 * defaultTerms.heartbeat <= defaultTerms.minTtl);
  assert.ok(2 * defaultTerms.heartbeat < defaultTerms.offlineAfter);
});

Deno.test("termsOf: the default lease gives the default terms; with a longer lease workers call less often", () => {
  assert.deepEqual(termsOf(defaultTerms.minTtl), defaultTerms);
  for (const minTtl of [1, 30, 90, 600]) {
    const { heartbeat, offlineAfter } = termsOf(minTtl);
    assert.ok(3 * heartbeat <= minTtl, "two heartbeats may be lost");
    assert.ok(offlineAfter >= 2.5 * heartbeat, "one may be late");
    assert.ok(offlineAfter >= defaultTerms.offlineAfter);
  }
});
