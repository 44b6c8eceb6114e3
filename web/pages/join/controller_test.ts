import assert from "node:assert/strict";
import type {
  JoinCallbacks,
  JoinSettings,
  SessionEnd,
  SwarmPage,
} from "../../../worker/main_browser.ts";
import { TrialId } from "../../../protocol/ids.ts";
import { createJoinController } from "./controller.ts";
import { readSettings } from "./device.ts";

const TRIAL = TrialId.parse("seed-x-d0-d0-r0");

/** A controller whose page keeps each call of `join`. */
function world(memory = new Map<string, string>()) {
  const joinings: {
    readonly settings: JoinSettings;
    readonly callbacks: JoinCallbacks;
    readonly end: (end: SessionEnd) => void;
    left: "no" | "yes" | "in passing";
  }[] = [];
  const loading = { loads: 0, error: null as Error | null };
  const page: SwarmPage = {
    join(settings, callbacks) {
      const ended = Promise.withResolvers<SessionEnd>();
      const joining: typeof joinings[number] = {
        settings,
        callbacks,
        end: ended.resolve,
        left: "no",
      };
      joinings.push(joining);
      return {
        ended: ended.promise,
        leave: () => joining.left = "yes",
        leaveInPassing: () => joining.left = "in passing",
      };
    },
  };
  const controller = createJoinController({
    load: () => {
      loading.loads += 1;
      return loading.error === null
        ? Promise.resolve(page)
        : Promise.reject(loading.error);
    },
    now: () => 0,
    joinCode: () => null,
    memory: {
      read: (key) => memory.get(key) ?? null,
      write: (key, value) => memory.set(key, value),
    },
    settings: readSettings(null, { cores: 4, sharesMemory: true }),
  });
  const settle = async () => {
    for (let i = 0; i < 10; i++) await Promise.resolve();
  };
  const last = () => {
    const joining = joinings.at(-1);
    assert.ok(joining !== undefined, "nobody joined");
    return joining;
  };
  return { controller, joinings, last, loading, settle, memory };
}

Deno.test("JoinController neither loads nor joins before start", async () => {
  const { controller, joinings, loading, settle, last } = world();
  await settle();
  assert.equal(loading.loads, 0);
  controller.change({ name: "  Ada ", threads: 2, choice: "simd" });
  controller.start();
  controller.start();
  await settle();
  assert.equal(joinings.length, 1);
  assert.deepEqual(last().settings, {
    threads: 2,
    choice: "simd",
    joinCode: null,
    name: "Ada",
  });
  assert.equal(controller.phase.value, "active");
});

Deno.test("JoinController.pause hands leases back, and start joins again", async () => {
  const { controller, joinings, loading, settle, last } = world();
  controller.start();
  await settle();
  controller.pause("person");
  assert.equal(last().left, "yes");
  assert.equal(controller.phase.value, "paused");
  // Events of the old session are ignored.
  last().callbacks.onEvent({ type: "connection-lost", message: "late" });
  last().end({ reason: "left" });
  await settle();
  assert.equal(controller.model.value.connectionLost, null);
  assert.equal(controller.phase.value, "paused");
  controller.start();
  await settle();
  assert.equal(joinings.length, 2);
  assert.equal(loading.loads, 1);
});

Deno.test("JoinController.stop prevents joining while the scripts load", async () => {
  const { controller, joinings, settle } = world();
  controller.start();
  controller.stop();
  await settle();
  assert.equal(joinings.length, 0);
  assert.equal(controller.phase.value, "ready");
});

Deno.test("JoinController shows a failed session and scripts that cannot be loaded", async () => {
  const { controller, loading, last, settle } = world();
  controller.start();
  await settle();
  last().end({
    reason: "failed",
    failure: "cannot-train",
    message: "no backend",
  });
  await settle();
  assert.equal(controller.phase.value, "failed");

  const other = world();
  other.loading.error = new Error("404");
  other.controller.start();
  await other.settle();
  assert.equal(other.controller.loadError.value, "404");
  other.loading.error = null;
  other.controller.start();
  await other.settle();
  assert.equal(other.controller.phase.value, "active");
  assert.equal(loading.loads, 1);
});

Deno.test("JoinController.battery pauses when low and resumes when charged", async () => {
  const { controller, joinings, last, settle } = world();
  controller.start();
  await settle();
  controller.battery("low");
  assert.equal(last().left, "yes");
  assert.equal(controller.pausedBy.value, "battery");
  controller.battery("between");
  assert.equal(joinings.length, 1);
  controller.battery("fine");
  await settle();
  assert.equal(joinings.length, 2);
  controller.change({ spareBattery: false });
  controller.battery("low");
  assert.equal(controller.phase.value, "active");
  // A charger does not end a pause that the user chose.
  controller.pause("person");
  controller.battery("fine");
  await settle();
  assert.equal(joinings.length, 2);
});

Deno.test("JoinController.start on a low battery waits for the charger or a second start", async () => {
  const { controller, joinings, loading, settle } = world();
  controller.battery("low");
  controller.start();
  await settle();
  assert.equal(controller.pausedBy.value, "battery");
  assert.equal(loading.loads, 0);
  controller.start();
  await settle();
  assert.equal(joinings.length, 1);
  // The second start holds until the battery is fine.
  controller.battery("between");
  controller.battery("low");
  assert.equal(controller.phase.value, "active");
  controller.battery("fine");
  controller.battery("low");
  assert.equal(controller.pausedBy.value, "battery");
});

Deno.test("JoinController.change applies the battery setting at once", async () => {
  const { controller, joinings, last, settle } = world();
  controller.battery("low");
  controller.start();
  controller.change({ spareBattery: false });
  await settle();
  assert.equal(joinings.length, 1);
  assert.equal(controller.phase.value, "active");
  controller.change({ spareBattery: true });
  assert.equal(last().left, "yes");
  assert.equal(controller.pausedBy.value, "battery");
});

Deno.test("JoinController.hide leaves without waiting, and show joins again", async () => {
  const { controller, joinings, settle } = world();
  controller.hide();
  controller.show();
  await settle();
  assert.equal(joinings.length, 0);
  controller.start();
  await settle();
  controller.hide();
  assert.equal(joinings[0]?.left, "in passing");
  controller.show();
  await settle();
  assert.equal(joinings.length, 2);
});

Deno.test("JoinController tells when the coordinator has another protocol version", async () => {
  const { controller, last, settle } = world();
  controller.start();
  await settle();
  last().callbacks.onOutdated();
  assert.equal(controller.outdated.value, true);
});

Deno.test("JoinController stores settings and the device's contribution", async () => {
  const memory = new Map<string, string>();
  const { controller, last, settle } = world(memory);
  controller.change({ threads: 3 });
  controller.start();
  await settle();
  last().callbacks.onEvent({
    type: "epoch",
    slot: 0,
    trialId: TRIAL,
    metrics: {
      epoch: 1,
      trainLoss: 1,
      trainAccuracy: 0.5,
      trainLossDropoutOff: 1,
      testLoss: 1,
      testAccuracy: 0.5,
      seconds: 2,
    },
  });
  const again = world(memory);
  assert.deepEqual(again.controller.model.value.contribution, {
    trials: 0,
    epochs: 1,
    seconds: 2,
  });
  assert.match(memory.get("dropout-swarm.join") ?? "", /"threads":3/);
});
