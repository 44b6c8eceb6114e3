import assert from "node:assert/strict";
import { leaseId, trained } from "../../testing/lease/fixtures.ts";
import { defaultPolicy } from "./policy.ts";
import {
  rejected,
  replied,
  script,
  TTL,
} from "../../testing/lease/transition_script.ts";

/** Allows a speculative attempt if it saves any time. */
const eager = { ...defaultPolicy, speculativeSaves: 0 };

Deno.test("transition release: queues the trial; repeating it changes nothing", () => {
  const s = script();
  s.lease(1);
  s.effects();
  replied(s.release(1, "leaving"), { type: "released" });
  assert.deepEqual(s.effects(), ["lease-released", "changed"]);
  replied(s.release(1, "leaving"), { type: "released" });
  assert.deepEqual(s.effects(), []);
  rejected(s.renew(1), "stale-lease");
});

Deno.test("transition release: refused after the lease's end or a result", () => {
  const s = script();
  s.lease(1);
  s.advance(TTL);
  s.expire();
  rejected(s.release(1, "failed"), "stale-lease");
  s.lease(2);
  s.complete(2);
  rejected(s.release(2, "failed"), "trial-completed");
});

Deno.test("transition quarantine: after failures of three different workers", () => {
  const s = script();
  for (const n of [1, 2]) {
    s.lease(n);
    s.release(n, "failed");
    assert.equal(s.trial.state, "queued");
  }
  s.lease(3);
  s.effects();
  s.complete(3, trained(), ["wrong"]);
  assert.equal(s.trial.state, "quarantined");
  assert.deepEqual(s.effects(), [
    "result-refused",
    "trial-quarantined",
    "changed",
  ]);
  rejected(s.lease(4), "not-leasable");
  rejected(s.renew(1), "trial-quarantined");
  rejected(s.complete(1), "trial-quarantined");
});

Deno.test("transition quarantine: several failures of one worker count once", () => {
  const s = script();
  for (let n = 1; n <= 8; n++) {
    s.lease(n, 1);
    s.release(n, "failed", 1);
  }
  assert.equal(s.trial.state, "queued");
});

Deno.test("transition quarantine: closed tabs do not quarantine a good trial", () => {
  const s = script();
  for (let n = 1; n <= 9; n++) {
    s.lease(n);
    s.advance(TTL);
    s.expire();
    assert.equal(s.trial.state, "queued");
  }
  s.lease(20);
  s.release(20, "leaving");
  assert.equal(s.trial.state, "queued", "leaving does not count as a failure");
  // But a trial on which every worker falls silent must end.
  s.lease(10);
  s.advance(TTL);
  s.expire();
  assert.equal(s.trial.state, "quarantined");
});

Deno.test("transition quarantine: a late valid result still completes the trial", () => {
  const s = script({ ...defaultPolicy, failedWorkers: 2 });
  s.lease(1);
  s.advance(TTL);
  s.expire();
  for (const n of [2, 3]) {
    s.lease(n);
    s.release(n, "failed");
  }
  assert.equal(s.trial.state, "quarantined");
  replied(s.complete(1), { type: "accepted", repeated: false });
  assert.equal(s.trial.state, "completed");
});

Deno.test("transition forgive: a removed worker's failures no longer count", () => {
  const s = script();
  const state = () => s.trial.state;
  for (const n of [1, 2, 3]) {
    s.lease(n);
    s.release(n, "failed");
  }
  assert.equal(state(), "quarantined");
  replied(s.forgive(4), { type: "forgiven", attempts: 0 });
  assert.equal(state(), "quarantined");
  replied(s.forgive(1), { type: "forgiven", attempts: 1 });
  assert.equal(state(), "queued");
  // Two other failures still count.
  s.lease(4);
  s.release(4, "failed");
  assert.equal(state(), "quarantined");
  for (const n of [2, 3]) s.forgive(n);
  s.lease(5);
  replied(s.forgive(4), { type: "forgiven", attempts: 1 });
  assert.equal(state(), "leased");
  replied(s.complete(5), { type: "accepted", repeated: false });
  replied(s.forgive(5), { type: "forgiven", attempts: 0 });
  assert.equal(state(), "completed");
});

Deno.test("transition forgive: a withdrawn result that superseded others stays refused", () => {
  const s = script(eager);
  s.lease(1);
  s.advance(TTL / 2);
  s.lease(2, 2, 1);
  s.complete(1);
  s.apply({
    type: "withdraw",
    now: TTL,
    leaseId: leaseId(1),
    message: "its worker delivered a false result",
  });
  replied(s.forgive(1), { type: "forgiven", attempts: 0 });
  assert.deepEqual(s.trial.attempts.map((a) => a.state), [
    "refused",
    "superseded",
  ]);
});

Deno.test("transition expire: ends due attempts once", () => {
  const s = script();
  s.lease(1);
  s.advance(TTL - 1);
  replied(s.expire(), { type: "expired", attempts: 0 });
  s.advance(1);
  s.effects();
  replied(s.expire(), { type: "expired", attempts: 1 });
  assert.deepEqual(s.effects(), ["lease-expired", "changed"]);
  replied(s.expire(), { type: "expired", attempts: 0 });
});

Deno.test("transition: one speculative attempt for a straggler; the first result wins", () => {
  const s = script(eager);
  s.lease(1);
  s.advance(TTL / 2);
  s.lease(2, 2, 1);
  rejected(s.lease(3, 3, 1), "not-leasable");
  s.advance(TTL / 2);
  replied(s.expire(), { type: "expired", attempts: 1 });
  assert.equal(s.trial.state, "leased", "the other attempt is still running");
  s.advance(TTL / 4);
  s.lease(3, 3, 1);
  s.effects();
  replied(s.complete(3), { type: "accepted", repeated: false });
  assert.deepEqual(s.effects(), [
    "result-accepted",
    "attempt-superseded",
    "changed",
  ]);
  replied(s.renew(2), { type: "stop", reason: "trial-completed" });
  replied(s.report(2, 1), { type: "stop", reason: "trial-completed" });
  rejected(s.complete(2), "trial-completed");
});

Deno.test("transition: the straggler wins if it delivers before the speculative attempt", () => {
  const s = script(eager);
  s.lease(1);
  s.advance(TTL / 2);
  s.lease(2, 2, 1);
  replied(s.complete(1), { type: "accepted", repeated: false });
  replied(s.renew(2), { type: "stop", reason: "trial-completed" });
});

Deno.test("transition: two workers that hold a trial without training do not block it", () => {
  const s = script({ ...eager, leasesPerEpoch: 3 });
  s.lease(1);
  s.advance(TTL);
  s.lease(2, 2, 1);
  s.advance(2 * TTL);
  s.renew(1);
  s.renew(2);
  rejected(s.lease(3, 3, 1), "not-leasable");
  s.advance(1);
  s.effects();
  s.lease(3, 3, 1);
  assert.deepEqual(s.effects(), ["lease-expired", "lease-granted", "changed"]);
  assert.deepEqual(
    s.trial.attempts.map((a) => a.state),
    ["expired", "running", "running"],
  );
  rejected(s.renew(1), "stale-lease");
  // Each epoch extends the time until an attempt counts as stuck.
  s.report(2, 1);
  s.advance(2 * TTL);
  rejected(s.lease(4, 4, 1), "not-leasable");
  replied(s.complete(1), { type: "accepted", repeated: false });
});

Deno.test("transition: no speculative attempt at one's own trial or after a failure", () => {
  const s = script(eager);
  s.lease(2);
  s.release(2, "failed");
  s.lease(1);
  s.advance(TTL / 2);
  rejected(s.lease(3, 1, 1), "not-leasable");
  rejected(s.lease(3, 2, 1), "not-leasable");
  s.unplan();
  rejected(s.lease(3, 3, 1), "not-leasable");
});

Deno.test("transition: quarantine waits for a running attempt", () => {
  const s = script({ ...eager, failedWorkers: 1 });
  s.lease(1);
  s.advance(TTL / 2);
  s.lease(2, 2, 1);
  s.release(1, "failed");
  assert.equal(s.trial.state, "leased");
  s.release(2, "leaving");
  assert.equal(s.trial.state, "quarantined");
});
