import assert from "node:assert/strict";
import { leaseId } from "../../testing/lease/fixtures.ts";
import { defaultTerms, termsOf } from "./policy.ts";
import { createPacing } from "./pacing.ts";

const ids = Array.from({ length: 20_000 }, (_, n) => leaseId(n + 1));
const HEARTBEAT = defaultTerms.heartbeat * 1000;

/** The pause that each of this many leases gets. */
function secondsOf(leases: number, terms = defaultTerms): number {
  const pacing = createPacing(terms);
  for (const id of ids.slice(0, leases)) pacing.note(id, 0);
  return pacing.seconds(0);
}

Deno.test("createPacing: no pause in a small swarm, up to the heartbeat in a large one", () => {
  assert.deepEqual(
    [0, 1, 250, 499, 500, 1000, 2750, 10_000, 20_000].map((leases) =>
      secondsOf(leases)
    ),
    [0, 0, 0, 0, 1, 2, 5.5, 20, 20],
  );
});

Deno.test("createPacing: never asks for a pause longer than a lease allows", () => {
  for (const minTtl of [1, 3, 10, 30, 90, 600]) {
    const terms = termsOf(minTtl);
    for (const leases of [1000, 3000, 20_000]) {
      const seconds = secondsOf(leases, terms);
      assert.ok(seconds <= terms.heartbeat, `${minTtl}: ${seconds}`);
      assert.ok(3 * seconds <= terms.minTtl, `${minTtl}: ${seconds}`);
      assert.ok(2.5 * seconds <= terms.offlineAfter, `${minTtl}: ${seconds}`);
    }
  }
});

Deno.test("createPacing: a lease counts once until it ends, however often it calls", () => {
  const pacing = createPacing(defaultTerms);
  const crowd = ids.slice(0, 3000);
  for (let now = 0; now < 6 * HEARTBEAT; now += HEARTBEAT / 4) {
    for (const id of crowd) pacing.note(id, now);
    assert.equal(pacing.seconds(now), 6);
  }
  const now = 6 * HEARTBEAT;
  for (const id of crowd.slice(1500)) pacing.forget(id);
  assert.equal(pacing.seconds(now), 3);
  for (const id of crowd) pacing.forget(id);
  assert.equal(pacing.seconds(now), 0);
});

Deno.test("createPacing: a lease that calls at each heartbeat is always counted", () => {
  const pacing = createPacing(defaultTerms);
  const crowd = ids.slice(0, 4000);
  const first = (i: number) => i * HEARTBEAT / crowd.length;
  // Slightly late each time, like real calls.
  const every = 1.02 * HEARTBEAT;
  for (let round = 0; round < 12; round++) {
    crowd.forEach((id, i) => {
      const now = first(i) + round * every;
      pacing.note(id, now);
      if (round > 0) assert.equal(pacing.seconds(now), 8);
    });
  }
});

Deno.test("createPacing: a silent lease is forgotten when it would have expired", () => {
  const pacing = createPacing(defaultTerms);
  for (const id of ids.slice(0, 8000)) pacing.note(id, 0);
  let silent = 0;
  const stays = ids.slice(8000, 10_000);
  for (let now = 0; now <= 6 * HEARTBEAT; now += HEARTBEAT / 2) {
    for (const id of stays) pacing.note(id, now);
    const seconds = pacing.seconds(now);
    if (now < 2 * HEARTBEAT) assert.equal(seconds, 20);
    if (seconds > 4) silent = now;
  }
  assert.ok(silent < 4 * HEARTBEAT, `${silent} ms`);
  assert.equal(pacing.seconds(6 * HEARTBEAT), 4);
  // The machine slept for an hour: it is unknown which workers are still there.
  assert.equal(pacing.seconds(3_600_000), 0);
});

Deno.test("createPacing: all leases together keep the wanted rate at any training speed", () => {
  const { callsPerSecond } = defaultTerms;
  for (const leases of [2500, 9000]) {
    const pacing = createPacing(defaultTerms);
    const TICK = 250;
    /** Time at which each worker has an epoch and its pause is over. */
    const due = new Map(ids.slice(0, leases).map((id) => [id, 0]));
    let calls = 0;
    for (let now = 0; now < 12 * HEARTBEAT; now += TICK) {
      for (const [id, at] of due) {
        if (at > now) continue;
        pacing.note(id, now);
        if (now >= 2 * HEARTBEAT) calls++;
        due.set(id, now + Math.max(TICK, pacing.seconds(now) * 1000));
      }
    }
    const perSecond = calls / (10 * HEARTBEAT / 1000);
    assert.ok(perSecond <= callsPerSecond, `${leases}: ${perSecond}`);
    assert.ok(perSecond > 0.85 * callsPerSecond, `${leases}: ${perSecond}`);
  }
});
