import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { StudyId, TrialId, WorkerId } from "../../protocol/ids.ts";
import { Recipe, type TrialSpec } from "../../protocol/study.ts";
import type { TrialResult } from "../../protocol/training.ts";
import { type JoinStatus, plainStatus, terminalStatus } from "./join_status.ts";
import type { SessionEvent } from "../session/session_types.ts";

const trial: TrialSpec = {
  trialId: TrialId.parse("seed-1-d0.2-d0.5-r1"),
  studyId: StudyId.parse("seed"),
  params: { dropout1: 0.2, dropout2: 0.5 },
  replicate: 1,
  seed: 0,
  recipe: Recipe.parse({ epochs: 1 }),
};
const result: TrialResult = {
  outcome: "trained",
  epochs: [{
    epoch: 1,
    trainLoss: 0.34567,
    trainAccuracy: 0.87,
    trainLossDropoutOff: 0.3,
    testLoss: 0.38,
    testAccuracy: 0.8642,
    seconds: 0.9,
  }],
  backend: "simd",
  seconds: 9.06,
  checks: { trainLoss: true, trainAccuracy: true, testAccuracy: true },
};
const report = {
  backend: "simd",
  backendDetail: "WebAssembly relaxed SIMD",
  stepMilliseconds: 4.62,
  measurements: [
    { backend: "simd", stepMilliseconds: 4.62, detail: "" },
    { backend: "webgpu", stepMilliseconds: 101.4, detail: "llvmpipe" },
    { backend: "cpu", stepMilliseconds: null, detail: "not measured" },
  ],
} as const;

/** A short session with something of everything. */
const session: readonly SessionEvent[] = [
  {
    type: "registered",
    workerId: WorkerId.parse("00000000-0000-4000-8000-000000000001"),
    name: "ada",
  },
  { type: "trainer-ready", slot: 0, report },
  { type: "leased", slot: 0, trial, attempt: 1 },
  {
    type: "progress",
    slot: 0,
    trialId: trial.trialId,
    progress: { epoch: 1, step: 100, steps: 235 },
  },
  { type: "connection-lost", message: "connection refused" },
  {
    type: "epoch",
    slot: 0,
    trialId: trial.trialId,
    metrics: result.epochs[0]!,
  },
  { type: "connection-restored" },
  { type: "completed", slot: 0, trial, result },
  { type: "waiting", slot: 0, reason: "all-leased", seconds: 4.2 },
  { type: "waiting", slot: 0, reason: "all-leased", seconds: 4.2 },
  { type: "leased", slot: 0, trial, attempt: 2 },
  {
    type: "abandoned",
    slot: 0,
    trialId: trial.trialId,
    reason: "lease-lost",
    message: "the lease is somebody else's",
  },
  {
    type: "trainer-failed",
    slot: 0,
    failure: "died",
    message: "the trainer thread died",
  },
  {
    type: "completed",
    slot: 0,
    trial,
    result: {
      outcome: "diverged",
      divergedAtEpoch: 1,
      epochs: [],
      backend: "simd",
      seconds: 0.31,
    },
  },
  { type: "waiting", slot: 0, reason: "study-complete", seconds: 5 },
  { type: "stopped", end: { reason: "left" } },
];

/** Runs the session and returns what was written. */
function written(make: (write: (text: string) => void) => JoinStatus): string {
  let text = "";
  const status = make((more) => {
    text += more;
  });
  session.forEach(status.onEvent);
  status.close();
  return text;
}

const lines = [
  "joined as ada",
  "thread 1: simd (WebAssembly relaxed SIMD), 4.6 ms a step; webgpu 101 ms",
  "thread 1: trains dropout 0.2, 0.5, replicate 1, 1 epoch",
  "connection lost: connection refused; trying again",
  "connection restored",
  "thread 1: done dropout 0.2, 0.5, replicate 1: " +
  "loss 0.3457, test accuracy 0.8642, 9.1 s",
  "thread 1: every trial is being trained by someone; asks again every 5 s",
  "thread 1: trains dropout 0.2, 0.5, replicate 1, 1 epoch",
  "thread 1: gave up seed-1-d0.2-d0.5-r1: the lease is somebody else's",
  "thread 1: the trainer thread died; starting another",
  "thread 1: done dropout 0.2, 0.5, replicate 1: diverged in epoch 1, 0.3 s",
  "thread 1: the study is complete; asks again every 5 s",
  "left; leases handed back",
];

Deno.test("plainStatus: one line for each thing that happened, waiting said once", () => {
  assert.deepEqual(written(plainStatus).trimEnd().split("\n"), lines);
});

Deno.test("plainStatus: a download is a line each quarter", () => {
  let text = "";
  const { onTransfer } = plainStatus((more) => {
    text += more;
  });
  for (let received = 0; received <= 30; received++) {
    onTransfer("data set", received * 1e6, 30e6);
  }
  assert.deepEqual(text.trimEnd().split("\n"), [
    "data set: 0.0 of 30.0 MB (0%)",
    "data set: 8.0 of 30.0 MB (25%)",
    "data set: 15.0 of 30.0 MB (50%)",
    "data set: 23.0 of 30.0 MB (75%)",
    "data set: 30.0 of 30.0 MB (100%)",
  ]);
});

Deno.test("terminalStatus: no line is lost among the bars, the last ones neither", () => {
  const text = written((write) =>
    terminalStatus(
      new Writable({
        write(chunk, _encoding, done) {
          write(String(chunk));
          done();
        },
      }),
    )
  );
  // What a bar shows is not a line.
  const bars = /trains dropout|asks again/;
  for (const line of lines.filter((line) => !bars.test(line))) {
    assert.ok(text.includes(line), `missing: ${line}`);
  }
});
