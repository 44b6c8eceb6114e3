import assert from "node:assert/strict";
import {
  leaseId,
  seed,
  smallStudy,
  trained,
  workerId,
} from "../lease/fixtures.ts";
import type { Check } from "./world.ts";

/** Checks of plans and of the choice of the next trial. */
export function claimConformance(check: Check): void {
  check("plan: queues new trials and counts them", async ({ storage }) => {
    const { definition, trials } = smallStudy();
    assert.deepEqual(await storage.plan(definition, trials), {
      revision: 1,
      added: 4,
      restored: 0,
      unplanned: 0,
    });
    assert.deepEqual(await storage.counts(seed), {
      queued: 4,
      leased: 0,
      verifying: 0,
      completed: 0,
      quarantined: 0,
    });
    const study = await storage.study(seed);
    assert.deepEqual(study, {
      definition,
      revision: 1,
      trials: 4,
      completed: 0,
    });
    assert.deepEqual(await storage.studies(), [study]);
    assert.equal(
      await storage.study(smallStudy({ id: "x" }).definition.id),
      null,
    );
  });

  check("plan: the same plan again changes nothing", async ({ storage }) => {
    const { definition, trials } = smallStudy();
    await storage.plan(definition, trials);
    const again = await storage.plan(definition, trials);
    assert.deepEqual(again, {
      revision: 1,
      added: 0,
      restored: 0,
      unplanned: 0,
    });
  });

  check(
    "plan: refuses the whole plan if a known trial has another spec",
    async ({ storage }) => {
      const { definition, trials } = smallStudy();
      await storage.plan(definition, trials.slice(0, 3));
      const [first, ...rest] = trials;
      assert.ok(first);
      await assert.rejects(
        storage.plan(definition, [...rest, { ...first, seed: 9 }]),
        { name: "StorageError", code: "conflicting-plan" },
      );
      assert.equal((await storage.counts(seed)).queued, 3);
      assert.equal((await storage.study(seed))?.revision, 1);
    },
  );

  check(
    "plan: results leave with their trials and come back",
    async (world) => {
      const { storage } = world;
      const { definition, trials } = smallStudy();
      await storage.plan(definition, trials);
      await world.workers(1);
      const [first, second] = trials;
      assert.ok(first && second);
      await world.claim(1, 1);
      await world.complete(1, 1);
      await storage.plan(definition, [second]);
      assert.deepEqual(await storage.counts(seed), {
        queued: 1,
        leased: 0,
        verifying: 0,
        completed: 0,
        quarantined: 0,
      });
      assert.deepEqual(await storage.recentAcceptances(seed, 10), []);
      assert.equal((await storage.trial(first.trialId))?.trial.planned, false);
      const back = await storage.plan(definition, trials);
      assert.equal(back.restored, 3);
      assert.equal((await storage.counts(seed)).completed, 1);
      const trial = (await storage.trial(first.trialId))?.trial;
      assert.deepEqual(
        trial?.state === "completed" && trial.accepted.result,
        trained(),
      );
    },
  );

  check("plan: does not change another study's trials", async ({ storage }) => {
    const one = smallStudy();
    const two = smallStudy({ id: "grid" });
    await storage.plan(one.definition, one.trials);
    await storage.plan(two.definition, two.trials);
    assert.equal((await storage.counts(seed)).queued, 4);
    const ids = (await storage.studies()).map((s) => s.definition.id);
    assert.deepEqual(ids, ["grid", "seed"]);
  });

  check(
    "claim: replicate 0 of every point first, then the plan's order",
    async (world) => {
      await world.plan(smallStudy({ rates: [0.5, 0.2], replicates: 2 }));
      await world.workers(1, 4);
      const order: string[] = [];
      for (const lease of [1, 2, 3, 4]) {
        const spec = await world.claim(1, lease);
        order.push(`${spec.params.dropout1} r${spec.replicate}`);
      }
      assert.deepEqual(order, ["0.5 r0", "0.2 r0", "0.5 r1", "0.2 r1"]);
    },
  );

  check("claim: concurrent claims never lease a trial twice", async (world) => {
    await world.plan(smallStudy({ rates: [0.1, 0.2, 0.3], replicates: 10 }));
    await world.workers(40);
    const claims = await Promise.all(
      Array.from({ length: 40 }, (_, i) => world.tryClaim(i + 1, i + 1)),
    );
    const claimed = claims.flatMap((c) =>
      c.type === "claimed" ? [c.trialId] : []
    );
    assert.equal(claimed.length, 30);
    assert.equal(new Set(claimed).size, 30);
    assert.equal(claims.filter((c) => c.type === "all-leased").length, 10);
  });

  check("claim: no more leases than the worker may hold", async (world) => {
    await world.plan(smallStudy());
    await world.workers(1, 2);
    await world.claim(1, 1);
    await world.claim(1, 2);
    assert.equal((await world.tryClaim(1, 3)).type, "enough-leases");
    assert.deepEqual(
      (await world.storage.runningLeases(workerId(1))).map((l) => l.leaseId),
      [leaseId(1), leaseId(2)],
    );
    await world.complete(1, 1);
    assert.equal((await world.tryClaim(1, 3)).type, "claimed");
  });

  check(
    "claim: a repeated lease id gives its trial and changes nothing",
    async (world) => {
      await world.plan(smallStudy());
      await world.workers(2);
      const spec = await world.claim(1, 1);
      const before = (await world.storage.study(seed))?.revision;
      const again = await world.tryClaim(1, 1);
      assert.equal(
        again.type === "repeated" && again.trial.spec.trialId,
        spec.trialId,
      );
      assert.equal((await world.tryClaim(2, 1)).type, "repeated");
      assert.equal((await world.storage.study(seed))?.revision, before);
    },
  );

  check(
    "claim: a trial that failed on the worker comes last, then never",
    async (world) => {
      await world.plan(smallStudy({ rates: [0.2, 0.5], replicates: 1 }));
      await world.workers(2, 4);
      const first = await world.claim(1, 1);
      await world.release(1, 1, "failed");
      const second = await world.claim(1, 2);
      assert.notEqual(second.trialId, first.trialId);
      for (const lease of [3, 4]) {
        assert.equal((await world.claim(1, lease)).trialId, first.trialId);
        await world.release(1, lease, "failed");
      }
      assert.equal((await world.tryClaim(1, 5)).type, "all-leased");
      assert.equal((await world.claim(2, 6)).trialId, first.trialId);
    },
  );

  check("claim: says when the study is complete", async (world) => {
    await world.plan(smallStudy({ rates: [0.2], replicates: 1 }));
    await world.workers(2);
    await world.claim(1, 1);
    assert.equal((await world.tryClaim(2, 2)).type, "all-leased");
    await world.complete(1, 1);
    assert.equal((await world.tryClaim(2, 2)).type, "study-complete");
  });

  check("claim: never leases unplanned trials", async (world) => {
    const { definition, trials } = smallStudy();
    await world.storage.plan(definition, trials);
    await world.storage.plan(definition, trials.slice(3));
    await world.workers(1, 4);
    assert.equal((await world.claim(1, 1)).trialId, trials[3]?.trialId);
    assert.equal((await world.tryClaim(1, 2)).type, "all-leased");
  });
}
