import assert from "node:assert/strict";
import { studyProgress, trialsPerMinute } from "./progress.ts";

const MINUTE = 60_000;
const now = Date.UTC(2026, 0, 1);
const counts = {
  queued: 6,
  leased: 1,
  verifying: 1,
  completed: 4,
  quarantined: 1,
};

/** A result started and accepted this many minutes ago. */
const span = (begun: number, accepted: number) => ({
  startedAt: now - begun * MINUTE,
  acceptedAt: now - accepted * MINUTE,
});

const throughput = (
  workersOnline: number,
  recent: ReturnType<typeof span>[],
) => ({
  workersOnline,
  trialsPerMinute: trialsPerMinute(recent, now),
  notLeasable: null,
});

Deno.test("studyProgress: counts, and no throughput before the first result", () => {
  assert.deepEqual(studyProgress(counts, throughput(3, [])), {
    total: 13,
    completed: 4,
    leased: 2,
    queued: 6,
    quarantined: 1,
    complete: false,
    standstill: null,
    workersOnline: 3,
    trialsPerMinute: null,
    secondsLeft: null,
  });
});

Deno.test("studyProgress: a standstill has its reason and no time left", () => {
  const idle = {
    ...throughput(1, [span(4, 0)]),
    notLeasable: "all-failed",
  } as const;
  const { standstill, secondsLeft } = studyProgress(
    { ...counts, leased: 0, verifying: 0 },
    idle,
  );
  assert.deepEqual([standstill, secondsLeft], ["all-failed", null]);
  // Someone trains, or nothing is left to lease.
  assert.equal(studyProgress(counts, idle).standstill, null);
  const done = { ...counts, queued: 0, leased: 0, verifying: 0 };
  assert.equal(studyProgress(done, idle).standstill, null);
});

Deno.test("studyProgress: throughput from the first trial's start until now", () => {
  const progress = studyProgress(
    counts,
    throughput(2, [span(4, 0), span(4, 1)]),
  );
  // 2 results in 4 minutes; 8 trials to go at half a trial a minute.
  assert.equal(progress.trialsPerMinute, 0.5);
  assert.equal(progress.secondsLeft, 16 * 60);
});

Deno.test("trialsPerMinute: a pause overnight does not reduce the throughput", () => {
  const yesterday = [span(605, 603), span(607, 605)];
  const today = [span(2, 1), span(2, 1), ...yesterday];
  assert.equal(trialsPerMinute(today, now), 1);
  assert.equal(
    trialsPerMinute(yesterday, now),
    null,
    "without results for ten hours there is no throughput",
  );
});

Deno.test("trialsPerMinute: trials longer than the window still have a throughput", () => {
  // 40 minutes each, on two threads.
  const recent = [span(50, 10), span(50, 10), span(90, 50), span(90, 50)];
  const throughput = trialsPerMinute(recent, now);
  assert.ok(throughput !== null);
  assert.ok(Math.abs(throughput - 4 / 90) < 1e-12);
});

Deno.test("studyProgress: complete when nothing is queued or leased", () => {
  const done = {
    queued: 0,
    leased: 0,
    verifying: 0,
    completed: 4,
    quarantined: 1,
  };
  const progress = studyProgress(done, throughput(0, []));
  assert.equal(progress.complete, true);
  assert.equal(progress.secondsLeft, 0);
});

Deno.test("trialsPerMinute: null after the clock was set back", () => {
  assert.equal(trialsPerMinute([span(-5, -1)], now), null);
});
