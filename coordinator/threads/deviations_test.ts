import assert from "node:assert/strict";
import type { StudyId } from "../../protocol/ids.ts";
import type { TrialChange } from "../storage/storage.ts";
import {
  plannedTrial,
  smallStudy,
  trained,
  workerId,
} from "../../testing/lease/fixtures.ts";
import { createAnalyst } from "./analyst.ts";
import { createLiveDeviations } from "../service/leaderboards.ts";
import { createAnalystSync } from "./analyst_sync.ts";

const { definition, trials: specs } = smallStudy({ replicates: 12 });

/** Results of the first trials, by three workers in turn. */
const results = (count: number): TrialChange[] =>
  specs.map(plannedTrial).map((trial) => {
    const { position } = trial;
    if (position >= count) return trial;
    return {
      ...trial,
      state: "completed",
      result: trained(2, 0.6 + 0.001 * (position * 7 % 11)),
      workerId: workerId(position % 3 + 1),
    };
  });

function world() {
  let [now, reads] = [0, 0];
  const state = {
    active: definition.id as StudyId | null,
    trials: results(0) as readonly TrialChange[],
    revision: 1,
  };
  const analystSync = createAnalystSync({
    changes: () => {
      reads++;
      const { revision, trials } = state;
      return Promise.resolve({ definition, revision, trials, more: false });
    },
  }, createAnalyst());
  const deviations = createLiveDeviations(
    { activeStudy: () => state.active },
    analystSync,
    () => now,
  );
  return {
    state,
    deviations,
    reads: () => reads,
    advance: (milliseconds: number) => void (now += milliseconds),
  };
}

Deno.test("createLiveDeviations compares workers and backends of the active study", async () => {
  const w = world();
  assert.deepEqual((await w.deviations()).backends, []);
  w.state.trials = results(specs.length);
  w.state.revision++;
  w.advance(1000);
  const found = await w.deviations();
  const deviation = found.ofWorker(workerId(1));
  assert.equal(deviation?.odd, false);
  assert.equal(deviation.results, specs.length / 3);
  assert.equal(found.ofWorker(workerId(9)), null);
  // A single backend cannot be compared.
  assert.deepEqual(found.backends, [
    { backend: "simd", results: specs.length, deviation: null },
  ]);
  w.state.active = null;
  assert.equal((await w.deviations()).ofWorker(workerId(1)), null);
});

Deno.test("createLiveDeviations: caches a comparison briefly, and an unchanged one forever", async () => {
  const w = world();
  w.state.trials = results(specs.length);
  const first = await w.deviations();
  w.advance(999);
  assert.equal(await w.deviations(), first);
  assert.equal(w.reads(), 1);
  w.advance(1);
  assert.equal(await w.deviations(), first, "nothing has changed");
  assert.equal(w.reads(), 2);
  w.state.revision++;
  w.advance(1000);
  assert.notEqual(await w.deviations(), first);
});
