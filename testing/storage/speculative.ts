import assert from "node:assert/strict";
import {
  epochMetrics,
  leaseId,
  seed,
  smallStudy,
  workerId,
} from "../lease/fixtures.ts";
import { defaultPolicy } from "../../coordinator/lease/policy.ts";
import { step } from "../../coordinator/service/effects.ts";
import { runningAttempts } from "../../coordinator/lease/trial.ts";
import { type Check, TTL, type World } from "./world.ts";

/** Checks of stragglers: running trials, and speculative attempts. */
export function speculativeConformance(check: Check): void {
  const ids = async (world: World, limit = 9) =>
    (await world.storage.running(seed, limit)).map((t) => t.spec.trialId);

  /** The worker needs a millisecond for an epoch. */
  const speculate = (
    world: World,
    worker: number,
    lease: number,
    n: number,
  ) => {
    const trial = smallStudy().trials[n];
    assert.ok(trial);
    return world.storage.claim(
      {
        studyId: seed,
        workerId: workerId(worker),
        leaseId: leaseId(lease),
        maxLeases: 1,
        maxFailures: 3,
        speculative: trial.trialId,
      },
      step((_, now) => ({
        type: "lease",
        now,
        leaseId: leaseId(lease),
        workerId: workerId(worker),
        backend: "simd",
        backendDetail: null,
        ttl: TTL,
        epochMilliseconds: 1,
        pause: 0,
      }), defaultPolicy),
    );
  };

  check(
    "running: leased trials in order of their start, then those with two attempts",
    async (world) => {
      const { trials } = await world.plan(smallStudy());
      await world.workers(2, 4);
      assert.deepEqual(await ids(world), []);
      const [a, b, c] = trials.map(({ trialId }) => trialId);
      await world.claim(1, 1);
      world.clock.advance(5);
      await world.claim(1, 2);
      await world.claim(1, 3);
      assert.deepEqual(await ids(world), [a, b, c]);
      assert.deepEqual(await ids(world, 2), [a, b]);
      await world.release(1, 2, "leaving");
      world.clock.advance(5);
      assert.equal((await world.claim(2, 4)).trialId, b);
      await world.report(2, 4, epochMetrics(1));
      assert.deepEqual(await ids(world), [a, c, b]);
      const [, , last] = await world.storage.running(seed, 9);
      assert.ok(last);
      assert.deepEqual(
        last,
        (await world.storage.trial(last.spec.trialId))?.trial,
      );
      await world.complete(1, 1);
      assert.deepEqual(await ids(world), [c, b]);
    },
  );

  check("running: no unplanned trials", async (world) => {
    const { definition, trials } = await world.plan(smallStudy());
    await world.workers(1, 2);
    await world.claim(1, 1);
    await world.storage.plan(definition, trials.slice(1));
    assert.deepEqual(await ids(world), []);
  });

  check(
    "claim speculative: a second attempt at the requested trial",
    async (world) => {
      const { trials } = await world.plan(smallStudy());
      await world.workers(3);
      await world.claim(1, 1);
      world.clock.advance(20_000);
      // It saves nothing a moment after the start, so nothing is stored.
      await world.claim(2, 2);
      const early = await speculate(world, 3, 3, 1);
      assert.ok(early.type === "claimed" && !early.value.ok);
      const claim = await speculate(world, 3, 3, 0);
      assert.ok(claim.type === "claimed" && claim.value.ok);
      assert.equal(runningAttempts(claim.value.trial).length, 2);
      assert.deepEqual(await ids(world), [
        trials[1]?.trialId,
        trials[0]?.trialId,
      ]);
      assert.equal((await speculate(world, 3, 4, 1)).type, "enough-leases");
      assert.equal((await speculate(world, 3, 3, 1)).type, "repeated");
      assert.equal((await world.storage.counts(seed)).leased, 2);
      await world.complete(3, 3);
      assert.deepEqual(await world.storage.runningLeases(workerId(1)), []);
    },
  );

  check(
    "trials: shows the running attempt with the most epochs",
    async (world) => {
      await world.plan(smallStudy());
      await world.workers(2);
      await world.claim(1, 1);
      world.clock.advance(20_000);
      await speculate(world, 2, 2, 0);
      const shown = async () => {
        const page = await world.storage.trials(seed, { limit: 1, offset: 0 });
        const [trial] = page.trials;
        return [trial?.workerName, trial?.epochsDone];
      };
      assert.deepEqual(await shown(), ["worker 1", 0]);
      await world.report(2, 2, epochMetrics(1));
      assert.deepEqual(await shown(), ["worker 2", 1]);
      await world.report(1, 1, epochMetrics(1));
      assert.deepEqual(await shown(), ["worker 1", 1]);
    },
  );
}
