import assert from "node:assert/strict";
import {
  delivery,
  epochMetrics,
  leaseId,
  seed,
  smallStudy,
  trained,
  workerId,
} from "../lease/fixtures.ts";
import { defaultPolicy } from "../../coordinator/lease/policy.ts";
import { step } from "../../coordinator/service/effects.ts";
import type { ResultVerdict } from "../../coordinator/lease/events.ts";
import { StudyId } from "../../protocol/ids.ts";
import type { TrialSpec } from "../../protocol/study.ts";
import type { Check, World } from "./world.ts";

const figures = { testLoss: 0.61, testAccuracy: 0.74 };

async function deliver(
  world: World,
  lease: number,
  worker = lease,
): Promise<void> {
  const changed = await world.event(lease, (now) => ({
    type: "complete",
    now,
    leaseId: leaseId(lease),
    workerId: workerId(worker),
    attempt: 1,
    delivery: delivery(trained()),
    problems: [],
    verify: { weightsHere: true },
  }));
  assert.ok(changed?.value.ok);
  assert.equal(changed.value.reply.type, "received");
}

async function judge(
  world: World,
  lease: number,
  verdict: ResultVerdict,
): Promise<void> {
  const changed = await world.storage.updateLease(
    leaseId(lease),
    step((_, now) => ({
      type: "verdict",
      now,
      leaseId: leaseId(lease),
      verdict,
    }), defaultPolicy),
  );
  assert.ok(changed?.value.ok);
}

/** Checks of results that wait for a verdict, and of verdicts. */
export function verdictConformance(check: Check): void {
  check(
    "verifying: delivered results of planned trials, the longest waiting first, or that of the best record",
    async (world) => {
      const study = await world.plan(smallStudy());
      await world.workers(3);
      const first = await world.claim(1, 1);
      const second = await world.claim(2, 2);
      await world.claim(3, 3);
      await world.report(2, 2, epochMetrics(1));
      await deliver(world, 2);
      world.clock.advance(5);
      await deliver(world, 1);
      const { storage } = world;
      const waiting = await storage.verifying(seed, 10);
      assert.deepEqual(
        waiting.map((t) => t.spec.trialId),
        [second.trialId, first.trialId],
      );
      const [attempt] = waiting[0]?.attempts ?? [];
      assert.ok(attempt?.state === "delivered");
      assert.deepEqual(attempt.delivery, delivery(trained()));
      assert.equal((await storage.verifying(seed, 1)).length, 1);
      const trusted = async () =>
        (await storage.verifying(seed, 10, "trusted"))
          .map((t) => t.spec.trialId);
      assert.deepEqual(await trusted(), [second.trialId, first.trialId]);
      await storage.noteTrust(workerId(1), "simd", "accepted");
      assert.deepEqual(await trusted(), [first.trialId, second.trialId]);
      await storage.noteTrust(workerId(1), "simd", "lie");
      assert.deepEqual(await trusted(), [second.trialId, first.trialId]);
      assert.equal((await storage.counts(seed)).verifying, 2);
      const page = await storage.trials(seed, {
        state: "verifying",
        limit: 9,
        offset: 0,
      });
      assert.deepEqual(
        page.trials.map((t) => t.workerName),
        ["worker 1", "worker 2"],
      );
      await storage.plan(study.definition, [first]);
      assert.deepEqual(
        (await storage.verifying(seed, 10)).map((t) => t.spec.trialId),
        [first.trialId],
      );
    },
  );

  check(
    "verifying: a delivered result holds no lease, and its trial is not leased",
    async (world) => {
      await world.plan(smallStudy({ rates: [0.2], replicates: 1 }));
      await world.workers(2);
      await world.claim(1, 1);
      await deliver(world, 1);
      assert.deepEqual(await world.storage.runningLeases(workerId(1)), []);
      assert.equal((await world.tryClaim(2, 2)).type, "all-leased");
      await judge(world, 1, {
        type: "true",
        recomputed: figures,
        repeatedEpochs: 0,
      });
      assert.equal((await world.tryClaim(2, 2)).type, "study-complete");
    },
  );

  check(
    "verdict: a true result counts with the recomputed figures",
    async (world) => {
      await world.plan(smallStudy({ rates: [0.2], replicates: 1 }));
      await world.workers(1);
      const { trialId } = await world.claim(1, 1);
      await deliver(world, 1);
      await judge(world, 1, {
        type: "true",
        recomputed: figures,
        repeatedEpochs: 0,
      });
      const trial = (await world.storage.trial(trialId))?.trial;
      assert.ok(trial?.state === "completed");
      assert.deepEqual(trial.accepted.result, trained());
      assert.deepEqual(trial.accepted.recomputed, figures);
      const { trials } = await world.storage.changesSince(seed, 0);
      const last = trials[0]?.result?.epochs.at(-1);
      assert.deepEqual(
        last,
        { ...trained().epochs.at(-1), ...figures },
        "the coordinator's figures are published",
      );
      const [curve] = await world.storage.curves(seed, {
        params: { dropout1: 0.2, dropout2: 0.2 },
        limit: 9,
        offset: 0,
      });
      assert.deepEqual(curve?.epochs.at(-1), last);
      const [listing] = await world.storage.workers(1);
      assert.equal(listing?.trialsCompleted, 1);
    },
  );

  check("verdict: a false result is queued again", async (world) => {
    await world.plan(smallStudy({ rates: [0.2], replicates: 1 }));
    await world.workers(2);
    const { trialId } = await world.claim(1, 1);
    await deliver(world, 1);
    await judge(world, 1, { type: "false", problems: ["another", "net"] });
    const trial = (await world.storage.trial(trialId))?.trial;
    const [attempt] = trial?.attempts ?? [];
    assert.equal(trial?.state, "queued");
    assert.ok(attempt?.state === "refused");
    assert.equal(attempt.message, "another; net");
    assert.deepEqual(await world.storage.verifying(seed, 9), []);
    const [listing] = await world.storage.workers(1);
    assert.equal(listing?.trialsCompleted, 0);
    assert.equal((await world.claim(2, 2)).trialId, trialId);
  });

  check("verdict: waiting results survive a crash", async (world) => {
    const { opened } = world;
    if (opened.reopen === undefined) return;
    await world.plan(smallStudy());
    await world.workers(1);
    await world.claim(1, 1);
    await deliver(world, 1);
    const before = await world.storage.verifying(seed, 9);
    assert.equal(before.length, 1);
    world.use(await opened.reopen());
    assert.deepEqual(await world.storage.verifying(seed, 9), before);
    await judge(world, 1, {
      type: "true",
      recomputed: null,
      repeatedEpochs: 1,
    });
    assert.equal((await world.storage.counts(seed)).completed, 1);
  });

  check(
    "trust: counts results since the last false one, of one worker on one backend",
    async (world) => {
      await world.workers(2);
      const { storage } = world;
      const [one, two] = [workerId(1), workerId(2)];
      assert.deepEqual(await storage.trust(one, "simd"), {
        accepted: 0,
        lies: 0,
      });
      await storage.noteTrust(one, "simd", "accepted");
      await storage.noteTrust(one, "simd", "accepted");
      await storage.noteTrust(one, "wasm", "lie");
      assert.deepEqual(await storage.trust(one, "simd"), {
        accepted: 2,
        lies: 0,
      });
      await storage.noteTrust(one, "simd", "lie");
      await storage.noteTrust(one, "simd", "accepted");
      assert.deepEqual(await storage.trust(one, "simd"), {
        accepted: 1,
        lies: 1,
      });
      assert.deepEqual(await storage.trust(two, "simd"), {
        accepted: 0,
        lies: 0,
      });
    },
  );

  check(
    "vouchedByLiars: results before the false one, waiting or not repeated completely",
    async (world) => {
      await world.plan(smallStudy({ replicates: 3 }));
      await world.workers(4);
      const { storage, clock } = world;
      const verdict = (repeatedEpochs: number): ResultVerdict => ({
        type: "true",
        recomputed: figures,
        repeatedEpochs,
      });
      // Repeated epochs: none of two, both, none, and only the first.
      const repeated = [0, 2, 0, 1];
      for (const [i, epochs] of repeated.entries()) {
        const n = i + 1;
        await world.claim(n, n);
        await deliver(world, n);
        await judge(world, n, verdict(epochs));
      }
      assert.deepEqual(await storage.vouchedByLiars(9), []);
      clock.advance(1);
      await storage.noteTrust(workerId(1), "simd", "lie");
      await storage.noteTrust(workerId(2), "simd", "lie");
      await storage.noteTrust(workerId(3), "wasm", "lie");
      await storage.noteTrust(workerId(4), "simd", "lie");
      clock.advance(1);
      assert.deepEqual((await storage.vouchedByLiars(9)).sort(), [
        leaseId(1),
        leaseId(4),
      ]);
      // One that waited before its worker's false result, and one after it.
      await world.claim(1, 5);
      await deliver(world, 5, 1);
      assert.equal((await storage.vouchedByLiars(9)).length, 2);
      clock.advance(1);
      await storage.noteTrust(workerId(1), "simd", "lie");
      assert.deepEqual((await storage.vouchedByLiars(9)).sort(), [
        leaseId(1),
        leaseId(4),
        leaseId(5),
      ]);
    },
  );

  check(
    "sharesWeights: whether another trial of the study has them, judged or not",
    async (world) => {
      const { trials } = await world.plan(smallStudy());
      await world.workers(2);
      const { storage } = world;
      const [first, second] = trials;
      assert.ok(first && second);
      const { weights } = delivery(trained());
      assert.ok(weights);
      const shares = (spec: TrialSpec) => storage.sharesWeights(spec, weights);
      assert.ok(!await shares(first));
      await world.claim(1, 1);
      await deliver(world, 1);
      for (const state of ["waiting", "accepted"]) {
        assert.ok(!await shares(first), `its own, ${state}`);
        assert.ok(await shares(second), state);
        assert.ok(
          !await shares({ ...second, studyId: StudyId.parse("other") }),
          `another study's, ${state}`,
        );
        await judge(world, 1, {
          type: "true",
          recomputed: figures,
          repeatedEpochs: 0,
        });
      }
    },
  );

  check(
    "withdraw: the trial is leased again and completed by another worker",
    async (world) => {
      await world.plan(smallStudy({ rates: [0.2], replicates: 1 }));
      await world.workers(2);
      const { trialId } = await world.claim(1, 1);
      await deliver(world, 1);
      await judge(world, 1, {
        type: "true",
        recomputed: figures,
        repeatedEpochs: 0,
      });
      const withdrawn = await world.event(1, (now) => ({
        type: "withdraw",
        now,
        leaseId: leaseId(1),
        message: "lied",
      }));
      assert.ok(withdrawn?.value.ok);
      const { storage } = world;
      assert.equal((await storage.counts(seed)).queued, 1);
      assert.equal((await storage.workers(9)).at(-1)?.trialsCompleted, 0);
      const { trials } = await storage.changesSince(seed, 0);
      assert.deepEqual([trials[0]?.state, trials[0]?.result], ["queued", null]);
      assert.equal((await world.claim(2, 2)).trialId, trialId);
      await world.complete(2, 2);
      const trial = (await storage.trial(trialId))?.trial;
      assert.equal(
        trial?.state === "completed" && trial.accepted.workerId,
        workerId(2),
      );
    },
  );
}
