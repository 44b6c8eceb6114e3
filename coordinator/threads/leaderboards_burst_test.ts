import assert from "node:assert/strict";
import { referenceStudy } from "../../testing/studies/reference_study.ts";
import type { TrialChange } from "../storage/storage.ts";
import { fakeClock, seed } from "../../testing/lease/fixtures.ts";
import { createAnalyst } from "./analyst.ts";
import { createAnalystSync } from "./analyst_sync.ts";
import { createLiveLeaderboards } from "../service/leaderboards.ts";
import type { ReadableLeaderboard } from "./leaderboard_json.ts";

/** A stored study that the test changes, and the reads of it. */
function storedStudy() {
  const { definition, trials, results } = referenceStudy({ replicates: 5 });
  const reads = { changes: 0, trials: 0 };
  const changedAt = trials.map(() => 0);
  let revision = 1;
  const change = (index: number, done: boolean): TrialChange => {
    const spec = trials[index];
    assert.ok(spec);
    return {
      spec,
      position: index,
      planned: true,
      get state() {
        reads.trials += 1;
        return done ? "completed" as const : "queued" as const;
      },
      result: done ? results.get(spec.trialId) ?? null : null,
      workerId: null,
    };
  };
  let now: readonly TrialChange[] = trials.map((_, i) => change(i, false));
  return {
    reads,
    trials: trials.length,
    /** A result, or an attempt that changes nothing the analysis shows. */
    report: (index: number) => {
      revision += 1;
      changedAt[index] = revision;
      now = now.with(index, change(index, true));
    },
    views: {
      changes: (_: string, since: number) => {
        reads.changes += 1;
        const changed = now.filter((_, i) =>
          since === 0 || (changedAt[i] ?? 0) > since
        );
        return Promise.resolve({
          definition,
          revision,
          trials: changed,
          more: false,
        });
      },
      throughput: () =>
        Promise.resolve({
          workersOnline: 1,
          trialsPerMinute: null,
          notLeasable: null,
        }),
      study: () => Promise.resolve(null),
    },
  };
}

/** Its leaderboards, with a clock that stands still while they are computed. */
function liveOf(study: ReturnType<typeof storedStudy>) {
  const clock = fakeClock();
  const analystSync = createAnalystSync(study.views, createAnalyst());
  const live = createLiveLeaderboards(study.views, analystSync, {
    now: clock.now,
    schedule: clock.schedule,
    publish: () => {},
  });
  return { clock, live };
}

Deno.test("createLiveLeaderboards: 1,000 results in a second cost at most five computations", async () => {
  const study = storedStudy();
  const { clock, live } = liveOf(study);
  const computed = new Set<ReadableLeaderboard | null>();
  for (let millisecond = 0; millisecond < 1000; millisecond++) {
    study.report(millisecond % study.trials);
    // Pages learn of each result and ask immediately.
    computed.add(await live(seed));
    clock.advance(1);
  }
  assert.equal(computed.size, 4);
  assert.equal(study.reads.changes, 4);
  const last = await live(seed);
  assert.equal(last?.content().progress.completed, study.trials);
  assert.equal(last?.revision, 1001);
});

Deno.test("createLiveLeaderboards: returns the same object while nothing changes", async () => {
  const study = storedStudy();
  const { clock, live } = liveOf(study);
  study.report(0);
  const first = await live(seed);
  clock.advance(10_000);
  assert.equal(await live(seed), first);
});

Deno.test("createLiveLeaderboards: after a result only that trial is read", async () => {
  const study = storedStudy();
  const { clock, live } = liveOf(study);
  await live(seed);
  assert.equal(study.reads.trials, study.trials);
  study.report(17);
  clock.advance(1000);
  await live(seed);
  assert.equal(study.reads.trials, study.trials + 1);
});
