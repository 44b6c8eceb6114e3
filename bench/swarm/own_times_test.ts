import assert from "node:assert/strict";
import { createMetrics } from "../../coordinator/http/metrics.ts";
import { ownTimesBetween, parseOwnTimes } from "./own_times.ts";

Deno.test("parseOwnTimes: counts the expected answers of the routes that volunteers call", async () => {
  const metrics = createMetrics(() => 0);
  const read = async () => parseOwnTimes((await metrics.read()).text);
  const none = { calls: 0, within: 0 };
  const nothing = { lease: none, renew: none, report: none, complete: none };
  assert.deepEqual(await read(), nothing);
  metrics.answered("/api/leases", "POST", 200, 49.9);
  const before = await read();
  assert.deepEqual(before, { ...nothing, lease: { calls: 1, within: 1 } });
  metrics.answered("/api/leases", "POST", 200, 50.1);
  metrics.answered("/api/leases", "POST", 503, 1);
  metrics.answered("/api/leases/:leaseId/report", "POST", 200, 10);
  metrics.answered("/api/workers", "GET", 200, 10);
  assert.deepEqual(ownTimesBetween(before, await read()), {
    ...nothing,
    lease: { calls: 1, within: 0 },
    report: { calls: 1, within: 1 },
  });
});
