import assert from "node:assert/strict";
import type { WorkerId } from "../../protocol/ids.ts";
import { fakeClock, workerId } from "../../testing/lease/fixtures.ts";
import { createLastSeen } from "./last_seen.ts";

function world(fails = false) {
  const clock = fakeClock();
  const stored: WorkerId[] = [];
  const logged: string[] = [];
  const lastSeen = createLastSeen({
    storage: {
      seen(id, { left }) {
        assert.equal(left, false);
        stored.push(id);
        return fails ? Promise.reject(new Error("full")) : Promise.resolve();
      },
    },
    schedule: clock.schedule,
    log: (_, message) => logged.push(message),
  });
  return { clock, stored, logged, lastSeen };
}

Deno.test("createLastSeen: stores each worker once in half a second, in one batch", () => {
  const { clock, stored, lastSeen } = world();
  lastSeen.note(workerId(1));
  lastSeen.note(workerId(2));
  lastSeen.note(workerId(1));
  clock.advance(499);
  assert.deepEqual(stored, []);
  clock.advance(1);
  assert.deepEqual(stored, [workerId(1), workerId(2)]);
  clock.advance(5000);
  assert.equal(stored.length, 2);
  lastSeen.note(workerId(1));
  clock.advance(1000);
  assert.equal(stored.length, 3);
});

Deno.test("createLastSeen: a pending time does not mark a worker that left as online", () => {
  const { clock, stored, lastSeen } = world();
  lastSeen.note(workerId(1));
  lastSeen.note(workerId(2));
  lastSeen.forget(workerId(1));
  clock.advance(1000);
  assert.deepEqual(stored, [workerId(2)]);
});

Deno.test("createLastSeen: logs a failing storage once and fails no call", async () => {
  const { clock, logged, lastSeen } = world(true);
  lastSeen.note(workerId(1));
  lastSeen.note(workerId(2));
  clock.advance(1000);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.deepEqual(logged, ["last-seen times lost"]);
});

Deno.test("createLastSeen: stores nothing after stop", () => {
  const { clock, stored, lastSeen } = world();
  lastSeen.note(workerId(1));
  lastSeen.stop();
  lastSeen.note(workerId(2));
  clock.advance(1000);
  assert.deepEqual(stored, []);
});
