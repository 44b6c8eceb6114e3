import assert from "node:assert/strict";
import {
  progressOf,
  referenceStudy,
} from "./analysis/testing/reference_study.ts";
import { createLiveLeaderboards } from "./live_leaderboards.ts";
import type { Leaderboard } from "./protocol/leaderboard.ts";
import type { TrialChange } from "./storage/storage.ts";
import { seed } from "./swarm/fixtures.ts";

/** A stored study in a test's hands, and what was read of it. */
function storedStudy() {
  const { definition, trials, results } = referenceStudy({ replicates: 5 });
  const reads = { snapshots: 0, trials: 0 };
  let revision = 0;
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
    };
  };
  let now: readonly TrialChange[] = trials.map((_, i) => change(i, false));
  const done = () => now.filter(({ result }) => result !== null).length;
  return {
    reads,
    trials: trials.length,
    /** A result, or an attempt that changes nothing the analysis shows. */
    report: (index: number) => {
      revision += 1;
      now = now.with(index, change(index, true));
    },
    views: {
      snapshot: () => {
        reads.snapshots += 1;
        return Promise.resolve({ definition, revision, trials: now });
      },
      progress: () => Promise.resolve(progressOf(trials.length, done())),
    },
  };
}

Deno.test("createLiveLeaderboards: 1,000 results in a second cost at most five computations", async () => {
  const study = storedStudy();
  let milliseconds = 0;
  const live = createLiveLeaderboards(study.views, () => milliseconds);
  const computed = new Set<Leaderboard | null>();
  for (; milliseconds < 1000; milliseconds++) {
    study.report(milliseconds % study.trials);
    // Every one of them is news to pages, which ask at once.
    computed.add(await live(seed));
  }
  assert.equal(computed.size, 4);
  assert.equal(study.reads.snapshots, 4);
  const last = await live(seed);
  assert.equal(last?.progress.completed, study.trials);
  assert.equal(last?.revision, 1000);
});

Deno.test("createLiveLeaderboards: who asks at once shares one computation", async () => {
  const study = storedStudy();
  let milliseconds = 0;
  const live = createLiveLeaderboards(study.views, () => milliseconds);
  for (const round of [1, 2, 3]) {
    study.report(round);
    milliseconds += 1000;
    const asked = await Promise.all(
      Array.from({ length: 200 }, () => live(seed)),
    );
    assert.equal(new Set(asked).size, 1);
    assert.equal(study.reads.snapshots, round);
  }
});

Deno.test("createLiveLeaderboards: unchanged, the same object comes back", async () => {
  const study = storedStudy();
  let milliseconds = 0;
  const live = createLiveLeaderboards(study.views, () => milliseconds);
  study.report(0);
  const first = await live(seed);
  milliseconds += 10_000;
  assert.equal(await live(seed), first);
});

Deno.test("createLiveLeaderboards: a result makes it look at that trial alone", async () => {
  const study = storedStudy();
  let milliseconds = 0;
  const live = createLiveLeaderboards(study.views, () => milliseconds);
  await live(seed);
  assert.equal(study.reads.trials, study.trials);
  study.report(17);
  milliseconds += 1000;
  await live(seed);
  assert.equal(study.reads.trials, study.trials + 1);
});
