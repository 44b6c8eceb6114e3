import assert from "node:assert/strict";
import type { TrialResult } from "../../protocol/training.ts";
import {
  delivery,
  epochMetrics,
  leaseId,
  trained,
  workerId,
} from "../../testing/lease/fixtures.ts";
import {
  rejected,
  replied,
  script,
  TTL,
} from "../../testing/lease/transition_script.ts";
import type { Reply } from "./events.ts";

Deno.test("transition lease: a queued trial gets attempt 1 and an expiry time", () => {
  const s = script();
  const result = s.lease(1);
  assert.ok(result.ok && result.reply.type === "leased");
  assert.equal(result.reply.attempt.attempt, 1);
  assert.equal(result.reply.attempt.expiresAt, TTL);
  assert.equal(s.trial.state, "leased");
  assert.deepEqual(s.effects(), ["lease-granted", "changed"]);
});

Deno.test("transition lease: attempts count up over releases and expiries", () => {
  const s = script();
  s.lease(1);
  s.release(1, "leaving");
  s.lease(2);
  s.advance(TTL);
  s.expire();
  s.lease(3);
  assert.deepEqual(
    s.trial.attempts.map((a) => [a.attempt, a.state]),
    [[1, "released"], [2, "expired"], [3, "running"]],
  );
});

Deno.test("transition lease: a running, done or unplanned trial is not leasable", () => {
  const s = script();
  s.lease(1);
  rejected(s.lease(2), "not-leasable");
  s.complete(1);
  rejected(s.lease(2), "not-leasable");
  const unplanned = script();
  unplanned.unplan();
  rejected(unplanned.lease(1), "not-leasable");
});

Deno.test("transition fence: lease id, attempt and worker must all match", () => {
  const s = script();
  s.lease(1);
  const good = s.fence(1);
  for (
    const wrong of [
      { ...good, attempt: 2 },
      { ...good, leaseId: leaseId(9) },
      { ...good, workerId: workerId(9) },
    ]
  ) {
    rejected(s.apply({ type: "renew", ...wrong, wanted: true }), "stale-lease");
    rejected(
      s.apply({
        type: "report",
        ...wrong,
        wanted: true,
        epochs: [epochMetrics(1)],
      }),
      "stale-lease",
    );
    rejected(
      s.apply({
        type: "complete",
        ...wrong,
        delivery: delivery(trained()),
        problems: [],
        verify: null,
      }),
      "stale-lease",
    );
    rejected(
      s.apply({ type: "release", ...wrong, reason: "failed", message: null }),
      "stale-lease",
    );
  }
  assert.equal(s.trial.state, "leased");
});

Deno.test("transition renew: extends the lease and never shortens it", () => {
  const s = script();
  s.lease(1);
  s.advance(400);
  replied(s.renew(1), { type: "continue", ttl: TTL });
  const [attempt] = s.trial.attempts;
  assert.equal(attempt?.state === "running" && attempt.expiresAt, 400 + TTL);
  s.advance(-300);
  s.renew(1);
  const [same] = s.trial.attempts;
  assert.equal(same?.state === "running" && same.expiresAt, 400 + TTL);
  s.effects();
  s.renew(1);
  assert.deepEqual(s.effects(), [], "a heartbeat has no visible effect");
});

Deno.test("transition renew: a lease past its end continues until it is expired", () => {
  const s = script();
  s.lease(1);
  s.advance(10 * TTL);
  replied(s.renew(1), { type: "continue", ttl: TTL });
  replied(s.expire(), { type: "expired", attempts: 0 });
});

Deno.test("transition renew: an unplanned trial's worker is told to stop", () => {
  const s = script();
  s.lease(1);
  replied(s.renew(1, false), { type: "stop", reason: "study-stopped" });
  assert.equal(s.trial.state, "queued");
  assert.equal(s.trial.attempts[0]?.state, "released");
  rejected(s.renew(1), "stale-lease");
  replied(s.complete(1), { type: "accepted", repeated: false });
});

Deno.test("transition report: keeps epochs in order, the first report of each", () => {
  const s = script();
  s.lease(1);
  s.effects();
  s.report(1, 2);
  s.report(1, 1);
  s.report(1, 2);
  assert.deepEqual(s.trial.attempts[0]?.epochs, [
    epochMetrics(1),
    epochMetrics(2),
  ]);
  assert.deepEqual(s.effects(), ["epoch", "epoch"]);
});

Deno.test("transition report: several epochs at once, each published, the first report of each kept", () => {
  const s = script(undefined, false, 4);
  s.lease(1);
  s.advance(400);
  s.effects();
  const together = s.report(1, 1, 2);
  replied(together, { type: "continue", ttl: TTL });
  assert.ok(together.ok);
  assert.deepEqual(together.effects, [
    { type: "epoch", metrics: epochMetrics(1) },
    { type: "epoch", metrics: epochMetrics(2) },
  ]);
  // Epochs of a lost report are sent again with newer ones.
  const again = s.apply({
    type: "report",
    ...s.fence(1),
    wanted: true,
    epochs: [epochMetrics(1, 0.9), epochMetrics(2), epochMetrics(4)],
  });
  assert.ok(again.ok);
  assert.deepEqual(again.effects, [{
    type: "epoch",
    metrics: epochMetrics(4),
  }]);
  s.report(1, 3);
  const [attempt] = s.trial.attempts;
  assert.deepEqual(attempt?.epochs, [1, 2, 3, 4].map((n) => epochMetrics(n)));
  assert.equal(attempt?.state === "running" && attempt.expiresAt, 400 + TTL);
});

Deno.test("transition report: an epoch twice in one report counts once", () => {
  const s = script();
  s.lease(1);
  s.effects();
  s.apply({
    type: "report",
    ...s.fence(1),
    wanted: true,
    epochs: [epochMetrics(1), epochMetrics(1, 0.9)],
  });
  assert.deepEqual(s.trial.attempts[0]?.epochs, [epochMetrics(1)]);
  assert.deepEqual(s.effects(), ["epoch"]);
});

Deno.test("transition report: a report with an epoch that the recipe does not have is refused", () => {
  const s = script();
  s.lease(1);
  rejected(s.report(1, 3), "no-such-epoch");
  rejected(s.report(1, 1, 3), "no-such-epoch");
  assert.deepEqual(s.trial.attempts[0]?.epochs, []);
});

Deno.test("transition complete: completes the trial", () => {
  const s = script();
  s.lease(1);
  s.advance(10);
  s.effects();
  replied(s.complete(1), { type: "accepted", repeated: false });
  assert.ok(s.trial.state === "completed");
  assert.deepEqual(s.trial.accepted, {
    attempt: 1,
    leaseId: leaseId(1),
    workerId: workerId(1),
    acceptedAt: 10,
    ...delivery(trained()),
    recomputed: null,
    repeatedEpochs: 0,
  });
  assert.deepEqual(s.effects(), ["result-accepted", "changed"]);
});

Deno.test("transition complete: a repeated result gets the same answer", () => {
  const s = script();
  s.lease(1);
  s.complete(1);
  const before = s.trial;
  s.effects();
  // Another order of keys, as from another JSON encoder.
  const { checks, ...rest } = structuredClone(trained()) as TrialResult & {
    outcome: "trained";
  };
  replied(s.complete(1, { checks, ...rest }), {
    type: "accepted",
    repeated: true,
  });
  assert.equal(s.trial, before);
  assert.deepEqual(s.effects(), []);
});

Deno.test("transition complete: a second, different result is a conflict", () => {
  const s = script();
  s.lease(1);
  s.complete(1);
  rejected(s.complete(1, trained(2, 0.7)), "conflicting-result");
  assert.ok(s.trial.state === "completed");
  assert.deepEqual(s.trial.accepted.result, trained());
});

Deno.test("transition complete: a late result is accepted while the trial is queued", () => {
  const s = script();
  s.lease(1);
  s.advance(TTL);
  s.expire();
  assert.equal(s.trial.state, "queued");
  replied(s.complete(1), { type: "accepted", repeated: false });
  assert.equal(s.trial.state, "completed");
});

Deno.test("transition complete: a late result supersedes a running later attempt", () => {
  const s = script();
  s.lease(1);
  s.advance(TTL);
  s.expire();
  s.lease(2);
  s.effects();
  replied(s.complete(1), { type: "accepted", repeated: false });
  assert.deepEqual(s.effects(), [
    "result-accepted",
    "attempt-superseded",
    "changed",
  ]);
  assert.deepEqual(
    s.trial.attempts.map((a) => a.state),
    ["completed", "superseded"],
  );
  const stop: Reply = { type: "stop", reason: "trial-completed" };
  replied(s.renew(2), stop);
  replied(s.report(2, 1), stop);
  rejected(s.complete(2), "trial-completed");
  replied(s.release(2, "leaving"), { type: "released" });
});

Deno.test("transition complete: refused after another attempt's result", () => {
  const s = script();
  s.lease(1);
  s.advance(TTL);
  s.expire();
  s.lease(2);
  s.complete(2, trained(2, 0.7));
  rejected(s.complete(1), "trial-completed");
  rejected(s.renew(1), "stale-lease");
  assert.ok(s.trial.state === "completed");
  assert.equal(s.trial.accepted.attempt, 2);
});

Deno.test("transition complete: a result after a release still counts", () => {
  const s = script();
  s.lease(1);
  s.release(1, "leaving");
  replied(s.complete(1), { type: "accepted", repeated: false });
});

Deno.test("transition complete: a result with problems counts as the worker's failure", () => {
  const s = script();
  s.lease(1);
  s.effects();
  replied(s.complete(1, trained(), ["too good", "to be true"]), {
    type: "refused",
    problems: ["too good", "to be true"],
  });
  assert.equal(s.trial.state, "queued");
  const [attempt] = s.trial.attempts;
  assert.ok(attempt?.state === "refused");
  assert.equal(attempt.message, "too good; to be true");
  assert.deepEqual(s.effects(), ["result-refused", "changed"]);
  // A valid result afterwards does not count either; the worker gets the same
  // answer.
  replied(s.complete(1), {
    type: "refused",
    problems: ["too good; to be true"],
  });
});

Deno.test("transition complete: a refused late result does not affect the later attempt", () => {
  const s = script();
  s.lease(1);
  s.advance(TTL);
  s.expire();
  s.lease(2);
  s.complete(1, trained(), ["wrong"]);
  assert.equal(s.trial.state, "leased");
  replied(s.renew(2), { type: "continue", ttl: TTL });
});
