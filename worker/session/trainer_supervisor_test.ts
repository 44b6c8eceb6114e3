import assert from "node:assert/strict";
import { UnreachableError } from "./swarm_client.ts";
import { CannotTrainError, TrainerError } from "./failure.ts";
import { manifest } from "../../testing/worker/fixtures.ts";
import { scene } from "../../testing/worker/scene.ts";

const HOUR = 3_600_000;

Deno.test("runSession: releases a dead trainer's trial as failed and starts a new trainer", async () => {
  const { swarm, run, of, trainers } = scene({
    trials: 2,
    plan: (n) => n === 0 ? "die" : "train",
  });
  assert.deepEqual(await run(), { reason: "study-complete" });
  assert.deepEqual(swarm.releases, [
    { attempt: 1, reason: "failed", message: "the trainer thread died" },
  ]);
  assert.deepEqual(of("trainer-failed").map(({ message }) => message), [
    "the trainer thread died",
  ]);
  assert.equal(of("abandoned")[0]?.reason, "trainer-failed");
  assert.deepEqual(trainers.started.map((r) => r.failedBackends), [[], [
    "simd",
  ]]);
  assert.equal(swarm.results.size, 2);
});

Deno.test("runSession: a dying trainer in one thread does not affect the other", async () => {
  const { swarm, run, trainers, of } = scene({
    trials: 4,
    threads: 2,
    plan: (n) => n === 0 ? "die" : "train",
  });
  assert.deepEqual(await run(), { reason: "study-complete" });
  assert.equal(swarm.results.size, 4);
  assert.equal(trainers.started.length, 3);
  assert.equal(of("abandoned").length, 1);
});

Deno.test("runSession: ends after several consecutive trainer failures, with every trial released", async () => {
  const { swarm, run, clock } = scene({ trials: 2, plan: () => "die" });
  assert.deepEqual(await run(), {
    reason: "failed",
    failure: "trainers-failed",
    message: "the trainer failed 5 times in a row: the trainer thread died",
  });
  assert.equal(swarm.releases.length, 5);
  assert.equal(swarm.queue.length, 2, "no trial is held");
  assert.ok(clock.now < HOUR);
});

Deno.test("runSession: occasional trainer failures do not end the session", async () => {
  const { swarm, run } = scene({
    trials: 4,
    plan: (n) => n % 4 === 3 ? "train" : "die",
  });
  assert.deepEqual(await run(), { reason: "study-complete" });
  assert.equal(swarm.releases.length, 12);
  assert.equal(swarm.results.size, 4);
});

/** Trainers that refuse the trials of some replicates. */
function withoutMemoryFor(
  { trainers }: ReturnType<typeof scene>,
  isTooLarge: (replicate: number) => boolean,
): { readonly startTrainer: typeof trainers.start } {
  return {
    startTrainer: async (request, signal) => {
      const trainer = await trainers.start(request, signal);
      return {
        ...trainer,
        train: (spec, ...rest) =>
          isTooLarge(spec.replicate)
            ? Promise.reject(new TrainerError("it needs 5 GB", "memory"))
            : trainer.train(spec, ...rest),
      };
    },
  };
}

Deno.test("runSession: a trial that needs too much memory is released with the reason, and the trainer goes on", async () => {
  const found = scene({ trials: 3 });
  const { swarm, run, of, trainers } = found;
  let refused = 0;
  const end = await run(
    withoutMemoryFor(found, (replicate) => replicate === 1 && refused++ === 0),
  );
  assert.deepEqual(end, { reason: "study-complete" });
  assert.deepEqual(swarm.releases, [
    { attempt: 1, reason: "failed", message: "it needs 5 GB" },
  ]);
  assert.equal(of("trainer-failed")[0]?.failure, "memory");
  assert.equal(trainers.started.length, 1);
  assert.equal(swarm.results.size, 3);
});

Deno.test("runSession: ends if only trials come that need too much memory", async () => {
  const found = scene({ trials: 2 });
  const { swarm, run } = found;
  assert.deepEqual(await run(withoutMemoryFor(found, () => true)), {
    reason: "failed",
    failure: "memory",
    message: "it needs 5 GB",
  });
  assert.equal(swarm.releases.length, 5);
  assert.equal(swarm.queue.length, 2, "no trial is held");
});

Deno.test("runSession: ends at once if the data set needs too much memory", async () => {
  const { swarm, run } = scene();
  const end = await run({
    startTrainer: () =>
      Promise.reject(new TrainerError("the data need 5 GB", "memory")),
  });
  assert.deepEqual(end, {
    reason: "failed",
    failure: "memory",
    message: "the data need 5 GB",
  });
  assert.equal(swarm.leaseRequests.length, 0);
  assert.deepEqual(swarm.left, ["token-1"]);
});

Deno.test("runSession: ends with the reason if the device cannot train, and leaves", async () => {
  const { swarm, run } = scene();
  const end = await run({
    startTrainer: () =>
      Promise.reject(new CannotTrainError("backend webgpu: no adapter")),
  });
  assert.deepEqual(end, {
    reason: "failed",
    failure: "cannot-train",
    message: "backend webgpu: no adapter",
  });
  assert.deepEqual(swarm.left, ["token-1"]);
});

Deno.test("runSession: waits for the coordinator if the data cannot be fetched", async () => {
  const { run, trainers, of, swarm } = scene();
  let tries = 0;
  const end = await run({
    startTrainer: (request, signal) =>
      ++tries < 10
        ? Promise.reject(new UnreachableError("data: connection reset"))
        : trainers.start(request, signal),
  });
  assert.deepEqual(end, { reason: "study-complete" });
  assert.equal(of("connection-lost").length, 1);
  assert.equal(of("trainer-failed").length, 0);
  assert.equal(swarm.results.size, 1);
});

Deno.test("runSession: leaving releases the leases without a failure and closes the trainers", async () => {
  const { swarm, run, clock, leave, trainers, of } = scene({
    trials: 5,
    threads: 2,
  });
  clock.at(90_000, () => leave.abort());
  assert.deepEqual(await run(), { reason: "left" });
  assert.equal(swarm.queue.length, 5);
  assert.deepEqual(swarm.left, ["token-1"]);
  assert.deepEqual(swarm.releases, []);
  assert.equal(trainers.open.size, 0);
  assert.ok(clock.now < 90_100, `left after ${clock.now - 90_000} ms`);
  assert.deepEqual(of("stopped"), [{
    type: "stopped",
    end: { reason: "left" },
  }]);
});

Deno.test("runSession: leaving does not wait for hung trainers", async () => {
  const { run, clock, leave, trainers } = scene({ plan: () => "hang" });
  clock.at(90_000, () => leave.abort());
  assert.deepEqual(await run(), { reason: "left" });
  assert.equal(trainers.open.size, 0);
  assert.ok(clock.now < 90_100);
});

Deno.test("runSession: a lease with other data starts a new trainer and is renewed meanwhile", async () => {
  const { swarm, run, trainers, clock } = scene({ trials: 2 });
  swarm.ttlSeconds = 30;
  clock.at(100_000, () => {
    swarm.dataset = manifest("b");
  });
  const end = await run({
    startTrainer: async (request, signal) => {
      // The download takes longer than the lease.
      if (request.dataset.files.trainImages.sha256.startsWith("b")) {
        await clock.sleep(120_000, signal);
      }
      return trainers.start(request, signal);
    },
  });
  assert.deepEqual(end, { reason: "study-complete" });
  assert.deepEqual(
    trainers.started.map(({ dataset }) =>
      dataset.files.trainImages.sha256.slice(0, 1)
    ),
    ["a", "b"],
  );
  assert.equal(swarm.results.size, 2);
  assert.equal(trainers.open.size, 0, "the trainer on the old data is closed");
});
