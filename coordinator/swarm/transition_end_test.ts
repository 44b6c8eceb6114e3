import assert from "node:assert/strict";
import { trained } from "./fixtures.ts";
import { defaultPolicy } from "./policy.ts";
import { rejected, replied, script, TTL } from "./transition_script.ts";

Deno.test("transition release: queues the trial; twice is as good as once", () => {
  const s = script();
  s.lease(1);
  s.effects();
  replied(s.release(1, "leaving"), { type: "released" });
  assert.deepEqual(s.effects(), ["lease-released", "changed"]);
  replied(s.release(1, "leaving"), { type: "released" });
  assert.deepEqual(s.effects(), []);
  rejected(s.renew(1), "stale-lease");
});

Deno.test("transition release: after the end or the result it is refused", () => {
  const s = script();
  s.lease(1);
  s.advance(TTL);
  s.expire();
  rejected(s.release(1, "failed"), "stale-lease");
  s.lease(2);
  s.complete(2);
  rejected(s.release(2, "failed"), "trial-completed");
});

Deno.test("transition quarantine: three different workers failing", () => {
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

Deno.test("transition quarantine: one worker failing often is not three", () => {
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
  assert.equal(s.trial.state, "queued", "leaving is nobody's fault");
  // But a trial that silences every worker it meets has to end.
  s.lease(10);
  s.advance(TTL);
  s.expire();
  assert.equal(s.trial.state, "quarantined");
});

Deno.test("transition quarantine: a late good result still fills the trial", () => {
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

Deno.test("transition expire: ends what is due, once", () => {
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

Deno.test("transition: two attempts may run where the policy lets them", () => {
  const s = script({ ...defaultPolicy, runningAttempts: 2 });
  s.lease(1);
  s.advance(TTL / 2);
  s.lease(2);
  rejected(s.lease(3), "not-leasable");
  s.advance(TTL / 2);
  replied(s.expire(), { type: "expired", attempts: 1 });
  assert.equal(s.trial.state, "leased", "the other runs on");
  s.lease(3);
  replied(s.complete(3), { type: "accepted", repeated: false });
  replied(s.renew(2), { type: "stop", reason: "trial-completed" });
});

Deno.test("transition: quarantine waits for an attempt that still runs", () => {
  const s = script({
    ...defaultPolicy,
    runningAttempts: 2,
    failedWorkers: 1,
  });
  s.lease(1);
  s.lease(2);
  s.release(1, "failed");
  assert.equal(s.trial.state, "leased");
  s.release(2, "leaving");
  assert.equal(s.trial.state, "quarantined");
});
