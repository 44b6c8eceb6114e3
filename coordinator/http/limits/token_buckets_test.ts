import assert from "node:assert/strict";
import fc from "npm:fast-check@4.10.2";
import { createTokenBuckets } from "./rates.ts";

Deno.test("createTokenBuckets: a burst, then one at a time, separately for each key", () => {
  let now = 0;
  const buckets = createTokenBuckets({ perSecond: 2, burst: 3 }, () => now);
  assert.deepEqual([1, 2, 3].map(() => buckets.take("a")), [0, 0, 0]);
  assert.equal(buckets.take("a"), 0.5);
  assert.equal(buckets.take("b"), 0);
  now = 499;
  assert.ok(buckets.take("a") > 0);
  now = 500;
  assert.equal(buckets.wait("a"), 0);
  assert.equal(buckets.take("a"), 0);
  assert.equal(buckets.take("a"), 0.5);
  // A refusal takes no token, so the wait does not grow.
  assert.equal(buckets.take("a"), 0.5);
});

Deno.test("createTokenBuckets: never more than burst plus rate times time, and the returned wait is sufficient", () => {
  fc.assert(fc.property(
    fc.array(fc.integer({ min: 0, max: 2000 }), { maxLength: 200 }),
    (pauses) => {
      let now = 0;
      let taken = 0;
      const buckets = createTokenBuckets({ perSecond: 5, burst: 4 }, () => now);
      for (const pause of pauses) {
        now += pause;
        const wait = buckets.take("a");
        if (wait === 0) taken++;
        else {
          now += Math.ceil(wait * 1000);
          assert.equal(buckets.take("a"), 0);
          taken++;
        }
        assert.ok(taken <= 4 + 5 * now / 1000 + 1e-6, `${taken} by ${now}`);
      }
    },
  ));
});

Deno.test("createTokenBuckets: limits the number of keys", () => {
  let now = 0;
  const rate = { perSecond: 1, burst: 1 };
  const buckets = createTokenBuckets(rate, () => now, 100);
  for (let n = 0; n < 1000; n++) {
    buckets.take(`${n}`);
    assert.ok(buckets.size <= 100);
  }
  now = 10_000;
  for (let n = 0; n < 100; n++) buckets.take(`late ${n}`);
  // Full buckets were removed first, so the recent ones are still known.
  assert.ok(buckets.take("late 99") > 0);
});
