import assert from "node:assert/strict";
import type { StudyDefinition } from "../../protocol/study.ts";
import type { SwarmEvent } from "../../protocol/views.ts";
import type { News } from "../storage/storage.ts";
import { createFellows } from "./peers.ts";
import {
  epochMetrics,
  fakeClock,
  seed,
  smallStudy,
} from "../../testing/lease/fixtures.ts";

function setUp(shared = true) {
  const clock = fakeClock();
  const published: SwarmEvent[] = [];
  const lent: (StudyDefinition | null)[] = [];
  const logged: string[] = [];
  const state = {
    news: { revisions: new Map(), epochs: [] } as News,
    broken: false,
    looks: 0,
    told: 0,
    wake: () => {},
  };
  const fellows = createFellows({
    storage: {
      news: () => {
        state.looks++;
        return state.broken
          ? Promise.reject(new Error("away"))
          : Promise.resolve(state.news);
      },
      watch: (wake) => {
        state.wake = wake;
        return shared ? () => {} : null;
      },
    },
    schedule: clock.schedule,
    log: (_, message) => void logged.push(message),
    publish: (event) => void published.push(event),
    lent: (definition) => void lent.push(definition),
    onNews: () => Promise.resolve(void state.told++),
  });
  const settle = async () => {
    for (let i = 0; i < 20; i++) await Promise.resolve();
  };
  return { clock, fellows, state, published, lent, logged, settle };
}

Deno.test("createFellows: tells its pages of revisions that are news, once", async () => {
  const { fellows, state, published } = setUp();
  state.news = { revisions: new Map([[seed, 3]]), epochs: [] };
  await fellows.look();
  await fellows.look();
  const changed = (revision: number): SwarmEvent => ({
    type: "changed",
    studyId: seed,
    revision,
  });
  assert.deepEqual(published, [changed(3)]);
  // Its own changes are no news.
  fellows.publish(changed(4));
  state.news = { revisions: new Map([[seed, 4]]), epochs: [] };
  await fellows.look();
  assert.deepEqual(published, [changed(3), changed(4)]);
  assert.equal(state.told, 3);
});

Deno.test("createFellows: passes on what is lent, and epochs told to others", async () => {
  const { fellows, state, published, lent } = setUp();
  await fellows.look();
  assert.deepEqual(lent, [], "nobody ever said");
  const { definition, trials: [trial] } = smallStudy();
  assert.ok(trial);
  const { trialId, params, replicate } = trial;
  const epoch = { trialId, params, replicate, metrics: epochMetrics(1) };
  state.news = { lent: definition, revisions: new Map(), epochs: [epoch] };
  await fellows.look();
  state.news = { lent: null, revisions: new Map(), epochs: [] };
  await fellows.look();
  assert.deepEqual(lent, [definition, null]);
  assert.deepEqual(published, [{ type: "epoch", ...epoch }]);
});

Deno.test("createFellows: many calls cost one look, none at all one in five seconds", async () => {
  const { clock, fellows, state, settle } = setUp();
  fellows.start();
  for (let i = 0; i < 10; i++) {
    state.wake();
    clock.advance(10);
  }
  assert.equal(state.looks, 0);
  clock.advance(200);
  assert.equal(state.looks, 1);
  // While it looks: one more look, after a pause.
  state.wake();
  state.wake();
  await settle();
  clock.advance(199);
  assert.equal(state.looks, 1);
  clock.advance(1);
  assert.equal(state.looks, 2);
  await settle();
  clock.advance(4999);
  assert.equal(state.looks, 2);
  clock.advance(1);
  assert.equal(state.looks, 3);
  fellows.stop();
  await settle();
  clock.advance(60_000);
  assert.equal(state.looks, 3);
});

Deno.test("createFellows: a storage that is away is logged and looked at again", async () => {
  const { clock, fellows, state, logged, settle } = setUp();
  fellows.start();
  state.broken = true;
  clock.advance(5000);
  await settle();
  assert.deepEqual(logged, ["no news"]);
  state.broken = false;
  clock.advance(5000);
  await settle();
  assert.equal(state.told, 1);
  fellows.stop();
});

Deno.test("createFellows: looks at nothing where there can be no others", () => {
  const { clock, fellows, state } = setUp(false);
  fellows.start();
  clock.advance(60_000);
  assert.equal(state.looks, 0);
});
