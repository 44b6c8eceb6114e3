import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Sha256 } from "../../protocol/ids.ts";
import type { TrialResult } from "../../protocol/training.ts";
import { openSqlite } from "../storage/sqlite/sqlite.ts";
import { createCoordinator } from "../service/coordinator.ts";
import { createEventHub } from "../service/event_hub.ts";
import {
  countingRandom,
  fakeClock,
  type Logged,
  manifest,
  newWorker,
  seed,
  smallStudy,
  trained,
  workerId,
} from "../../testing/lease/fixtures.ts";
import { type Repetition, VerifierError } from "./verifier_api.ts";
import { memoryWeights } from "../storage/weights_store.ts";

/** The hash of a trial's final weights. */
const weightsOf = (trialId: string) =>
  Sha256.parse(createHash("sha256").update(trialId).digest("hex"));

/** A coordinator with a verifier that the test controls. */
async function queue(
  options: {
    readonly testLoss?: () => number;
    readonly repeat?: () => Omit<Repetition, "weights">;
    /** 0: everything is checked; by default only new workers' results. */
    readonly chance?: number;
  } = {},
) {
  const clock = fakeClock();
  const storage = openSqlite(":memory:", clock.now);
  const weights = memoryWeights(clock.now);
  const logged: Logged[] = [];
  const jobs: string[] = [];
  const { testLoss = () => 0.6, chance = 0.99 } = options;
  const repeat = options.repeat ??
    (() => ({ outcome: "trained", epochs: trained().epochs }) as const);
  const bytes = new Uint8Array(4).fill(chance * 256);
  const make = () =>
    createCoordinator({
      storage,
      hub: createEventHub({ schedule: clock.schedule, maxStreams: 1 }),
      now: clock.now,
      schedule: clock.schedule,
      random: { ...countingRandom(), bytes: () => bytes },
      log: (level, message, fields = {}) =>
        logged.push({ level, message, fields }),
      verification: {
        weights,
        verifier: {
          // Deliveries arrive meanwhile.
          async evaluate({ trialId }) {
            jobs.push(`evaluate ${trialId}`);
            await Promise.resolve();
            return { testLoss: testLoss(), testAccuracy: 0.75 };
          },
          async repeat({ trialId }, epochs) {
            jobs.push(`repeat ${trialId} ${epochs}`);
            await Promise.resolve();
            const repeated = repeat();
            const trained = repeated.outcome === "trained";
            return {
              ...repeated,
              weights: trained ? weightsOf(trialId) : null,
            };
          },
          trainsOn: () =>
            Promise.resolve({ backend: "simd", backendDetail: "SIMD" }),
          close: () => {},
        },
      },
    });
  let coordinator = make();
  const study = { ...smallStudy(), dataset: manifest, trainExamples: 100 };
  await coordinator.run(study);
  await storage.registerWorker(newWorker(1, 9));
  const worker = await storage.worker(workerId(1));
  assert.ok(worker);
  return {
    clock,
    storage,
    weights,
    logged,
    jobs,
    get coordinator() {
      return coordinator;
    },
    async restart() {
      coordinator.close();
      coordinator = make();
      await coordinator.run(study);
    },
    /** Leases a trial, and delivers a result of it. */
    async deliver(
      result: TrialResult = trained(),
      backendDetail = "SIMD",
      weightsFrom?: string,
    ) {
      const answer = await coordinator.acquire(worker, {
        backend: "simd",
        backendDetail,
      });
      assert.ok(answer.ok && answer.value.type === "lease");
      const { leaseId, attempt, trial } = answer.value.lease;
      const sum = weightsOf(weightsFrom ?? trial.trialId);
      if (result.outcome === "trained") {
        await weights.put(leaseId, sum, new Uint8Array(8));
      }
      const ask = () =>
        coordinator.complete(worker, leaseId, {
          attempt,
          result,
          weights: sum,
        });
      return { first: await ask(), ask, leaseId, trialId: trial.trialId };
    },
  };
}

const diverged = (): TrialResult => {
  const { backend, seconds } = trained();
  return {
    outcome: "diverged",
    epochs: [],
    backend,
    seconds,
    divergedAtEpoch: 1,
  };
};

Deno.test("createVerificationQueue: a true result is received, recomputed and accepted; its weights are dropped", async () => {
  const d = await queue({ testLoss: () => 0.6001 });
  const { first, ask, trialId } = await d.deliver();
  assert.equal(first.ok && first.value.verdict, "pending");
  await d.coordinator.verified();
  const again = await ask();
  assert.equal(again.ok && again.value.verdict, "accepted");
  const view = await d.coordinator.trial(trialId);
  assert.equal(view?.result?.epochs.at(-1)?.testLoss, 0.6001);
  assert.equal(await d.weights.bytes(), 0);
  assert.equal((await d.coordinator.progress(seed)).completed, 1);
});

Deno.test("createVerificationQueue: refuses figures that do not match the weights, and tells the worker", async () => {
  const d = await queue({ testLoss: () => 0.7 });
  const { ask, trialId } = await d.deliver();
  await d.coordinator.verified();
  const answer = await ask();
  assert.ok(!answer.ok);
  assert.equal(answer.rejection, "rejected-result");
  assert.match(answer.problems[0] ?? "", /testLoss is given as 0.6 /);
  assert.equal((await d.coordinator.trial(trialId))?.state, "queued");
  assert.equal(await d.weights.bytes(), 0);
});

Deno.test("createVerificationQueue: a diverged trial must diverge again", async () => {
  for (const outcome of ["diverged", "trained"] as const) {
    const d = await queue({
      repeat: () => ({ outcome, epochs: [] }),
    });
    const { trialId } = await d.deliver(diverged());
    await d.coordinator.verified();
    assert.equal(d.jobs.length, 1);
    assert.match(d.jobs[0] ?? "", /^repeat .* 2$/);
    assert.equal(
      (await d.coordinator.trial(trialId))?.state,
      outcome === "diverged" ? "completed" : "queued",
    );
  }
});

Deno.test("createVerificationQueue: continues with waiting results after a restart", async () => {
  let usable = false;
  const d = await queue({
    testLoss: () => {
      if (usable) return 0.6;
      throw new VerifierError("no data", false);
    },
  });
  const { trialId } = await d.deliver();
  await d.coordinator.verified();
  assert.equal((await d.coordinator.trial(trialId))?.state, "verifying");
  assert.equal((await d.coordinator.progress(seed)).complete, false);
  usable = true;
  await d.restart();
  await d.coordinator.verified();
  assert.equal((await d.coordinator.trial(trialId))?.state, "completed");
});

Deno.test("createVerificationQueue: tries an unusable verifier again and refuses no result", async () => {
  let failures = 10;
  const d = await queue({
    testLoss: () => {
      if (failures-- <= 0) return 0.6;
      throw new VerifierError("no backend", false);
    },
  });
  const { trialId } = await d.deliver();
  for (let i = 0; i < 11; i++) {
    await d.coordinator.verified();
    d.clock.advance(5_000);
  }
  await d.coordinator.verified();
  assert.equal((await d.coordinator.trial(trialId))?.state, "completed");
  assert.equal(
    d.logged.filter(({ message }) => message === "verification waits").length,
    10,
  );
});

Deno.test("createVerificationQueue: waits between its tries while the storage fails", async () => {
  const d = await queue();
  let tries = 0;
  const { vouchedByLiars } = d.storage;
  Object.assign(d.storage, {
    vouchedByLiars(limit: number) {
      return ++tries < 100
        ? Promise.reject(new Error("no connection"))
        : vouchedByLiars(limit);
    },
  });
  const { trialId } = await d.deliver();
  await d.coordinator.verified();
  await d.coordinator.verified();
  assert.equal(tries, 1);
  d.clock.advance(5_000);
  await d.coordinator.verified();
  assert.equal(tries, 2);
  tries = 100;
  d.clock.advance(5_000);
  await d.coordinator.verified();
  assert.equal((await d.coordinator.trial(trialId))?.state, "completed");
});

Deno.test("createVerificationQueue: refuses a result that crashes the verifier three times and verifies the others", async () => {
  let poisoned = "";
  const d = await queue({
    testLoss: () => {
      if (d.jobs.at(-1) !== `evaluate ${poisoned}`) return 0.6;
      throw new VerifierError("the verifier died", true);
    },
  });
  const bad = await d.deliver();
  poisoned = bad.trialId;
  await d.coordinator.verified();
  const good = await d.deliver();
  for (let i = 0; i < 3; i++) {
    d.clock.advance(5_000);
    await d.coordinator.verified();
  }
  assert.equal((await d.coordinator.trial(bad.trialId))?.state, "queued");
  assert.equal((await d.coordinator.trial(good.trialId))?.state, "completed");
});

Deno.test("createVerificationQueue: lost weights do not count as a failure", async () => {
  const d = await queue({
    testLoss: () => {
      throw new VerifierError("not yet", false);
    },
  });
  const { leaseId, trialId } = await d.deliver();
  await d.coordinator.verified();
  await d.weights.delete(leaseId);
  d.clock.advance(5_000);
  await d.coordinator.verified();
  const view = await d.coordinator.trial(trialId);
  assert.equal(view?.state, "queued");
  assert.equal(view?.attempts[0]?.state, "released");
});

Deno.test("createVerificationQueue: drops weights without a result after an hour", async () => {
  const d = await queue();
  const worker = await d.storage.worker(workerId(1));
  assert.ok(worker);
  const answer = await d.coordinator.acquire(worker, { backend: "simd" });
  assert.ok(answer.ok && answer.value.type === "lease");
  const { leaseId, trial } = answer.value.lease;
  await d.weights.put(leaseId, weightsOf(trial.trialId), new Uint8Array(4));
  d.clock.advance(3_000_000);
  await d.deliver();
  await d.coordinator.verified();
  assert.equal(await d.weights.bytes(), 4);
  d.clock.advance(600_001);
  await d.deliver();
  await d.coordinator.verified();
  assert.equal(await d.weights.bytes(), 0);
});

Deno.test("createVerificationQueue: repeats a worker's first result on a backend, later ones at random", async () => {
  const d = await queue();
  for (let i = 0; i < 3; i++) {
    await d.deliver();
    await d.coordinator.verified();
  }
  assert.deepEqual(d.jobs.map((job) => job.split(" ")[0]), [
    ...["evaluate", "repeat"],
    "evaluate",
    "evaluate",
  ]);
  assert.deepEqual(await d.storage.trust(workerId(1), "simd"), {
    accepted: 3,
    lies: 0,
  });
  const always = await queue({ chance: 0 });
  for (let i = 0; i < 3; i++) {
    await always.deliver();
    await always.coordinator.verified();
  }
  assert.equal(always.jobs.filter((j) => j.startsWith("repeat")).length, 3);
});

Deno.test("createVerificationQueue: a result that differs from its repetition is false, and the worker's unrepeated results are withdrawn", async () => {
  let honest = true;
  const d = await queue({
    repeat: () => ({
      outcome: "trained",
      epochs: trained(2, honest ? 0.6 : 0.61).epochs,
    }),
  });
  const repeated = await d.deliver();
  await d.coordinator.verified();
  const alone = await d.deliver();
  await d.coordinator.verified();
  assert.equal((await d.coordinator.progress(seed)).completed, 2);
  // The next result is checked and is false.
  honest = false;
  await d.storage.noteTrust(workerId(1), "simd", "lie");
  d.clock.advance(1);
  const lie = await d.deliver();
  await d.coordinator.verified();

  const state = async ({ trialId }: typeof lie) =>
    (await d.coordinator.trial(trialId))?.state;
  assert.equal(
    await state(repeated),
    "completed",
    "it was repeated by another machine",
  );
  assert.equal(await state(alone), "queued");
  assert.equal(await state(lie), "queued");
  const answer = await alone.ask();
  assert.ok(!answer.ok);
  assert.match(
    answer.problems[0] ?? "",
    /its worker later delivered a false result/,
  );
  assert.deepEqual(await d.storage.trust(workerId(1), "simd"), {
    accepted: 0,
    lies: 2,
  });
  const [listing] = await d.storage.workers(1);
  assert.equal(listing?.trialsCompleted, 1);
});

Deno.test("createVerificationQueue: recomputes the figures of the coordinator's own workers but does not repeat their training", async () => {
  const d = await queue({ chance: 0 });
  d.coordinator.isOurs(workerId(1));
  await d.deliver();
  await d.coordinator.verified();
  assert.deepEqual(d.jobs.map((job) => job.split(" ")[0]), ["evaluate"]);
  assert.equal((await d.coordinator.progress(seed)).completed, 1);
});

Deno.test("createVerificationQueue: neither the worker nor the public learns what a repetition came to", async () => {
  const repeated = 0.123456;
  const d = await queue({
    repeat: () => ({ outcome: "trained", epochs: trained(2, repeated).epochs }),
  });
  const { ask, trialId } = await d.deliver();
  await d.coordinator.verified();
  const answer = await ask();
  assert.ok(!answer.ok);
  const view = await d.coordinator.trial(trialId);
  assert.equal(view?.attempts[0]?.state, "refused");
  assert.doesNotMatch(JSON.stringify([answer, view]), /0\.1234/);
  // The operator does.
  const line = d.logged.find(({ message }) =>
    message === "a result differs from its repetition"
  );
  assert.match(String(line?.fields.differences), /0\.123456/);
});

Deno.test("createVerificationQueue: weights of another trial are refused, or repeated to the end where bits are equal", async () => {
  for (const backendDetail of ["SIMD", "SIMD, rounding twice"]) {
    const d = await queue();
    const first = await d.deliver(trained(), backendDetail);
    await d.coordinator.verified();
    d.jobs.length = 0;
    const again = await d.deliver(trained(), backendDetail, first.trialId);
    await d.coordinator.verified();
    const answer = await again.ask();
    assert.ok(!answer.ok, backendDetail);
    const equalBits = backendDetail === "SIMD";
    assert.equal(d.jobs.some((job) => job.startsWith("repeat")), equalBits);
    assert.match(
      answer.problems[0] ?? "",
      equalBits ? /came to another result/ : /has the same final weights/,
    );
  }
});
