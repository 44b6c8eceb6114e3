import assert from "node:assert/strict";
import { createPace } from "./pace.ts";

/** A clock and a device that needs `each` milliseconds for a step. */
function machine(each: number | null) {
  let time = 0;
  let given = 0;
  let done = 0;
  let pauses = 0;
  /** The largest number of queued steps. */
  let most = 0;
  const pace = createPace({
    now: () => time,
    pause: () => {
      pauses++;
      return Promise.resolve();
    },
    finished: () => {
      if (each === null) return null;
      const until = given;
      // Time passes only while somebody waits.
      return {
        then(resolve: (value: void) => void) {
          time += Math.max(0, until - done) * each;
          done = Math.max(done, until);
          resolve();
        },
        catch: () => Promise.resolve(),
      } as unknown as Promise<void>;
    },
  });
  const reports: { step: number; done: number }[] = [];
  return {
    reports,
    pauses: () => pauses,
    most: () => most,
    time: () => time,
    caughtUp: pace.caughtUp,
    /** A step that takes `own` milliseconds of the thread's time. */
    step: async (own = 0) => {
      time += own;
      const step = ++given;
      const wait = pace.step(() => reports.push({ step, done }));
      most = Math.max(most, given - done);
      if (wait === null) return false;
      await wait;
      return true;
    },
  };
}

Deno.test("createPace without a device pauses every 100 ms and reports the step itself", async () => {
  const on = machine(null);
  const paused: number[] = [];
  for (let step = 1; step <= 12; step++) {
    if (await on.step(30)) paused.push(step);
  }
  assert.deepEqual(paused, [4, 8, 12]);
  assert.deepEqual(on.reports.map(({ step }) => step), paused);
});

Deno.test("createPace gives a fast device about 100 ms of steps at a time", async () => {
  const on = machine(2);
  for (let step = 0; step < 2000; step++) await on.step();
  // The steps of two pauses at most are queued, and not many fewer.
  assert.ok(on.most() <= 2 * 60, `${on.most()} queued steps`);
  assert.ok(on.most() >= 2 * 40, `${on.most()} queued steps`);
  assert.ok(Math.abs(on.pauses() - on.time() / 100) < 10, `${on.pauses()}`);
});

Deno.test("createPace gives a slow device one step at a time, even if its calls return quickly", async () => {
  const on = machine(1200);
  for (let step = 0; step < 20; step++) assert.ok(await on.step());
  assert.equal(on.most(), 2);
});

Deno.test("createPace reports steps in order and only after the device has done them", async () => {
  const on = machine(7);
  for (let step = 0; step < 300; step++) await on.step();
  assert.ok(on.reports.length > 10);
  let before = 0;
  for (const { step, done } of on.reports) {
    assert.ok(
      step > before && step <= done,
      `${step} after ${before}, ${done}`,
    );
    before = step;
  }
});

Deno.test("createPace drops pending reports after caughtUp", async () => {
  const on = machine(1200);
  await on.step();
  await on.step();
  on.caughtUp();
  const told = on.reports.length;
  await on.step();
  assert.equal(on.reports.length, told);
  await on.step();
  assert.deepEqual(on.reports.at(-1)?.step, 3);
});

Deno.test("createPace rejects if the device was lost", async () => {
  const lost = Promise.reject(new Error("lost"));
  const pace = createPace({
    now: () => 0,
    pause: () => Promise.resolve(),
    finished: () => lost,
  });
  await pace.step(() => {});
  await assert.rejects(async () => await pace.step(() => {}), {
    message: "lost",
  });
});
