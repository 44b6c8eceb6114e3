import assert from "node:assert/strict";
import {
  chooseSpeculative,
  type Newcomer,
  speculativeSaves,
} from "./speculative.ts";
import {
  epochMetrics,
  leaseId,
  smallStudy,
  workerId,
} from "../../testing/lease/fixtures.ts";
import { defaultPolicy } from "./policy.ts";
import type { Attempt, TrialRecord } from "./trial.ts";

/** A trial leased at 0 to worker 1. */
function running(
  { reported = 0, ttl = 30_000, n = 0, worker = 1, epochs = 10, called = 1e9 } =
    {},
): TrialRecord {
  const spec = smallStudy({ epochs }).trials[n];
  assert.ok(spec);
  const attempt: Attempt = {
    attempt: 1,
    leaseId: leaseId(n + 1),
    workerId: workerId(worker),
    backend: "cpu",
    backendDetail: null,
    startedAt: 0,
    ttl,
    epochs: Array.from({ length: reported }, (_, i) => epochMetrics(i + 1)),
    state: "running",
    expiresAt: called + ttl,
  };
  return { spec, planned: true, state: "leased", attempts: [attempt] };
}

/** Worker 9, which needs this many seconds per epoch, at a given time. */
function newcomer(seconds: number, epochSeconds: number | null): Newcomer {
  return {
    now: seconds * 1000,
    workerId: workerId(9),
    ttl: Math.max(30_000, 3000 * (epochSeconds ?? 40)),
    epochMilliseconds: epochSeconds === null ? null : 1000 * epochSeconds,
    pause: 0,
  };
}

const saves = (trial: TrialRecord, who: Newcomer) =>
  speculativeSaves(trial, who, defaultPolicy);

Deno.test("speculativeSaves: nothing between workers of equal speed, at any time", () => {
  for (const epoch of [0.5, 1, 5, 30, 120]) {
    for (let seconds = 0; seconds < 10 * epoch; seconds += epoch / 8) {
      const reported = Math.floor(seconds / epoch);
      const trial = running({ reported, ttl: Math.max(30, 3 * epoch) * 1000 });
      const saved = saves(trial, newcomer(seconds, epoch));
      assert.equal(saved, null, `${epoch} s per epoch, after ${seconds} s`);
    }
  }
});

Deno.test("speculativeSaves: a slow device's trial, as soon as its speed is known", () => {
  // The speed, 20 s per epoch, was measured, so it is known before the first
  // report.
  const measured = running({ ttl: 60_000 });
  assert.equal(saves(measured, newcomer(5, 1)), 200_000 - 5_000 - 10_000);
  // Measured to be as fast as the others, but three epochs took a minute.
  const slower = running({ reported: 3 });
  const saved = saves(slower, newcomer(60, 1));
  assert.ok(saved !== null && Math.abs(saved - 101_000) < 1_000, `${saved}`);
});

Deno.test("speculativeSaves: nothing if only few seconds are left", () => {
  assert.equal(saves(running({ reported: 9 }), newcomer(90, 0.1)), null);
  assert.equal(saves(running({ reported: 5 }), newcomer(11, 0.1)), null);
  assert.ok(saves(running({ reported: 5 }), newcomer(20, 0.1)) !== null);
});

Deno.test("speculativeSaves: an attempt without reports looks slower and slower", () => {
  for (const reported of [0, 1, 9, 10]) {
    const silent = running({ reported });
    if (reported >= 9) {
      assert.equal(saves(silent, newcomer(10, 1)), null, `${reported}`);
    }
    assert.ok(saves(silent, newcomer(300, 1)) !== null, `${reported}`);
  }
  const short = running({ epochs: 1 });
  assert.equal(saves(short, newcomer(60, 1)), null);
  assert.ok(saves(short, newcomer(120, 1)) !== null);
});

Deno.test("speculativeSaves: a paced attempt may be ahead of its last report", () => {
  for (const epoch of [1, 2, 5]) {
    const ttl = Math.max(30, 3 * epoch) * 1000;
    for (let seconds = 0; seconds < 10 * epoch; seconds += 0.5) {
      // It calls every ten seconds and reports its finished epochs.
      const called = Math.floor(seconds / 10) * 10_000;
      const reported = Math.floor(called / 1000 / epoch);
      const trial = running({ reported, ttl, called });
      for (const faster of [1, 2]) {
        const who = { ...newcomer(seconds, epoch / faster), pause: 10_000 };
        const saved = saves(trial, who);
        const what = `${epoch} s per epoch, after ${seconds} s, ${faster}`;
        assert.equal(saved, null, what);
      }
    }
  }
  // Silent for twice the pause: it is slow or gone.
  const gone = running({ reported: 5, called: 10_000 });
  assert.equal(saves(gone, { ...newcomer(29, 1), pause: 10_000 }), null);
  assert.ok(saves(gone, { ...newcomer(40, 1), pause: 10_000 }) !== null);
  assert.ok(saves(gone, { ...newcomer(29, 1), pause: 5_000 }) !== null);
});

Deno.test("speculativeSaves: nothing if the newcomer's speed is unknown", () => {
  assert.equal(saves(running(), newcomer(1e6, null)), null);
});

Deno.test("speculativeSaves: nothing if the policy forbids speculative attempts", () => {
  const policy = { ...defaultPolicy, runningAttempts: 1 };
  assert.equal(speculativeSaves(running(), newcomer(1e6, 1), policy), null);
});

Deno.test("chooseSpeculative: the trial that saves most, of equal ones the first, never the worker's own", () => {
  const quick = running({ n: 0, reported: 5 });
  const slow = running({ n: 1, reported: 1 });
  const alike = running({ n: 2, reported: 1 });
  const own = running({ n: 3, worker: 9 });
  const who = newcomer(60, 1);
  assert.equal(
    chooseSpeculative([quick, slow, alike, own], () => who, defaultPolicy),
    slow.spec.trialId,
  );
  assert.equal(chooseSpeculative([own], () => who, defaultPolicy), null);
});
