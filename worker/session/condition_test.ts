import assert from "node:assert/strict";
import { createCondition } from "./condition.ts";
import { FakeClock } from "../../testing/worker/fake_clock.ts";

const never = new AbortController().signal;

Deno.test("createCondition: resolves when the condition holds, not at each notification", async () => {
  const clock = new FakeClock();
  const condition = createCondition(clock);
  let count = 0;
  for (const at of [10, 20, 30]) {
    clock.at(at, () => {
      count++;
      condition.notify();
    });
  }
  await clock.run(condition.until(() => count === 3, never));
  assert.equal(clock.now, 30);
  await clock.run(condition.until(() => true, AbortSignal.abort()));
});

Deno.test("createCondition: waits no longer than the given time and leaves no timer", async () => {
  const clock = new FakeClock();
  const condition = createCondition(clock);
  let held = false;
  clock.at(20, condition.notify);
  await clock.run(condition.within(50, () => held, never));
  assert.equal(clock.now, 50);
  await clock.run(condition.within(0, () => held, never));
  assert.equal(clock.now, 50);
  clock.at(60, () => {
    held = true;
    condition.notify();
  });
  await clock.run(condition.within(1000, () => held, never));
  assert.equal(clock.now, 60);
  await assert.rejects(
    clock.run(condition.until(() => false, never)),
    /nothing sleeps/,
  );
});

Deno.test("createCondition: an abort ends every wait, even together with a notification", async () => {
  const clock = new FakeClock();
  const condition = createCondition(clock);
  const leaving = new AbortController();
  const left = new Error("left");
  clock.at(10, () => {
    condition.notify();
    leaving.abort(left);
  });
  const waits = [
    condition.within(1000, () => false, leaving.signal),
    assert.rejects(condition.until(() => false, AbortSignal.abort(left)), left),
  ];
  await assert.rejects(clock.run(Promise.all(waits)), left);
  assert.equal(clock.now, 10);
});
