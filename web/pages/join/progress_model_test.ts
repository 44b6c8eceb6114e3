import assert from "node:assert/strict";
import { TrialSpec } from "../../../protocol/study.ts";
import type {
  SessionEvent,
  WaitingReason,
} from "../../../worker/main_browser.ts";
import {
  emptyModel,
  noContribution,
  type ProgressModel,
  secondsLeft,
  shareDone,
  takeDownload,
  takeEvent,
} from "./progress_model.ts";

const trial = TrialSpec.parse({
  trialId: "seed-x-d0.2-d0.5-r0",
  studyId: "seed",
  params: { dropout1: 0.2, dropout2: 0.5 },
  replicate: 0,
  seed: 0,
  recipe: { epochs: 4 },
});

type Timed = readonly [seconds: number, event: SessionEvent];

const after = (events: readonly Timed[], start = emptyModel(noContribution)) =>
  events.reduce(
    (model, [seconds, event]) => takeEvent(model, event, seconds * 1000),
    start,
  );

const leased: Timed = [1, { type: "leased", slot: 0, trial, attempt: 1 }];
const progress = (seconds: number, epoch: number, step: number): Timed => [
  seconds,
  {
    type: "progress",
    slot: 0,
    trialId: trial.trialId,
    progress: { epoch, step, steps: 100 },
  },
];
const epoch = (seconds: number, number: number): Timed => [seconds, {
  type: "epoch",
  slot: 0,
  trialId: trial.trialId,
  metrics: {
    epoch: number,
    trainLoss: 1 / number,
    trainAccuracy: 0.5,
    trainLossDropoutOff: 1,
    testLoss: 1,
    testAccuracy: 0.5,
    seconds: 10,
  },
}];

function trialOf(model: ProgressModel) {
  const phase = model.slots[0]?.phase;
  assert.ok(phase?.kind === "training", "a trial in hand");
  return phase.trial;
}

Deno.test("takeEvent follows a trial's epochs, steps and speed", () => {
  const model = after([
    leased,
    progress(2, 1, 0),
    progress(4, 1, 50),
    epoch(8, 1),
    progress(9, 2, 20),
  ]);
  const inHand = trialOf(model);
  assert.deepEqual(inHand.epochs.map((e) => e.trainLoss), [1]);
  assert.deepEqual(inHand.at, { epoch: 2, step: 20, steps: 100 });
  assert.equal(inHand.stepsPerSecond, 120 / 7);
  assert.equal(shareDone(inHand), 1.2 / 4);
  // 2.8 epochs remain, each as long as the one that is done.
  assert.ok(Math.abs((secondsLeft(inHand) ?? 0) - 28) < 1e-9);
});

Deno.test("secondsLeft uses the step rate before the first epoch is done", () => {
  assert.equal(secondsLeft(trialOf(after([leased]))), null);
  const model = after([leased, progress(2, 1, 0), progress(4, 1, 50)]);
  assert.equal(secondsLeft(trialOf(model)), 350 / 25);
});

Deno.test("takeEvent adds the device's contribution to that of earlier visits", () => {
  const start = emptyModel({ trials: 2, epochs: 8, seconds: 100 });
  const model = after([
    leased,
    epoch(2, 1),
    epoch(3, 2),
    [4, {
      type: "completed",
      slot: 0,
      trial,
      result: {
        outcome: "diverged",
        epochs: [],
        backend: "simd",
        seconds: 20,
        divergedAtEpoch: 3,
      },
    }],
  ], start);
  assert.deepEqual(model.contribution, { trials: 3, epochs: 10, seconds: 120 });
  assert.equal(model.slots[0]?.phase.kind, "starting");
});

Deno.test("takeEvent tells why the thread waits and when it asks again", () => {
  const model = after([[5, {
    type: "waiting",
    slot: 1,
    reason: "all-leased",
    seconds: 15,
  }]]);
  assert.deepEqual(model.slots.map(({ slot, phase }) => [slot, phase]), [
    [1, { kind: "waiting", reason: "all-leased", until: 20_000 }],
  ]);
});

Deno.test("takeDownload ends the wait for data, and no other one", () => {
  const waiting = (slot: number, reason: WaitingReason) =>
    [1, { type: "waiting", slot, reason, seconds: 15 }] as const;
  const model = after([waiting(0, "no-data"), waiting(1, "all-leased")]);
  const download = { receivedBytes: 1, totalBytes: 2 };
  const next = takeDownload(model, download);
  assert.deepEqual(next.download, download);
  assert.deepEqual(next.slots.map(({ phase }) => phase.kind), [
    "starting",
    "waiting",
  ]);
});

Deno.test("takeEvent keeps training while the connection is lost", () => {
  const lost = after([leased, [2, {
    type: "connection-lost",
    message: "gone",
  }]]);
  assert.equal(lost.connectionLost, "gone");
  assert.equal(lost.slots[0]?.phase.kind, "training");
  const back = after([[3, { type: "connection-restored" }]], lost);
  assert.equal(back.connectionLost, null);
});

Deno.test("takeEvent keeps slots in order and stores the last solved problem", () => {
  const model = after([
    [1, { type: "leased", slot: 2, trial, attempt: 1 }],
    [1, { type: "leased", slot: 0, trial, attempt: 1 }],
    [2, {
      type: "trainer-failed",
      slot: 2,
      failure: "device",
      message: "the GPU is gone",
    }],
  ]);
  assert.deepEqual(model.slots.map(({ slot, phase }) => [slot, phase.kind]), [
    [0, "training"],
    [2, "starting"],
  ]);
  assert.deepEqual(model.trouble, {
    kind: "trainer",
    failure: "device",
    message: "the GPU is gone",
  });
});

Deno.test("takeEvent prefers the trainer's failure to the trial's loss", () => {
  const { trialId } = trial;
  const abandoned = (reason: "trainer-failed" | "lease-lost" | "left") =>
    ({
      type: "abandoned",
      slot: 0,
      trialId,
      reason,
      message: reason,
    }) as const;
  const failed = {
    type: "trainer-failed",
    slot: 0,
    failure: "device",
    message: "the GPU is gone",
  } as const;
  const kinds = (...events: SessionEvent[]) =>
    events.reduce(
      (model, event) => takeEvent(model, event, 0),
      emptyModel(noContribution),
    ).trouble?.kind;
  assert.equal(kinds(failed, abandoned("trainer-failed")), "trainer");
  assert.equal(kinds(failed, abandoned("left")), "trainer");
  assert.equal(kinds(failed, abandoned("lease-lost")), "trial");
  assert.equal(kinds(abandoned("trainer-failed")), "trial");
  assert.equal(kinds(abandoned("left")), undefined);
});
