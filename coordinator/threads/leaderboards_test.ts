import assert from "node:assert/strict";
import type { SwarmEvent } from "../../protocol/views.ts";
import type { TrialChange } from "../storage/storage.ts";
import {
  fakeClock,
  plannedTrial,
  seed,
  smallStudy,
  trained,
} from "../../testing/lease/fixtures.ts";
import { createAnalyst } from "./analyst.ts";
import { createAnalystSync } from "./analyst_sync.ts";
import { createLiveLeaderboards } from "../service/leaderboards.ts";

/** A study whose reads take a time chosen by the test. */
function world() {
  const clock = fakeClock();
  const { definition, trials: specs } = smallStudy();
  let trials: TrialChange[] = specs.map(plannedTrial);
  let revision = 1;
  let made = 0;
  const published: SwarmEvent[] = [];
  const options = { readingTakes: 0, beforePace: () => {} };
  const views = {
    changes() {
      made++;
      clock.advance(options.readingTakes);
      return Promise.resolve({ definition, revision, trials, more: false });
    },
    throughput() {
      options.beforePace();
      return Promise.resolve({
        workersOnline: 1,
        trialsPerMinute: null,
        notLeasable: null,
      });
    },
    study: () => Promise.resolve({ revision }),
  };
  const analystSync = createAnalystSync(views, createAnalyst());
  const live = createLiveLeaderboards(views, analystSync, {
    now: clock.now,
    schedule: clock.schedule,
    publish: (event) => published.push(event),
  });
  return {
    clock,
    options,
    published,
    live,
    leaderboard: async (...args: Parameters<typeof live>) =>
      (await live(...args))?.content() ?? null,
    made: () => made,
    /** The next queued trial gets a result. */
    complete() {
      const next = trials.findIndex(({ state }) => state === "queued");
      revision++;
      trials = trials.map((trial, i) =>
        i === next ? { ...trial, state: "completed", result: trained() } : trial
      );
    },
  };
}

/** Lets settled promises continue. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("createLiveLeaderboards: one computation every quarter second for all requests", async () => {
  const { live, leaderboard, clock, complete, made } = world();
  const [first, same] = await Promise.all([live(seed), live(seed)]);
  assert.equal(first, same);
  complete();
  clock.advance(249);
  assert.equal(await live(seed), first);
  assert.equal(made(), 1);
  clock.advance(1);
  const next = await leaderboard(seed);
  assert.equal(next?.progress.completed, 1);
  assert.equal(next?.revision, 2);
  assert.equal(made(), 2);
});

Deno.test("createLiveLeaderboards: a slow computation runs less often", async () => {
  const { leaderboard, clock, complete, options, made } = world();
  options.readingTakes = 200;
  await leaderboard(seed);
  complete();
  clock.advance(20 * 200 - 1);
  assert.equal((await leaderboard(seed))?.progress.completed, 0);
  clock.advance(1);
  assert.equal((await leaderboard(seed))?.progress.completed, 1);
  assert.equal(made(), 2);
});

Deno.test("createLiveLeaderboards: notifies pages with an outdated leaderboard once", async () => {
  const { leaderboard, clock, complete, options, published } = world();
  options.readingTakes = 500;
  await leaderboard(seed);
  await leaderboard(seed);
  clock.advance(5000);
  await settle();
  assert.deepEqual(published, [], "nothing changed");

  await leaderboard(seed);
  complete();
  await leaderboard(seed);
  await leaderboard(seed);
  assert.deepEqual(published, []);
  clock.advance(5000);
  await settle();
  assert.deepEqual(published, [
    { type: "changed", studyId: seed, revision: 2 },
  ]);
  assert.equal((await leaderboard(seed))?.revision, 2);
});

Deno.test("createLiveLeaderboards: rows and progress are of the same moment", async () => {
  const { leaderboard, complete, options } = world();
  options.beforePace = complete;
  const found = await leaderboard(seed);
  const inRows = found?.rows.reduce((n, row) => n + row.replicatesDone, 0);
  assert.deepEqual([found?.progress.completed, inRows], [0, 0]);
});

Deno.test("createLiveLeaderboards: ignores the cache on request", async () => {
  const { leaderboard, complete } = world();
  await leaderboard(seed);
  complete();
  const [old, now] = await Promise.all([
    leaderboard(seed),
    leaderboard(seed, true),
  ]);
  assert.equal(old?.progress.completed, 0);
  assert.equal(now?.progress.completed, 1);
});
