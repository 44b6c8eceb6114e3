import assert from "node:assert/strict";
import type { TrialSpec } from "../../protocol/study.ts";
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
import { type Check, TTL } from "./world.ts";
import type { Storage } from "../../coordinator/storage/storage.ts";

/** Checks of changes of trials, of reads, and of what survives a crash. */
export function changeConformance(check: Check): void {
  check("updateLease: an unknown lease is null", async (world) => {
    await world.plan(smallStudy());
    assert.equal(
      await world.event(99, (now) => ({ type: "expire", now })),
      null,
    );
  });

  check(
    "updateLease: stores reports, keeps the first of an epoch, renews",
    async (world) => {
      await world.plan(smallStudy());
      await world.workers(1);
      const { trialId } = await world.claim(1, 1);
      world.clock.advance(1000);
      await world.report(1, 1, epochMetrics(2));
      await world.report(1, 1, epochMetrics(1));
      await world.report(1, 1, epochMetrics(1, 0.9));
      const found = await world.storage.trial(trialId);
      const [attempt] = found?.trial.attempts ?? [];
      assert.deepEqual(attempt?.epochs, [epochMetrics(1), epochMetrics(2)]);
      assert.equal(
        attempt?.state === "running" && attempt.expiresAt,
        world.clock.now() + TTL,
      );
      assert.deepEqual([...found?.names ?? []], [[workerId(1), "worker 1"]]);
    },
  );

  check(
    "updateLease: stores all new epochs of a report",
    async (world) => {
      await world.plan(smallStudy({ epochs: 4 }));
      await world.workers(1);
      const { trialId } = await world.claim(1, 1);
      const all = [1, 2, 3, 4].map((epoch) => epochMetrics(epoch));
      await world.report(1, 1, ...all.slice(0, 3));
      const stored = async () => {
        const found = await world.storage.trial(trialId);
        return found?.trial.attempts[0]?.epochs;
      };
      assert.deepEqual(await stored(), all.slice(0, 3));
      await world.report(1, 1, epochMetrics(2, 0.9), ...all.slice(2));
      assert.deepEqual(await stored(), all);
      if (world.opened.reopen === undefined) return;
      world.use(await world.opened.reopen());
      assert.deepEqual(await stored(), all);
    },
  );

  check(
    "updateLease: stores nothing if the function throws",
    async (world) => {
      await world.plan(smallStudy());
      await world.workers(1);
      const { trialId } = await world.claim(1, 1);
      const before = await world.storage.trial(trialId);
      await assert.rejects(
        world.storage.updateLease(leaseId(1), () => {
          throw new Error("no luck");
        }),
        /no luck/,
      );
      assert.deepEqual(await world.storage.trial(trialId), before);
      await world.complete(1, 1);
    },
  );

  check("updateLease: an accepted result is never replaced", async (world) => {
    await world.plan(smallStudy());
    await world.workers(2);
    const { trialId } = await world.claim(1, 1);
    await world.complete(1, 1);
    const before = await world.storage.trial(trialId);
    // A faulty function that drops the accepted result.
    await assert.rejects(
      world.storage.updateLease(leaseId(1), (trial) => ({
        trial: {
          spec: trial.spec,
          planned: true,
          attempts: trial.attempts,
          state: "queued",
        },
        changed: true,
        value: null,
      })),
    );
    assert.deepEqual(await world.storage.trial(trialId), before);
  });

  check(
    "expireDue: only due attempts, the longest due first, at most the limit",
    async (world) => {
      await world.plan(smallStudy());
      await world.workers(3);
      const trials: TrialSpec[] = [];
      for (const n of [1, 2, 3]) {
        trials.push(await world.claim(n, n));
        world.clock.advance(1000);
      }
      const expire = (limit: number) =>
        world.storage.expireDue(
          step((_, now) => ({ type: "expire", now }), defaultPolicy),
          limit,
        );
      assert.deepEqual(await expire(10), []);
      world.clock.advance(TTL - 2000);
      const first = await expire(1);
      assert.deepEqual(first.map((c) => c.trialId), [trials[0]?.trialId]);
      const second = await expire(10);
      assert.deepEqual(second.map((c) => c.trialId), [trials[1]?.trialId]);
      assert.deepEqual(await expire(10), []);
      assert.equal((await world.storage.counts(seed)).leased, 1);
    },
  );

  check(
    "revision: rises with each visible change and is stored in the trial",
    async (world) => {
      const { storage } = world;
      const { trials } = await world.plan(smallStudy());
      await world.workers(1);
      assert.equal((await storage.changesSince(seed, 0)).trials.length, 4);
      const claimed = await world.claim(1, 1);
      const since = await storage.changesSince(seed, 1);
      assert.equal(since.revision, 2);
      assert.deepEqual(since.trials, [{
        spec: claimed,
        position: 0,
        planned: true,
        state: "leased",
        result: null,
        workerId: null,
      }]);
      const reported = await world.report(1, 1, epochMetrics(1));
      assert.equal(
        reported?.revision,
        2,
        "a report does not change the leaderboard",
      );
      await world.complete(1, 1);
      const done = await storage.changesSince(seed, 2);
      assert.equal(done.revision, 3);
      assert.deepEqual(done.trials.map((t) => [t.result, t.workerId]), [
        [trained(), workerId(1)],
      ]);
      await storage.plan(smallStudy().definition, trials.slice(1));
      const gone = await storage.changesSince(seed, 3);
      assert.ok(
        gone.trials.some((t) =>
          t.spec.trialId === claimed.trialId && !t.planned
        ),
      );
      assert.deepEqual(await storage.changesSince(seed, gone.revision), {
        revision: gone.revision,
        trials: [],
      });
    },
  );

  check(
    "changesSince: in parts, each with all trials of its last revision",
    async (world) => {
      const { storage } = world;
      const { trials } = await world.plan(smallStudy());
      await world.workers(1);
      const part = async (since: number, limit: number) => {
        const changes = await storage.changesSince(seed, since, limit);
        return [changes.revision, changes.trials.length];
      };
      // One plan has one revision.
      assert.deepEqual(await part(0, 1), [1, trials.length]);
      await world.claim(1, 1);
      await world.complete(1, 1);
      await world.claim(1, 2);
      // The first trial changed twice and has only its last revision.
      assert.deepEqual(await part(0, 1), [1, trials.length - 2]);
      assert.deepEqual(await part(1, 1), [3, 1]);
      assert.deepEqual(await part(3, 1), [4, 1]);
      assert.deepEqual(await part(1, 2), [4, 2]);
      assert.deepEqual(await part(1, 100), [4, 2]);
      assert.deepEqual(await part(4, 1), [4, 0]);
    },
  );

  check(
    "recentAcceptances: the latest first, with start times",
    async (world) => {
      await world.plan(smallStudy());
      await world.workers(1);
      const start = world.clock.now();
      for (const lease of [1, 2]) {
        await world.claim(1, lease);
        world.clock.advance(5000);
        await world.complete(1, lease);
      }
      assert.deepEqual(await world.storage.recentAcceptances(seed, 5), [
        { acceptedAt: start + 10_000, startedAt: start + 5000 },
        { acceptedAt: start + 5000, startedAt: start },
      ]);
      assert.equal((await world.storage.recentAcceptances(seed, 1)).length, 1);
    },
  );

  check("reopen: everything is still stored", async (world) => {
    const { opened } = world;
    if (opened.reopen === undefined) return;
    await world.plan(smallStudy());
    await world.workers(2);
    const done = await world.claim(1, 1);
    await world.complete(1, 1);
    const running = await world.claim(2, 2);
    await world.report(2, 2, epochMetrics(1));
    const seen = async (storage: Storage) => ({
      studies: await storage.studies(),
      workers: await storage.workers(9),
      curves: await storage.curves(seed, { limit: 9, offset: 0 }),
      counts: await storage.counts(seed),
      changes: await storage.changesSince(seed, 0),
      recent: await storage.recentAcceptances(seed, 9),
      done: await storage.trial(done.trialId),
      running: await storage.trial(running.trialId),
    });
    const before = await seen(world.storage);
    const storage = await opened.reopen();
    assert.deepEqual(await seen(storage), before);
    const changed = await storage.updateLease(
      leaseId(2),
      step((_, now) => ({
        type: "complete",
        now,
        leaseId: leaseId(2),
        workerId: workerId(2),
        attempt: 1,
        delivery: delivery(trained()),
        problems: [],
        verify: null,
      }), defaultPolicy),
    );
    assert.equal(changed?.value.ok, true);
    world.use(storage);
  });
}
