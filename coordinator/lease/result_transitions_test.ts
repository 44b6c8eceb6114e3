import assert from "node:assert/strict";
import {
  delivery,
  leaseId,
  trained,
  workerId,
} from "../../testing/lease/fixtures.ts";
import { defaultPolicy } from "./policy.ts";
import {
  rejected,
  replied,
  script,
  TTL,
} from "../../testing/lease/transition_script.ts";
import type { TrialRecord } from "./trial.ts";
import type { ResultVerdict } from "./events.ts";

const recomputed = { testLoss: 0.61, testAccuracy: 0.74 };
const good: ResultVerdict = { type: "true", recomputed, repeatedEpochs: 0 };
const bad: ResultVerdict = { type: "false", problems: ["another net", "no"] };
const lost: ResultVerdict = { type: "lost", message: "gone" };
const verifying = () => script(defaultPolicy, true);

Deno.test("transition complete: with a verifier the result waits, and a repeated call says so", () => {
  const s = verifying();
  s.lease(1);
  s.advance(10);
  s.effects();
  replied(s.complete(1), { type: "received", repeated: false });
  assert.equal(s.trial.state, "verifying");
  assert.deepEqual(s.trial.attempts[0]?.state, "delivered");
  assert.deepEqual(s.effects(), ["result-received", "changed"]);
  replied(s.complete(1), { type: "received", repeated: true });
  assert.deepEqual(s.effects(), []);
  rejected(s.complete(1, trained(2, 0.7)), "conflicting-result");
  rejected(s.lease(2), "not-leasable");
});

Deno.test("transition complete: asks for the missing weights of a trained result", () => {
  const s = verifying();
  s.lease(1);
  rejected(s.complete(1, trained(), [], false), "missing-weights");
  assert.equal(s.trial.state, "leased");
  replied(s.complete(1), { type: "received", repeated: false });
});

Deno.test("transition complete: a diverged result needs no weights", () => {
  const s = verifying();
  s.lease(1);
  const { checks: _, ...base } = trained(1) as Extract<
    ReturnType<typeof trained>,
    { outcome: "trained" }
  >;
  const diverged = {
    ...base,
    outcome: "diverged",
    divergedAtEpoch: 2,
  } as const;
  replied(s.complete(1, diverged, [], false), {
    type: "received",
    repeated: false,
  });
});

Deno.test("transition verdict: a true result completes the trial with the recomputed figures", () => {
  const s = verifying();
  s.lease(1);
  s.complete(1);
  s.advance(5);
  s.effects();
  replied(s.judge(1, good), { type: "judged", settled: true });
  assert.ok(s.trial.state === "completed");
  assert.deepEqual(s.trial.accepted, {
    attempt: 1,
    leaseId: leaseId(1),
    workerId: workerId(1),
    acceptedAt: 5,
    ...delivery(trained()),
    recomputed,
    repeatedEpochs: 0,
  });
  assert.deepEqual(s.effects(), ["result-accepted", "changed"]);
  replied(s.complete(1), { type: "accepted", repeated: true });
  replied(s.judge(1, bad), { type: "judged", settled: false });
  assert.equal(s.trial.state, "completed");
});

Deno.test("transition verdict: after a false result the trial is queued, and the worker learns why", () => {
  const s = verifying();
  s.lease(1);
  s.complete(1);
  s.effects();
  replied(s.judge(1, bad), { type: "judged", settled: true });
  assert.equal(s.trial.state, "queued");
  assert.deepEqual(s.effects(), ["result-refused", "changed"]);
  replied(s.complete(1), { type: "refused", problems: ["another net; no"] });
  rejected(s.upload(1), "stale-lease");
});

Deno.test("transition verdict: false results of three workers quarantine the trial", () => {
  const s = verifying();
  for (const n of [1, 2, 3]) {
    s.lease(n);
    s.complete(n);
    s.judge(n, bad);
  }
  assert.equal(s.trial.state, "quarantined");
});

Deno.test("transition verdict: lost data does not count as a failure", () => {
  const s = verifying();
  s.lease(1);
  s.complete(1);
  s.judge(1, lost);
  assert.equal(s.trial.state, "queued");
  assert.equal(s.trial.attempts[0]?.state, "released");
});

Deno.test("transition verdict: of two delivered results the first that is true counts", () => {
  const s = verifying();
  s.lease(1);
  s.advance(TTL);
  s.expire();
  s.lease(2);
  s.complete(2);
  s.complete(1);
  s.judge(2, bad);
  assert.deepEqual([s.trial.state], ["verifying"]);
  s.judge(1, good);
  const after: TrialRecord = s.trial;
  assert.equal(
    after.state === "completed" && after.accepted.leaseId,
    leaseId(1),
  );
});

Deno.test("transition verdict: another running attempt is told to stop", () => {
  const s = verifying();
  s.lease(1);
  s.advance(TTL);
  s.expire();
  s.lease(2);
  s.complete(1);
  assert.equal(s.trial.state, "verifying");
  replied(s.renew(2), { type: "continue", ttl: TTL });
  s.judge(1, good);
  replied(s.renew(2), { type: "stop", reason: "trial-completed" });
});

Deno.test("transition upload: extends a running lease and is accepted late", () => {
  const s = verifying();
  s.lease(1);
  s.advance(TTL - 1);
  replied(s.upload(1), { type: "uploading" });
  s.advance(TTL - 1);
  s.expire();
  assert.equal(s.trial.state, "leased");
  s.advance(TTL);
  s.expire();
  replied(s.upload(1), { type: "uploading" });
  assert.equal(s.trial.state, "queued");
});

Deno.test("transition upload: refused for another worker's lease and a completed trial", () => {
  const s = verifying();
  s.lease(1);
  s.advance(TTL);
  s.expire();
  s.lease(2);
  rejected(
    s.apply({ type: "upload", ...s.fence(2), workerId: workerId(1) }),
    "stale-lease",
  );
  s.complete(2);
  s.judge(2, good);
  rejected(s.upload(1), "trial-completed");
});

Deno.test("transition release: a delivered attempt cannot be released", () => {
  const s = verifying();
  s.lease(1);
  s.complete(1);
  replied(s.release(1, "leaving"), { type: "released" });
  assert.equal(s.trial.state, "verifying");
  assert.deepEqual(
    s.trial.attempts[0]?.state === "delivered" && s.trial.attempts[0].delivery,
    delivery(trained()),
  );
});

Deno.test("transition forgive: the results of a removed worker need no verdict any more", () => {
  const s = verifying();
  s.lease(1);
  s.complete(1);
  s.effects();
  replied(s.forgive(1), { type: "forgiven", attempts: 1 });
  assert.deepEqual(s.effects(), ["changed"]);
  assert.equal(s.trial.state, "queued");
  assert.equal(s.trial.attempts[0]?.state, "released");
  replied(s.judge(1, good), { type: "judged", settled: false });
});

Deno.test("transition withdraw: a waiting result of a liar gets no verdict and is no failure", () => {
  const s = verifying();
  s.lease(1);
  s.complete(1);
  s.effects();
  replied(s.withdraw(1), { type: "withdrawn", settled: true });
  assert.deepEqual(s.effects(), ["result-withdrawn", "changed"]);
  assert.equal(s.trial.state, "queued");
  assert.equal(s.trial.attempts[0]?.state, "released");
});
