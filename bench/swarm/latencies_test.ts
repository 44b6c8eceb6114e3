import assert from "node:assert/strict";
import {
  addLatencies,
  addLatency,
  countWithin,
  createLatencies,
  quantile,
} from "./latencies.ts";

Deno.test("quantile: within a bucket's width of the sorted times", () => {
  const all = createLatencies();
  const even = createLatencies();
  // 1 to 10,000 ms, half of them in another count that is added.
  for (let ms = 1; ms <= 10_000; ms++) {
    addLatency(ms % 2 === 0 ? even : all, ms);
  }
  addLatencies(all, even);
  assert.equal(all.count, 10_000);
  for (const share of [0.01, 0.5, 0.99, 0.999]) {
    const found = quantile(all, share) / (share * 10_000);
    assert.ok(found >= 1 && found <= 1.021, `${share}: ${found}`);
  }
  assert.equal(quantile(all, 1), 10_000);
});

Deno.test("countWithin: precise to a bucket", () => {
  const some = createLatencies();
  for (let ms = 1; ms <= 100; ms++) addLatency(some, ms);
  const found = countWithin(some, 50);
  assert.ok(found === 49 || found === 50, `${found}`);
  assert.equal(countWithin(some, 1000), 100);
  assert.equal(countWithin(some, 0.1), 0);
});

Deno.test("quantile: extreme times have a bucket; without times it is NaN", () => {
  const one = createLatencies();
  assert.ok(Number.isNaN(quantile(one, 0.5)));
  addLatency(one, 0);
  assert.equal(quantile(one, 0.99), 0);
  addLatency(one, 1e12);
  assert.equal(quantile(one, 1), 1e12);
});
