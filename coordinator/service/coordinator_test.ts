import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import type { Lease } from "../../protocol/lease.ts";
import { openSqlite } from "../storage/sqlite/sqlite.ts";
import type { Storage } from "../storage/storage.ts";
import { createCoordinator } from "./coordinator.ts";
import { createEventHub } from "./event_hub.ts";
import {
  countingRandom,
  epochMetrics,
  fakeClock,
  type Logged,
  manifest,
  seed,
  smallStudy,
  trained,
} from "../../testing/lease/fixtures.ts";
import { defaultTerms } from "../lease/policy.ts";
import { PROTOCOL_VERSION } from "../../protocol/version.ts";

function setUp(
  wrap: (storage: Storage) => Storage = (storage) => storage,
  terms = defaultTerms,
) {
  const clock = fakeClock();
  let ahead = 0;
  const now = () => clock.now() + ahead;
  const storage = wrap(openSqlite(":memory:", now));
  const logged: Logged[] = [];
  const random = countingRandom();
  const start = () =>
    createCoordinator({
      storage,
      terms,
      hub: createEventHub({ schedule: clock.schedule, maxStreams: 1 }),
      now,
      schedule: clock.schedule,
      random,
      log: (level, message, fields = {}) =>
        logged.push({ level, message, fields }),
    });
  const coordinator = start();
  const run = (study = smallStudy(), on = coordinator) =>
    on.run({ ...study, dataset: manifest, trainExamples: 60_000 });
  async function join(threads = 1) {
    const { token } = await coordinator.register({
      protocolVersion: PROTOCOL_VERSION,
      kind: "deno",
      threads,
    });
    const worker = await coordinator.authenticate(`Bearer ${token}`);
    assert.ok(worker);
    return worker;
  }
  async function acquire(worker: Awaited<ReturnType<typeof join>>) {
    const answer = await coordinator.acquire(worker, {
      backend: "simd",
      stepMilliseconds: 1,
    });
    assert.ok(answer.ok && answer.value.type === "lease");
    return answer.value.lease;
  }
  /** Sets the clock forward without letting any timers run. */
  const leap = (milliseconds: number) => {
    ahead += milliseconds;
  };
  return {
    clock,
    leap,
    storage,
    logged,
    start,
    coordinator,
    run,
    join,
    acquire,
  };
}

/** Lets settled promises continue and the storage commit. */
async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await setImmediate();
}

Deno.test("createCoordinator start: leases expire by themselves", async () => {
  const { clock, coordinator, storage, run, join, acquire } = setUp();
  await run();
  await acquire(await join());
  coordinator.start();
  clock.advance(59_999);
  await settle();
  assert.equal((await storage.counts(seed)).leased, 1);
  clock.advance(1);
  await settle();
  assert.equal((await storage.counts(seed)).leased, 0);
  // And again: the next lease expires too.
  await acquire(await join());
  for (let i = 0; i < 14; i++) {
    clock.advance(5000);
    await settle();
  }
  assert.equal((await storage.counts(seed)).leased, 0);
  coordinator.close();
});

Deno.test("createCoordinator start: workers get a grace period after a restart", async () => {
  const { clock, coordinator, storage, start, run, join, acquire } = setUp();
  await run();
  const worker = await join();
  const { leaseId } = await acquire(worker);
  coordinator.close();
  clock.advance(3_600_000);
  const second = start();
  await run(smallStudy(), second);
  second.start();
  clock.advance(10_000);
  await settle();
  const answer = await second.renew(worker, leaseId, { attempt: 1 });
  assert.equal(answer.ok && answer.value.directive, "continue");
  clock.advance(55_000);
  await settle();
  assert.equal((await storage.counts(seed)).leased, 1);
  second.close();
});

Deno.test("createCoordinator start: setting the clock forward expires no renewed lease", async () => {
  const { clock, leap, coordinator, logged, storage, run, join, acquire } =
    setUp();
  await run();
  const [there, gone] = [await join(), await join()];
  const { leaseId } = await acquire(there);
  await acquire(gone);
  coordinator.start();
  clock.advance(12_000);
  leap(3_600_000);
  async function renewFor(steps: number): Promise<void> {
    for (let i = 0; i < steps; i++) {
      clock.advance(5000);
      await settle();
      const answer = await coordinator.renew(there, leaseId, { attempt: 1 });
      assert.equal(answer.ok && answer.value.directive, "continue");
    }
  }
  await renewFor(10);
  assert.deepEqual(
    logged.filter(({ level }) => level === "warn").map((l) => l.fields),
    [{ seconds: 3600 }],
  );
  assert.equal((await storage.counts(seed)).leased, 2);
  await renewFor(12);
  assert.equal(
    (await storage.counts(seed)).leased,
    1,
    "only the lost worker's lease has expired",
  );
  coordinator.close();
});

Deno.test("createCoordinator start: a failed sweep is logged, and workers get a new grace period", async () => {
  let broken = true;
  const { clock, coordinator, logged, storage, run, join, acquire } = setUp(
    (storage) => ({
      ...storage,
      expireDue: (change, limit) =>
        broken
          ? Promise.reject(new Error("disk full"))
          : storage.expireDue(change, limit),
    }),
  );
  await run();
  await acquire(await join());
  coordinator.start();
  clock.advance(60_000);
  await settle();
  assert.deepEqual(
    logged.filter((l) => l.level === "error").map((l) => l.fields["error"]),
    ["Error: disk full"],
  );
  broken = false;
  clock.advance(59_999);
  await settle();
  assert.equal((await storage.counts(seed)).leased, 1);
  clock.advance(1);
  await settle();
  assert.equal((await storage.counts(seed)).leased, 0);
  coordinator.close();
});

Deno.test("createCoordinator sweep: expires more leases than fit in one transaction", async () => {
  const { clock, coordinator, run, join, acquire } = setUp();
  await run(smallStudy({ replicates: 150 }));
  const worker = await join(250);
  for (let i = 0; i < 250; i++) await acquire(worker);
  clock.advance(60_000);
  assert.equal(await coordinator.sweep(), 250);
  assert.equal(coordinator.counters.get("lease-expired"), 250);
});

Deno.test("createCoordinator close: no sweep runs afterwards", async () => {
  const { clock, coordinator, storage, run, join, acquire } = setUp();
  await run();
  await acquire(await join());
  coordinator.start();
  coordinator.close();
  clock.advance(60_000);
  await settle();
  assert.equal((await storage.counts(seed)).leased, 1);
});

Deno.test("createCoordinator run: workers of the previous study are told to stop, and their results are kept", async () => {
  const { coordinator, storage, run, join, acquire } = setUp();
  await run();
  const worker = await join(2);
  const first = await acquire(worker);
  const second = await acquire(worker);
  await run(smallStudy({ id: "grid" }));
  assert.equal(coordinator.activeStudy(), "grid");
  const answer = await coordinator.report(worker, first.leaseId, {
    attempt: 1,
    epochs: [epochMetrics(1)],
  });
  assert.ok(answer.ok);
  assert.deepEqual(answer.value, {
    directive: "stop",
    reason: "study-stopped",
  });
  const done = await coordinator.complete(worker, second.leaseId, {
    attempt: 1,
    result: trained(),
  });
  assert.ok(done.ok);
  assert.equal((await storage.counts(seed)).completed, 1);
  assert.equal((await acquire(worker)).trial.studyId, "grid");
});

Deno.test("createCoordinator changes: returns the changes since a revision", async () => {
  const { coordinator, run, join, acquire } = setUp();
  assert.equal(await coordinator.changes(seed, 0), null);
  const study = smallStudy();
  await run(study);
  let known = 0;
  const news = async () => {
    const changes = await coordinator.changes(seed, known);
    assert.ok(changes);
    known = changes.revision;
    return changes.trials.map(({ spec, state, planned }) =>
      `${spec.trialId} ${planned ? state : "gone"}`
    );
  };
  const [first] = study.trials;
  assert.equal((await news()).length, study.trials.length);
  assert.deepEqual(await news(), []);
  const worker = await join();
  const lease = await acquire(worker);
  assert.deepEqual(await news(), [`${first?.trialId} leased`]);
  await coordinator.complete(worker, lease.leaseId, {
    attempt: 1,
    result: trained(),
  });
  assert.deepEqual(
    (await coordinator.changes(seed, known))?.trials[0]?.result,
    trained(),
  );
  assert.deepEqual(await news(), [`${first?.trialId} completed`]);
  await run({ ...study, trials: study.trials.slice(1) });
  assert.ok((await news()).includes(`${first?.trialId} gone`));
});

Deno.test("createCoordinator authenticate: stores last-seen times only occasionally", async () => {
  let seenCalls = 0;
  const { clock, coordinator, join } = setUp((storage) => ({
    ...storage,
    seen: (workerId, update) => {
      seenCalls++;
      return storage.seen(workerId, update);
    },
  }));
  await join();
  const { token } = await coordinator.register({
    protocolVersion: PROTOCOL_VERSION,
    kind: "deno",
    threads: 1,
  });
  for (let second = 0; second < 60; second++) {
    clock.advance(1000);
    await settle();
    assert.ok(await coordinator.authenticate(`Bearer ${token}`));
  }
  // Due after half a heartbeat of 20 s, then collected for half a second.
  assert.equal(seenCalls, 5);
  clock.advance(60_000);
  await settle();
  assert.ok(await coordinator.authenticate(`Bearer ${token}`));
  assert.equal(
    seenCalls,
    6,
    "a worker that had left is stored as back immediately",
  );
});

Deno.test("createCoordinator: the pause grows with the number of leases, until they end", async () => {
  const { clock, coordinator, run, join, acquire } = setUp(
    undefined,
    { ...defaultTerms, callsPerSecond: 2 },
  );
  await run(smallStudy({ replicates: 4 }));
  const worker = await join(8);
  const leases: Lease[] = [];
  for (let n = 0; n < 8; n++) leases.push(await acquire(worker));
  assert.deepEqual(
    leases.map(({ reportAfterSeconds }) => reportAfterSeconds),
    [0, 1, 1.5, 2, 2.5, 3, 3.5, 4],
  );
  const [first, second, third, fourth] = leases;
  assert.ok(first && second && third && fourth);
  const { leaseId, attempt } = first;
  const pauses = async () => {
    const renewed = await coordinator.renew(worker, leaseId, { attempt });
    const reported = await coordinator.report(worker, leaseId, {
      attempt,
      epochs: [epochMetrics(1)],
    });
    return [renewed, reported].map((answer) => {
      assert.ok(answer.ok && answer.value.directive === "continue");
      return answer.value.reportAfterSeconds;
    });
  };
  assert.deepEqual(await pauses(), [4, 4]);
  await coordinator.complete(worker, second.leaseId, {
    attempt,
    result: trained(),
  });
  assert.deepEqual(await pauses(), [3.5, 3.5]);
  await coordinator.release(worker, third.leaseId, {
    attempt,
    reason: "leaving",
  });
  assert.deepEqual(await pauses(), [3, 3]);
  // A refused call does not count as a lease.
  await coordinator.renew(worker, third.leaseId, { attempt });
  assert.deepEqual(await pauses(), [3, 3]);
  clock.advance(120_000);
  assert.deepEqual(await pauses(), [0, 0], "the other leases are silent");
  await coordinator.renew(worker, fourth.leaseId, { attempt });
  assert.deepEqual(await pauses(), [1, 1]);
  coordinator.close();
});
