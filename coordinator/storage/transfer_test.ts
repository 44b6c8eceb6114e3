import assert from "node:assert/strict";
import { join } from "node:path";
import { startPostgres } from "../../tests/postgres/server.ts";
import { Sha256 } from "../../protocol/ids.ts";
import {
  delivery,
  epochMetrics,
  fakeClock,
  leaseId,
  seed,
  smallStudy,
  trained,
  workerId,
} from "../../testing/lease/fixtures.ts";
import { defaultPolicy } from "../lease/policy.ts";
import { step } from "../service/effects.ts";
import { folderWeights } from "./weights_store.ts";
import { createWorld } from "../../testing/storage/world.ts";
import { moveDatabase } from "./transfer.ts";
import { openPostgres } from "./postgres/postgres.ts";
import { openSqlite } from "./sqlite/sqlite.ts";
import type { Storage } from "./storage.ts";
import { needsProcesses } from "../../testing/needs_processes.ts";

const sum = Sha256.parse("5".repeat(64));
const bytes = new Uint8Array([1, 2, 3, 4]);

/** A database with rows in every table, and waiting weights. */
async function fill(path: string): Promise<void> {
  const clock = fakeClock();
  const storage = openSqlite(path, clock.now);
  const world = createWorld({ storage, end: () => storage.close() }, clock);
  await world.plan(smallStudy({ replicates: 300 }));
  await world.workers(3, 5);
  await storage.seen(workerId(1), {
    left: true,
    backend: { name: "simd", detail: "re\0laxed", stepMilliseconds: 4.1 },
  });
  await world.claim(1, 1);
  await world.report(1, 1, epochMetrics(1, 0.1 + 0.2));
  await world.complete(1, 1);
  await world.claim(2, 2);
  await world.release(2, 2, "failed");
  await world.claim(3, 3);
  await world.claim(2, 4);
  await storage.updateLease(
    leaseId(4),
    step((_, now) => ({
      type: "complete",
      now,
      leaseId: leaseId(4),
      workerId: workerId(2),
      attempt: 1,
      delivery: { ...delivery(trained()), weights: sum },
      problems: [],
      verify: { weightsHere: true },
    }), defaultPolicy),
  );
  await storage.noteTrust(workerId(1), "simd", "accepted");
  await storage.noteTrust(workerId(2), "webgpu", "lie");
  await storage.keepSecret("admin", "a".repeat(64), false);
  await storage.activateStudy(seed);
  const weights = await folderWeights(`${path}-weights`, clock.now);
  await weights.put(leaseId(4), sum, bytes);
  await storage.close();
}

/** Everything that a coordinator reads of it. */
async function contents(storage: Storage) {
  const page = { limit: 1000, offset: 0 };
  const { trials } = await storage.trials(seed, page);
  return {
    studies: await storage.studies(),
    workers: await storage.workers(100),
    trials,
    records: await Promise.all(
      trials.slice(0, 50).map(({ trialId }) => storage.trial(trialId)),
    ),
    curves: await storage.curves(seed, page),
    changes: await storage.changesSince(seed, 0),
    counts: await storage.counts(seed),
    verifying: await storage.verifying(seed, 10),
    trust: await storage.trust(workerId(2), "webgpu"),
    secret: await storage.secret("admin"),
    news: await storage.news(),
  };
}

Deno.test(
  "moveDatabase: moves everything from a file to a server and back",
  needsProcesses,
  async () => {
    const folder = await Deno.makeTempDir();
    await using server = await startPostgres({ fsync: false });
    try {
      const [from, back] = [join(folder, "from.db"), join(folder, "back.db")];
      const database = await server.createDatabase();
      await fill(from);
      const moved = {
        studies: 1,
        trials: 600,
        results: 1,
        workers: 3,
        weights: 1,
      };
      assert.deepEqual(await moveDatabase(from, database), moved);
      const { storage, weights } = await openPostgres(database, {
        clock: fakeClock().now,
      });
      const there = await contents(storage);
      assert.deepEqual(await weights.get(leaseId(4), sum), bytes);
      // While coordinators run it needs --live.
      await assert.rejects(moveDatabase(database, back), {
        name: "StorageError",
        message: /coordinators are running on .*--live/,
      });
      assert.deepEqual(
        await moveDatabase(database, back, { live: true }),
        moved,
      );
      await storage.close();

      const file = openSqlite(back, fakeClock().now);
      assert.deepEqual(await contents(file), there);
      await file.close();
      const before = openSqlite(from, fakeClock().now);
      const original = await contents(before);
      await before.close();
      // Everything except the NUL, which PostgreSQL cannot store.
      const mended = original.workers.map(({ worker, ...rest }) => ({
        ...rest,
        worker: {
          ...worker,
          backendDetail: worker.backendDetail?.replace("\0", "\ufffd") ?? null,
        },
      }));
      assert.deepEqual({ ...original, workers: mended }, there);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

Deno.test("moveDatabase: needs an empty target and an existing source that is not in use", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const [from, to] = [join(folder, "from.db"), join(folder, "to.db")];
    await assert.rejects(moveDatabase(from, to), {
      name: "StorageError",
      message: /the file .*from\.db does not exist/,
    });
    await fill(from);
    await moveDatabase(from, to);
    await assert.rejects(moveDatabase(from, to), {
      name: "StorageError",
      message:
        /to\.db is not empty, it holds studies; choose an empty one with --to/,
    });
    const open = openSqlite(from, fakeClock().now);
    await assert.rejects(moveDatabase(from, join(folder, "other.db")), {
      name: "StorageError",
      code: "in-use",
    });
    await open.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
