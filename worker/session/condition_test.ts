import assert from "node:assert/strict";
import { createBell } from "./condition.ts";
import { FakeClock } from "../../testing/worker/fake_clock.ts";

const never = new AbortController().signal;

Deno.test("createBell: wakes when it holds, not at each ring", async () => {
  const clock = new FakeClock();
  const bell = createBell(clock);
  let count = 0;
  for (const at of [10, 20, 30]) {
    clock.at(at, () => {
      count++;
      bell.ring();
    });
  }
  await clock.run(bell.until(() => count === 3, never));
  assert.equal(clock.now, 30);
  await clock.run(bell.until(() => true, AbortSignal.abort()));
});

Deno.test("createBell: waits no longer than it is told to, and leaves no timer behind", async () => {
  const clock = new FakeClock();
  const bell = createBell(clock);
  let held = false;
  clock.at(20, bell.ring);
  await clock.run(bell.within(50, () => held, never));
  assert.equal(clock.now, 50);
  await clock.run(bell.within(0, () => held, never));
  assert.equal(clock.now, 50);
  clock.at(60, () => {
    held = true;
    bell.ring();
  });
  await clock.run(bell.within(1000, () => held, never));
  assert.equal(clock.now, 60);
  await assert.rejects(
    clock.run(bell.until(() => false, never)),
    /nobody sleeps/,
  );
});

Deno.test("createBell: an abort ends every wait, and one that came with a ring too", async () => {
  const clock = new FakeClock();
  const bell = createBell(clock);
  const leaving = new AbortController();
  const left = new Error("left");
  clock.at(10, () => {
    bell.ring();
    leaving.abort(left);
  });
  const waits = [
    bell.within(1000, () => false, leaving.signal),
    assert.rejects(bell.until(() => false, AbortSignal.abort(left)), left),
  ];
  await assert.rejects(clock.run(Promise.all(waits)), left);
  assert.equal(clock.now, 10);
});
