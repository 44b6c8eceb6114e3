import assert from "node:assert/strict";
import type { StudyDefinition } from "../../protocol/study.ts";
import type { SwarmEvent } from "../../protocol/views.ts";
import type { News } from "../storage/storage.ts";
import { createPeers } from "./peers.ts";
import {
  epochMetrics,
  fakeClock,
  seed,
  smallStudy,
} from "../../testing/lease/fixtures.ts";

function setUp(shared = true) {
  const clock = fakeClock();
  const published: SwarmEvent[] = [];
  const active: (StudyDefinition | null)[] = [];
  const logged: string[] = [];
  const state = {
    news: { revisions: new Map(), epochs: [] } as News,
    broken: false,
    looks: 0,
    told: 0,
    wake: () => {},
  };
  const peers = createPeers({
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
    onActiveStudy: (definition) => void active.push(definition),
    onNews: () => Promise.resolve(void state.told++),
  });
  const settle = async () => {
    for (let i = 0; i < 20; i++) await Promise.resolve();
  };
  return { clock, peers, state, published, active, logged, settle };
}

Deno.test("createPeers: sends new revisions to its pages once", async () => {
  const { peers, state, published } = setUp();
  state.news = { revisions: new Map([[seed, 3]]), epochs: [] };
  await peers.look();
  await peers.look();
  const changed = (revision: number): SwarmEvent => ({
    type: "changed",
    studyId: seed,
    revision,
  });
  assert.deepEqual(published, [changed(3)]);
  // Its own changes are not sent again.
  peers.publish(changed(4));
  state.news = { revisions: new Map([[seed, 4]]), epochs: [] };
  await peers.look();
  assert.deepEqual(published, [changed(3), changed(4)]);
  assert.equal(state.told, 3);
});

Deno.test("createPeers: passes on the active study and epochs reported to others", async () => {
  const { peers, state, published, active } = setUp();
  await peers.look();
  assert.deepEqual(active, [], "no study was ever activated");
  const { definition, trials: [trial] } = smallStudy();
  assert.ok(trial);
  const { trialId, params, replicate } = trial;
  const epoch = { trialId, params, replicate, metrics: epochMetrics(1) };
  state.news = {
    activeStudy: definition,
    revisions: new Map(),
    epochs: [epoch],
  };
  await peers.look();
  state.news = { activeStudy: null, revisions: new Map(), epochs: [] };
  await peers.look();
  assert.deepEqual(active, [definition, null]);
  assert.deepEqual(published, [{ type: "epoch", ...epoch }]);
});

Deno.test("createPeers: many notifications cause one poll; without any it polls every five seconds", async () => {
  const { clock, peers, state, settle } = setUp();
  peers.start();
  for (let i = 0; i < 10; i++) {
    state.wake();
    clock.advance(10);
  }
  assert.equal(state.looks, 0);
  clock.advance(200);
  assert.equal(state.looks, 1);
  // A notification during a poll causes another one after a pause.
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
  peers.stop();
  await settle();
  clock.advance(60_000);
  assert.equal(state.looks, 3);
});

Deno.test("createPeers: logs an unavailable storage and polls again", async () => {
  const { clock, peers, state, logged, settle } = setUp();
  peers.start();
  state.broken = true;
  clock.advance(5000);
  await settle();
  assert.deepEqual(logged, ["no news"]);
  state.broken = false;
  clock.advance(5000);
  await settle();
  assert.equal(state.told, 1);
  peers.stop();
});

Deno.test("createPeers: does not poll if there cannot be other coordinators", () => {
  const { clock, peers, state } = setUp(false);
  peers.start();
  clock.advance(60_000);
  assert.equal(state.looks, 0);
});
