import assert from "node:assert/strict";
import { createReadiness } from "./readiness.ts";
import { StorageError } from "../storage/storage.ts";
import { fakeClock } from "../../testing/lease/fixtures.ts";

Deno.test("createReadiness: ready while the storage responds, until draining", async () => {
  let away = false;
  const readiness = createReadiness({
    ping: () =>
      away
        ? Promise.reject(new StorageError("unavailable", "gone"))
        : Promise.resolve(),
    schedule: fakeClock().schedule,
  });
  assert.equal(await readiness.check(), null);
  away = true;
  assert.equal(await readiness.check(), "storage");
  away = false;
  assert.equal(await readiness.check(), null);
  readiness.drain();
  assert.equal(await readiness.check(), "draining");
});

Deno.test("createReadiness: pings a hanging storage once and stops waiting after a while", async () => {
  const clock = fakeClock();
  const hanging = Promise.withResolvers<void>();
  let pings = 0;
  const readiness = createReadiness({
    ping: () => (pings++, hanging.promise),
    schedule: clock.schedule,
  });
  const asked = [readiness.check(), readiness.check()];
  await clock.advance(2000);
  assert.deepEqual(await Promise.all(asked), ["storage", "storage"]);
  const again = readiness.check();
  assert.equal(pings, 1);
  hanging.resolve();
  assert.equal(await again, null);
  assert.equal(await readiness.check(), null);
  assert.equal(pings, 2);
});
