import assert from "node:assert/strict";
import { seedStudy } from "../../coordinator/study/builtin.ts";
import { planStudy } from "../../coordinator/study/plan.ts";
import { checkResult } from "../../coordinator/verification/check_result.ts";
import { metricsOfEpoch, resultOf, secondsPerTrial } from "./pace.ts";

Deno.test("secondsPerTrial: spread evenly on a logarithmic scale, within the bounds", () => {
  const pace = { shortest: 20, longest: 320 };
  const all = Array.from({ length: 1000 }, (_, i) => secondsPerTrial(i, pace));
  assert.ok(all.every((s) => s >= 20 && s <= 320));
  // Four doublings: a quarter of the volunteers in each.
  for (const from of [20, 40, 80, 160]) {
    const within = all.filter((s) => s >= from && s < 2 * from).length;
    assert.ok(Math.abs(within - 250) <= 3, `${from}: ${within}`);
  }
});

Deno.test("resultOf: passes the coordinator's checks", () => {
  const { trials } = planStudy(seedStudy, { epochs: 7 });
  const [trial] = trials;
  assert.ok(trial);
  const reported = [1, 2, 3].map((epoch) => metricsOfEpoch(epoch, 2));
  assert.deepEqual(checkResult(trial, resultOf(trial, 2), reported), []);
});
