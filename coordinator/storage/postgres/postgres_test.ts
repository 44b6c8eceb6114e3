import assert from "node:assert/strict";
// @ts-types="@types/pg"
import pg from "pg";
import {
  type PostgresServer,
  startPostgres,
} from "../../../tests/postgres/server.ts";
import {
  emptySchema,
  psql,
  type Schema,
} from "../../../tests/postgres/schema.ts";
import {
  epochMetrics,
  fakeClock,
  leaseId,
  newWorker,
  seed,
  smallStudy,
  workerId,
} from "../../../testing/lease/fixtures.ts";
import { defaultPolicy } from "../../lease/policy.ts";
import { step } from "../../service/effects.ts";
import { storageConformance } from "../../../testing/storage/conformance.ts";
import {
  checkDefaults,
  checkNewerStudy,
  type MixedDatabase,
} from "../../../testing/storage/newer.ts";
import { createWorld } from "../../../testing/storage/world.ts";
import { type OpenedPostgres, openPostgres } from "./postgres.ts";
import { SCHEMA_VERSION } from "./schema.ts";
import type { Storage, StorageErrorCode } from "../storage.ts";

let server: PostgresServer;
let database: string;

Deno.test.beforeAll(async () => {
  server = await startPostgres({ fsync: false });
  database = await server.createDatabase();
});
Deno.test.afterAll(() => server.stop());

storageConformance("openPostgres", async (clock) => {
  const { url } = await emptySchema(database);
  const opened: Storage[] = [];
  const open = async () => {
    const { storage } = await openPostgres(url, { clock: clock.now });
    opened.push(storage);
    return storage;
  };
  return {
    storage: await open(),
    // The first one's connections still exist but are silent, as after a crash
    // of its machine.
    reopen: open,
    end: async () => void await Promise.all(opened.map((s) => s.close())),
  };
});

/** Two coordinators' storages on one empty database. */
async function withTwo(
  body: (
    a: OpenedPostgres & { readonly world: ReturnType<typeof createWorld> },
    b: OpenedPostgres & { readonly world: ReturnType<typeof createWorld> },
    schema: Schema,
  ) => Promise<void>,
): Promise<void> {
  const schema = await emptySchema(database);
  const clock = fakeClock();
  const open = async () => {
    const opened = await openPostgres(schema.url, { clock: clock.now });
    const end = () => opened.storage.close();
    const world = createWorld({ storage: opened.storage, end }, clock);
    return { ...opened, world };
  };
  const [a, b] = [await open(), await open()];
  try {
    await body(a, b, schema);
    await a.world.invariants();
  } finally {
    await a.storage.close();
    await b.storage.close();
  }
}

Deno.test("openPostgres: two coordinators never lease a trial twice and lease all trials", () =>
  withTwo(async (a, b) => {
    await a.world.plan(smallStudy({ replicates: 100 }));
    await a.world.workers(20, 10);
    const claims = await Promise.all(
      Array.from(
        { length: 200 },
        (_, i) => (i % 2 === 0 ? a : b).world.tryClaim(1 + i % 20, 1 + i),
      ),
    );
    const leased = claims.flatMap((c) => c.type === "claimed" ? c.trialId : []);
    assert.equal(new Set(leased).size, leased.length);
    assert.equal((await a.storage.counts(seed)).leased, leased.length);
    // A claim that finds only trials locked by others is repeated.
    for (let i = leased.length; i < 200; i++) {
      const claim = await b.world.tryClaim(1 + i % 20, 1001 + i);
      assert.ok(["claimed", "enough-leases"].includes(claim.type), claim.type);
    }
  }));

Deno.test("openPostgres: a worker that asks two coordinators at once gets no more leases than it may hold", () =>
  withTwo(async (a, b) => {
    await a.world.plan(smallStudy({ replicates: 10 }));
    await a.world.workers(1, 2);
    const claims = await Promise.all(
      Array.from(
        { length: 12 },
        (_, i) => (i % 2 === 0 ? a : b).world.tryClaim(1, 1 + i),
      ),
    );
    const types = claims.map(({ type }) => type).sort();
    assert.deepEqual(types, [
      "claimed",
      "claimed",
      ...Array(10).fill("enough-leases"),
    ]);
  }));

Deno.test("openPostgres: the same lease requested at two coordinators is granted once", () =>
  withTwo(async (a, b) => {
    await a.world.plan(smallStudy());
    await a.world.workers(1, 4);
    const claims = await Promise.all(
      [a, b, a, b].map(({ world }) => world.tryClaim(1, 7)),
    );
    assert.deepEqual(claims.map(({ type }) => type).sort(), [
      "claimed",
      "repeated",
      "repeated",
      "repeated",
    ]);
    assert.equal((await b.storage.runningLeases(workerId(1))).length, 1);
  }));

Deno.test("openPostgres: two coordinators lose no changes of one trial", () =>
  withTwo(async (a, b) => {
    await a.world.plan(smallStudy({ epochs: 40 }));
    await a.world.workers(1);
    const { trialId } = await a.world.claim(1, 1);
    await Promise.all(
      Array.from(
        { length: 40 },
        (_, i) => (i % 2 === 0 ? a : b).world.report(1, 1, epochMetrics(i + 1)),
      ),
    );
    const found = await a.storage.trial(trialId);
    assert.equal(found?.trial.attempts[0]?.epochs.length, 40);
  }));

Deno.test("openPostgres: revisions of two coordinators become visible in order", () =>
  withTwo(async (a, b) => {
    await a.world.plan(smallStudy({ replicates: 60 }));
    await a.world.workers(4, 60);
    const seen = new Map<string, number>();
    let revision = 0;
    let working = true;
    const follow = (async () => {
      while (working) {
        const changes = await b.storage.changesSince(seed, revision);
        assert.ok(changes.revision >= revision);
        revision = changes.revision;
        for (const { spec, state } of changes.trials) {
          if (state === "leased") seen.set(spec.trialId, revision);
        }
      }
    })();
    const claims = await Promise.all(
      Array.from(
        { length: 100 },
        (_, i) => (i % 2 === 0 ? a : b).world.tryClaim(1 + i % 4, 1 + i),
      ),
    );
    working = false;
    await follow;
    const rest = await b.storage.changesSince(seed, revision);
    for (const { spec } of rest.trials) seen.set(spec.trialId, rest.revision);
    const leased = claims.flatMap((c) => c.type === "claimed" ? c.trialId : []);
    assert.deepEqual([...seen.keys()].sort(), [...leased].sort());
  }));

Deno.test("openPostgres: a call that violates a constraint does not fail others", () =>
  withTwo(async ({ storage, world }) => {
    await world.plan(smallStudy());
    await world.workers(2);
    await world.claim(1, 1);
    await world.claim(2, 2);
    const renew = (lease: number) =>
      world.event(lease, (now) => ({
        type: "renew",
        now,
        leaseId: leaseId(lease),
        workerId: workerId(lease),
        attempt: 1,
        wanted: true,
      }));
    const [broken, good] = await Promise.allSettled([
      // A faulty function: its attempt has another worker's lease.
      storage.updateLease(leaseId(1), (trial) => ({
        trial: {
          ...trial,
          attempts: trial.attempts.map((a) => ({ ...a, attempt: 0 })),
        },
        changed: false,
        value: null,
      })),
      renew(2),
    ]);
    assert.equal(broken.status, "rejected");
    assert.equal(good.status === "fulfilled" && good.value?.value.ok, true);
  }));

Deno.test("openPostgres: sees changes of other coordinators and epochs reported to them", () =>
  withTwo(async (a, b) => {
    let heard = () => {};
    const news = new Promise<void>((resolve) => heard = resolve);
    const unwatch = b.storage.watch(() => heard());
    assert.ok(unwatch);
    await a.world.plan(smallStudy());
    await news;
    unwatch();
    await a.world.workers(1);
    const { trialId, params, replicate } = await a.world.claim(1, 1);
    await b.storage.news();
    await a.world.report(1, 1, epochMetrics(1));
    assert.deepEqual((await a.storage.news()).epochs, []);
    const { epochs, revisions } = await b.storage.news();
    assert.deepEqual(epochs, [{
      trialId,
      params,
      replicate,
      metrics: epochMetrics(1),
    }]);
    assert.deepEqual([...revisions], [[seed, 2]]);
    assert.deepEqual((await b.storage.news()).epochs, []);
  }));

Deno.test("openPostgres: epochs reported together are read in order", () =>
  withTwo(async (a, b) => {
    await a.world.plan(smallStudy({ epochs: 12 }));
    await a.world.workers(1);
    await a.world.claim(1, 1);
    await b.storage.news();
    const all = Array.from({ length: 12 }, (_, i) => epochMetrics(i + 1));
    await a.world.report(1, 1, ...all);
    const { epochs } = await b.storage.news();
    assert.deepEqual(epochs.map(({ metrics }) => metrics), all);
  }));

Deno.test("openPostgres: a renewed lease sends no notification", () =>
  withTwo(async (a, b, { name, url }) => {
    // Senders of notifications, in order.
    const heard: number[] = [];
    let hear = () => {};
    const ear = new pg.Client(url);
    await ear.connect();
    ear.on("notification", ({ processId }) => {
      heard.push(processId);
      hear();
    });
    await ear.query(`LISTEN dropout_swarm_${name}`);
    const next = () => new Promise<void>((resolve) => hear = resolve);
    const told = next();
    await a.world.plan(smallStudy());
    await told;
    await a.world.workers(1);
    const leased = next();
    await a.world.claim(1, 1);
    await leased;
    for (let i = 0; i < 20; i++) {
      await a.world.event(1, (now) => ({
        type: "renew",
        now,
        leaseId: leaseId(1),
        workerId: workerId(1),
        attempt: 1,
        wanted: true,
      }));
    }
    // A later notification than any of those.
    const last = next();
    await b.storage.activateStudy(null);
    await last;
    await ear.end();
    const [teller, again, other, ...more] = heard;
    assert.equal(again, teller);
    assert.notEqual(other, teller);
    assert.deepEqual(more, []);
  }));

Deno.test("openPostgres: exclusive work runs on one coordinator at a time, until its connection ends", () =>
  withTwo(async (a, b, { url }) => {
    assert.equal(await a.storage.alone(), false);
    let end = () => {};
    const begun = new Promise<void>((started) => {
      void a.storage.exclusively("sweep", () => {
        started();
        return new Promise<void>((resolve) => end = resolve);
      });
    });
    await begun;
    const sweep = () =>
      b.storage.exclusively("sweep", () => Promise.resolve(1));
    assert.equal(await sweep(), null);
    end();
    while (await sweep() === null);
    // A coordinator that dies during the work.
    const dying = await openPostgres(url);
    await new Promise<void>((started) => {
      void dying.storage.exclusively("sweep", () => {
        started();
        return new Promise(() => {});
      }).catch(() => {});
    });
    assert.equal(await sweep(), null);
    await dying.storage.close();
    while (await sweep() === null);
  }));

Deno.test("openPostgres: one of several starting coordinators sets the secret", () =>
  withTwo(async (a, b) => {
    const hashes = await Promise.all(
      [..."abcdef"].map((letter, i) =>
        (i % 2 === 0 ? a : b).storage
          .keepSecret("admin", letter.repeat(64), false)
      ),
    );
    assert.equal(new Set(hashes).size, 1);
    assert.equal(await b.storage.secret("admin"), hashes[0]);
  }));

Deno.test("openPostgres: every coordinator finds the weights", () =>
  withTwo(async (a, b) => {
    const bytes = crypto.getRandomValues(new Uint8Array(65_536));
    const sums = ["1", "2"].map((digit) => digit.repeat(64));
    const [one, two] = sums.map((sum) => sum as never);
    assert.ok(one && two);
    await a.weights.put(leaseId(1), one, bytes);
    assert.equal(await b.weights.has(leaseId(1), one), true);
    assert.equal(await b.weights.has(leaseId(1), two), false);
    assert.deepEqual(await b.weights.get(leaseId(1), one), bytes);
    assert.equal(await b.weights.get(leaseId(2), one), null);
    await b.weights.put(leaseId(1), two, bytes.slice(0, 10));
    assert.equal(await a.weights.bytes(), 10);
    assert.deepEqual(await a.weights.keptBefore(b.storage.now()), [leaseId(1)]);
    await a.weights.delete(leaseId(1));
    assert.equal(await b.weights.bytes(), 0);
  }));

Deno.test("openPostgres: coordinators that start together create the tables once", async () => {
  const { url } = await emptySchema(database);
  const opened = await Promise.all(
    Array.from({ length: 4 }, () => openPostgres(url)),
  );
  const { definition, trials } = smallStudy();
  const outcomes = await Promise.all(
    opened.map(({ storage }) => storage.plan(definition, trials)),
  );
  assert.deepEqual(outcomes.map(({ added }) => added).sort(), [0, 0, 0, 4]);
  for (const { storage } of opened) await storage.close();
});

Deno.test("openPostgres: uses the database's time, which never goes back", async () => {
  const { name, url } = await emptySchema(database);
  const first = await openPostgres(url);
  assert.ok(Math.abs(first.storage.now() - Date.now()) < 60_000);
  await first.storage.registerWorker(newWorker(1));
  const hour = 3_600_000;
  await psql(
    `UPDATE ${name}.workers SET last_seen_at = last_seen_at + ${hour}`,
    database,
  );
  await first.storage.close();
  const { storage } = await openPostgres(url);
  const { lastSeenAt = 0 } = await storage.worker(workerId(1)) ?? {};
  assert.ok(storage.now() >= lastSeenAt);
  await storage.seen(workerId(1), { left: false });
  const again = await storage.worker(workerId(1));
  assert.ok(again && again.lastSeenAt >= lastSeenAt);
  await storage.close();
});

Deno.test("openPostgres: repairs text that PostgreSQL cannot store", async () => {
  const { storage } = await openPostgres((await emptySchema(database)).url);
  await storage.registerWorker({ ...newWorker(1), name: "a\0b\ud800c" });
  assert.equal((await storage.worker(workerId(1)))?.name, "a\ufffdb\ufffdc");
  await storage.plan(smallStudy().definition, smallStudy().trials);
  await storage.claim(
    {
      studyId: seed,
      workerId: workerId(1),
      leaseId: leaseId(1),
      maxLeases: 1,
      maxFailures: 3,
    },
    step((_, now) => ({
      type: "lease",
      now,
      leaseId: leaseId(1),
      workerId: workerId(1),
      backend: "simd",
      backendDetail: "\0\udc00",
      ttl: 1000,
      epochMilliseconds: null,
      pause: 0,
    }), defaultPolicy),
  );
  const page = await storage.trials(seed, { limit: 1, offset: 0 });
  assert.equal(page.trials[0]?.backendDetail, "\ufffd\ufffd");
  await storage.close();
});

async function refuses(
  url: string,
  code: StorageErrorCode,
  words: RegExp,
): Promise<void> {
  await assert.rejects(openPostgres(url), (error: unknown) => {
    assert.ok(error instanceof Error && error.name === "StorageError");
    assert.equal("code" in error && error.code, code, error.message);
    assert.match(error.message, words);
    assert.ok(!error.message.includes("\n"), "one line");
    const { password } = new URL(url);
    assert.ok(password === "" || !error.message.includes(password));
    return true;
  });
}

Deno.test("openPostgres: no server, missing database, wrong password: one line each", async () => {
  const away = new URL(database);
  away.port = "1";
  await refuses(away.href, "cannot-open", /cannot be reached: .*:1\/.*; check/);
  const other = new URL(database);
  other.pathname = "/nowhere";
  await refuses(
    other.href,
    "cannot-open",
    /the database does not exist.*create it/,
  );
  const wrong = new URL(database);
  wrong.password = "not-the-password";
  await refuses(
    wrong.href,
    "cannot-open",
    /rejects this user name and password.*PGPASSWORD/,
  );
  const nameless = new URL(database);
  nameless.searchParams.set("options", "-c search_path=nowhere");
  await refuses(nameless.href, "cannot-open", /no schema/);
});

Deno.test("openPostgres: leaves tables of other programs, newer versions and the first edition unchanged", async () => {
  const theirs = await server.createDatabase();
  await psql("CREATE TABLE studies (name text)", theirs);
  await refuses(theirs, "not-ours", /another program's tables/);
  assert.deepEqual(await psql("SELECT * FROM studies", theirs), []);
  const newer = await server.createDatabase();
  await (await openPostgres(newer)).storage.close();
  await psql(
    `UPDATE swarm_database SET version = ${SCHEMA_VERSION + 1}`,
    newer,
  );
  await refuses(newer, "newer", /newer version.*upgrade this program/);
  const old = await server.createDatabase();
  await psql("CREATE TABLE swarm (version integer)", old);
  await psql("CREATE TABLE studies (study_id text)", old);
  await refuses(old, "older", /first edition.*create one.*with --db/);
  assert.deepEqual(await psql("SELECT * FROM studies", old), []);
});

Deno.test("openPostgres: refuses calls if too many are waiting", async () => {
  const { url } = await emptySchema(database);
  const { storage } = await openPostgres(url, { connections: 1, waiting: 3 });
  const calls = await Promise.allSettled(
    Array.from({ length: 10 }, () => storage.ping()),
  );
  const refused = calls.filter((call) => call.status === "rejected");
  assert.ok(refused.length > 0 && refused.length < 10);
  for (const { reason } of refused) {
    assert.match(String(reason), /the database is overloaded/);
  }
  await storage.ping();
  await storage.close();
});

Deno.test("openPostgres: a statement that waits too long fails, and later calls continue", async () => {
  const { name, url } = await emptySchema(database);
  const clock = fakeClock();
  const { storage } = await openPostgres(url, {
    clock: clock.now,
    statementTimeout: 2_000,
  });
  const end = () => storage.close();
  const world = createWorld({ storage, end }, clock);
  await world.plan(smallStudy());
  await world.workers(2);
  await world.claim(1, 1);
  const other = new pg.Client(database);
  await other.connect();
  await other.query(`BEGIN; SELECT 1 FROM ${name}.trials FOR UPDATE`);
  const unavailable = { name: "StorageError", code: "unavailable" };
  await assert.rejects(world.report(1, 1, epochMetrics(1)), unavailable);
  // Trials locked by others are skipped, not waited for.
  assert.equal((await world.tryClaim(2, 2)).type, "all-leased");
  await other.query("ROLLBACK");
  await other.end();
  await world.report(1, 1, epochMetrics(1));
  await world.claim(2, 2);
  await end();
});

Deno.test("openPostgres: reports a lost server and reconnects", async () => {
  await using own = await startPostgres();
  const clock = fakeClock();
  const { storage } = await openPostgres(await own.createDatabase(), {
    clock: clock.now,
  });
  const end = () => storage.close();
  const world = createWorld({ storage, end }, clock);
  await world.plan(smallStudy());
  await world.workers(1, 4);
  const { trialId } = await world.claim(1, 1);
  const back = new Promise<void>((resolve) => {
    storage.watch(resolve);
  });
  await own.down("immediate");
  const unavailable = { name: "StorageError", code: "unavailable" };
  await assert.rejects(storage.ping(), unavailable);
  await assert.rejects(world.tryClaim(1, 2), unavailable);
  await assert.rejects(
    storage.exclusively("sweep", () => Promise.resolve()),
    unavailable,
  );
  await own.up();
  // Notifications in between were lost, so it must poll.
  await back;
  assert.equal((await storage.trial(trialId))?.trial.state, "leased");
  assert.equal(await storage.exclusively("sweep", () => Promise.resolve(1)), 1);
  await world.claim(1, 2);
  await end();
});

Deno.test("openPostgres: connects over TLS to a server with a known certificate", async () => {
  await using own = await startPostgres({ fsync: false, ssl: true });
  // The address names the trusted root certificate.
  const url = new URL(await own.createDatabase());
  const { storage } = await openPostgres(url.href);
  await storage.ping();
  await storage.close();
  // Fails without the root certificate and without TLS.
  url.search = "?sslmode=verify-full";
  await refuses(url.href, "cannot-open", /self-signed certificate/);
  url.search = "";
  await refuses(url.href, "cannot-open", /no encryption/);
});

async function mixed(): Promise<MixedDatabase> {
  const { url } = await emptySchema(database);
  const clock = fakeClock();
  return {
    clock,
    open: async (onUnreadable) =>
      (await openPostgres(url, { clock: clock.now, onUnreadable })).storage,
    execute: async (sql) => void await psql(sql, url),
  };
}

Deno.test("openPostgres: names a newer version's study in one line; other studies continue", async () =>
  await checkNewerStudy(await mixed()));

Deno.test("openPostgres: a recipe field that is not stored has its default", async () =>
  await checkDefaults(await mixed()));
