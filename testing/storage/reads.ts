import assert from "node:assert/strict";
import {
  epochMetrics,
  newWorker,
  seed,
  smallStudy,
  trained,
  workerId,
} from "../lease/fixtures.ts";
import type { Check } from "./world.ts";
import { RECENT_RESULTS } from "../../coordinator/storage/storage.ts";

/** Checks of reads for the pages of trials, grid points and workers. */
export function readConformance(check: Check): void {
  check("trials: pages in leasing order, with their workers", async (world) => {
    const { storage, clock } = world;
    await world.plan(smallStudy());
    await world.workers(2);
    const start = clock.now();
    const done = await world.claim(1, 1);
    clock.advance(1000);
    await world.complete(1, 1);
    const running = await world.claim(2, 2);
    await world.report(2, 2, epochMetrics(1));
    const page = await storage.trials(seed, { limit: 2, offset: 0 });
    assert.equal(page.total, 4);
    const common = {
      studyId: seed,
      attempts: 1,
      backend: "simd" as const,
      backendDetail: null,
    };
    assert.deepEqual(page.trials, [{
      ...common,
      trialId: done.trialId,
      params: done.params,
      replicate: 0,
      state: "completed",
      workerName: "worker 1",
      startedAt: start,
      endedAt: start + 1000,
      epochsDone: 2,
      seconds: trained().seconds,
    }, {
      ...common,
      trialId: running.trialId,
      params: running.params,
      replicate: 0,
      state: "leased",
      workerName: "worker 2",
      startedAt: start + 1000,
      endedAt: null,
      epochsDone: 1,
      seconds: null,
    }]);
    const rest = await storage.trials(seed, { limit: 9, offset: 2 });
    assert.deepEqual(rest.trials.map((t) => t.replicate), [1, 1]);
    const queued = await storage.trials(seed, {
      state: "queued",
      limit: 1,
      offset: 0,
    });
    assert.equal(queued.total, 2);
    assert.deepEqual(queued.trials, [{
      trialId: rest.trials[0]?.trialId,
      studyId: seed,
      params: rest.trials[0]?.params,
      replicate: 1,
      state: "queued",
      attempts: 0,
      workerName: null,
      backend: null,
      backendDetail: null,
      startedAt: null,
      endedAt: null,
      epochsDone: 0,
      seconds: null,
    }]);
  });

  check(
    "trials: the last changed first, then in leasing order",
    async (world) => {
      const { storage } = world;
      const { trials } = await world.plan(smallStudy());
      await world.workers(2);
      await world.claim(1, 1);
      await world.claim(2, 2);
      await world.complete(1, 1);
      const latest = await storage.trials(seed, {
        order: "latest",
        limit: 9,
        offset: 0,
      });
      // Completed after the second was leased; the others never changed.
      assert.deepEqual(
        latest.trials.map((t) => t.trialId),
        trials.map((t) => t.trialId),
      );
      await world.release(2, 2, "leaving");
      const after = await storage.trials(seed, {
        order: "latest",
        limit: 2,
        offset: 0,
      });
      assert.deepEqual(
        after.trials.map((t) => [t.trialId, t.state, t.attempts]),
        [
          [trials[1]?.trialId, "queued", 1],
          [trials[0]?.trialId, "completed", 1],
        ],
      );
    },
  );

  check(
    "curves: a result's epochs, else the running attempt's; by grid point",
    async (world) => {
      const { storage } = world;
      const { trials } = await world.plan(smallStudy());
      await world.workers(2);
      await world.claim(1, 1);
      await world.report(1, 1, epochMetrics(1));
      await world.complete(1, 1);
      await world.claim(2, 2);
      await world.report(2, 2, epochMetrics(2));
      await world.report(2, 2, epochMetrics(1));
      const all = await storage.curves(seed, { limit: 9, offset: 0 });
      const { trials: briefs } = await storage.trials(seed, {
        limit: 9,
        offset: 0,
      });
      assert.deepEqual(
        all.map(({ result: _, epochs: __, ...brief }) => brief),
        briefs,
      );
      assert.deepEqual(all.map((t) => [t.result, t.epochs]), [
        [trained(), trained().epochs],
        [null, [epochMetrics(1), epochMetrics(2)]],
        [null, []],
        [null, []],
      ]);
      const params = { dropout1: 0.5, dropout2: 0.5 };
      const point = { params, limit: 9, offset: 0 };
      assert.deepEqual(
        (await storage.curves(seed, point)).map((t) => t.trialId),
        [trials[1]?.trialId, trials[3]?.trialId],
      );
      assert.deepEqual(
        (await storage.curves(seed, { ...point, limit: 1, offset: 1 }))
          .map((t) => t.trialId),
        [trials[3]?.trialId],
      );
      assert.deepEqual(
        await storage.curves(seed, {
          ...point,
          params: { ...params, dropout2: 0.2 },
        }),
        [],
      );
      // Unplanned trials are not shown.
      await storage.plan(smallStudy().definition, trials.slice(2));
      assert.equal((await storage.curves(seed, point)).length, 1);
    },
  );

  check(
    "workers: registered, seen, left; each result is credited once",
    async (world) => {
      const { storage, clock } = world;
      await world.plan(smallStudy());
      await world.workers(2);
      const start = clock.now();
      await world.claim(1, 1);
      await world.complete(1, 1);
      await world.complete(1, 1);
      await world.claim(1, 2);
      clock.advance(60_000);
      await storage.seen(workerId(1), {
        left: false,
        backend: { name: "simd", detail: "relaxed", stepMilliseconds: 4.5 },
      });
      assert.deepEqual(await storage.worker(workerId(1)), {
        ...newWorker(1),
        backend: "simd",
        backendDetail: "relaxed",
        stepMilliseconds: 4.5,
        registeredAt: start,
        lastSeenAt: start + 60_000,
        left: false,
        removed: false,
      });
      assert.equal(await storage.countOnline(start), 2);
      assert.equal(await storage.countOnline(start + 1), 1);
      await storage.seen(workerId(1), { left: true });
      assert.equal(await storage.countOnline(start), 1);
      assert.equal((await storage.worker(workerId(1)))?.backend, "simd");
      const listed = (await storage.workers(5)).map((l) => [
        l.worker.workerId,
        l.trialsRunning,
        l.trialsCompleted,
      ]);
      assert.deepEqual(listed, [[workerId(1), 1, 1], [workerId(2), 0, 0]]);
      assert.equal((await storage.workers(1)).length, 1);
      assert.equal(await storage.worker(workerId(9)), null);
      await assert.rejects(storage.registerWorker(newWorker(1)));
    },
  );

  check(
    "anyLeasable: a worker that is here failed on a queued trial too seldom",
    async (world) => {
      const { storage, clock } = world;
      await world.plan(smallStudy({ rates: [0.2], replicates: 1 }));
      await world.workers(1);
      const leasable = (since = 0) => storage.anyLeasable(seed, since, 2);
      assert.equal(await leasable(), true);
      assert.equal(await leasable(clock.now() + 1), false, "not seen since");
      for (const n of [1, 2]) {
        await world.claim(1, n);
        assert.equal(await leasable(), false, "leased");
        await world.release(1, n, "failed");
        assert.equal(await leasable(), n === 1, `after failure ${n}`);
      }
      await storage.registerWorker(newWorker(2));
      assert.equal(await leasable(), true, "another worker");
      await storage.removeWorker(workerId(2));
      assert.equal(await leasable(), false, "removed");
    },
  );

  check(
    "workers: ordered by results, or only online ones; in pages",
    async (world) => {
      const { storage, clock } = world;
      await world.plan(smallStudy());
      for (const n of [1, 2, 3]) {
        await storage.registerWorker(newWorker(n));
        clock.advance(1000);
      }
      await world.claim(2, 1);
      await world.complete(2, 1);
      const names = async (
        limit: number,
        request?: Parameters<typeof storage.workers>[1],
      ) => (await storage.workers(limit, request)).map((l) => l.worker.name);
      assert.deepEqual(await names(9), ["worker 3", "worker 2", "worker 1"]);
      assert.deepEqual(
        await names(9, { order: "results" }),
        ["worker 2", "worker 1", "worker 3"],
      );
      assert.deepEqual(
        await names(1, { order: "results", offset: 1 }),
        ["worker 1"],
      );
      const onlineSince = clock.now() - 2000;
      assert.deepEqual(
        await names(9, { order: "results", onlineSince }),
        ["worker 2", "worker 3"],
      );
      assert.equal(await storage.countOnline(onlineSince), 2);
      assert.equal(await storage.countWorkers(), 3);
    },
  );

  check(
    "workers: a limited number of results, the latest first",
    async (world) => {
      const { storage, clock } = world;
      await world.plan(smallStudy({ replicates: RECENT_RESULTS }));
      await world.workers(1);
      const start = clock.now();
      for (let lease = 1; lease <= RECENT_RESULTS + 1; lease++) {
        await world.claim(1, lease);
        clock.advance(1000);
        await world.complete(1, lease);
      }
      const [listing] = await storage.workers(1);
      assert.equal(listing?.trialsCompleted, RECENT_RESULTS + 1);
      assert.deepEqual(
        listing.recent,
        Array.from({ length: RECENT_RESULTS }, (_, i) => {
          const acceptedAt = start + (RECENT_RESULTS + 1 - i) * 1000;
          return { acceptedAt, startedAt: acceptedAt - 1000 };
        }),
      );
    },
  );
}
