import assert from "node:assert/strict";
import {
  clampThreads,
  judgeBattery,
  readSettings,
  usualThreads,
} from "./device.ts";

const laptop = { cores: 8, sharesMemory: true };

Deno.test("usualThreads leaves a core free and is lower without shared memory", () => {
  assert.equal(usualThreads(laptop), 7);
  assert.equal(usualThreads({ ...laptop, cores: 1 }), 1);
  assert.equal(usualThreads({ ...laptop, cores: undefined }), 1);
  assert.equal(usualThreads({ ...laptop, sharesMemory: false }), 2);
});

Deno.test("clampThreads returns a whole number from 1 to the number of cores", () => {
  assert.equal(clampThreads(99, laptop), 8);
  assert.equal(clampThreads(0, laptop), 1);
  assert.equal(clampThreads(2.6, laptop), 3);
});

Deno.test("readSettings keeps valid settings and uses defaults for the others", () => {
  const usual = readSettings(null, laptop);
  assert.equal(usual.threads, 7);
  for (const broken of ["", "{", "7", "null", '{"threads":"many"}']) {
    assert.deepEqual(readSettings(broken, laptop), usual, broken);
  }
  const kept = {
    threads: 20,
    choice: "webgl",
    name: "Ada",
    keepAwake: true,
    spareBattery: false,
  };
  assert.deepEqual(readSettings(JSON.stringify(kept), laptop), {
    ...kept,
    threads: 8,
  });
  assert.equal(readSettings('{"choice":"quantum"}', laptop).choice, "auto");
});

Deno.test("judgeBattery tells low, between and fine; an unknown battery is fine", () => {
  assert.equal(judgeBattery(null), "fine");
  assert.equal(judgeBattery({ charging: true, level: 0.05 }), "fine");
  assert.equal(judgeBattery({ charging: false, level: 0.2 }), "low");
  assert.equal(judgeBattery({ charging: false, level: 0.22 }), "between");
  assert.equal(judgeBattery({ charging: false, level: 0.25 }), "fine");
});
