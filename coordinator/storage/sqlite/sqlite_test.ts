import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { TrialSpec } from "../../../protocol/study.ts";
import {
  fakeClock,
  newWorker,
  smallStudy,
} from "../../../testing/lease/fixtures.ts";
import { storageConformance } from "../../../testing/storage/conformance.ts";
import {
  checkDefaults,
  checkNewerStudy,
  type MixedDatabase,
} from "../../../testing/storage/newer.ts";
import { openSqlite } from "./sqlite.ts";
import { migrate, SCHEMA_VERSION } from "./schema.ts";
import type { StorageErrorCode } from "../storage.ts";

storageConformance("openSqlite", async (clock) => {
  const folder = await Deno.makeTempDir();
  let storage = openSqlite(join(folder, "swarm.db"), clock.now);
  return {
    storage,
    // As after a crash: the file and its WAL as they are on disk, without later
    // writes of the first connection.
    async reopen() {
      for (const end of ["", "-wal"]) {
        const from = join(folder, `swarm.db${end}`);
        await Deno.copyFile(from, join(folder, `copy.db${end}`));
      }
      await storage.close();
      storage = openSqlite(join(folder, "copy.db"), clock.now);
      return storage;
    },
    async end() {
      await storage.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
});

storageConformance("openSqlite :memory:", (clock) => {
  const storage = openSqlite(":memory:", clock.now);
  return Promise.resolve({ storage, end: () => storage.close() });
});

async function withFolder(
  body: (folder: string) => Promise<void> | void,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function refuses(path: string, code: StorageErrorCode, words: RegExp): void {
  assert.throws(
    () => openSqlite(path, fakeClock().now),
    (error: unknown) => {
      assert.ok(error instanceof Error && error.name === "StorageError");
      assert.equal("code" in error && error.code, code);
      assert.match(error.message, words);
      const named = [path, dirname(path)];
      assert.ok(named.some((name) => error.message.includes(name)));
      assert.ok(!error.message.includes("\n"), "one line");
      return true;
    },
  );
}

Deno.test("openSqlite: names a missing folder", () =>
  withFolder((folder) =>
    refuses(
      join(folder, "none", "swarm.db"),
      "cannot-open",
      /there is no folder .*none; create it or choose another file/,
    )
  ));

Deno.test("openSqlite: refuses a folder instead of a file", () =>
  withFolder((folder) => {
    const path = join(folder, "swarm.db");
    Deno.mkdirSync(path);
    refuses(path, "cannot-open", /is a folder; name a file in it/);
  }));

Deno.test("openSqlite: refuses a path through a file", () =>
  withFolder((folder) => {
    Deno.writeTextFileSync(join(folder, "file"), "");
    refuses(join(folder, "file", "swarm.db"), "cannot-open", /cannot/);
  }));

Deno.test("openSqlite: refuses a file that is no database and keeps it", () =>
  withFolder((folder) => {
    const path = join(folder, "swarm.db");
    const text = "Dear diary, ".repeat(100);
    Deno.writeTextFileSync(path, text);
    refuses(path, "not-ours", /is not a SQLite file/);
    assert.equal(Deno.readTextFileSync(path), text);
  }));

Deno.test("openSqlite: refuses another program's database and keeps it", () =>
  withFolder((folder) => {
    const path = join(folder, "swarm.db");
    const other = new DatabaseSync(path);
    other.exec("CREATE TABLE recipes (name TEXT)");
    other.close();
    refuses(path, "not-ours", /belongs to another program/);
    const again = new DatabaseSync(path);
    assert.equal(
      again.prepare("SELECT count(*) AS n FROM recipes").get()?.n,
      0,
    );
    again.close();
  }));

Deno.test({
  name:
    "openSqlite: only the owner may read the database and what is beside it",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFolder(async (folder) => {
      const path = join(folder, "swarm.db");
      const modes = () =>
        Object.fromEntries(
          [...Deno.readDirSync(folder)].map(({ name }) => [
            name,
            (Deno.statSync(join(folder, name)).mode ?? 0) & 0o777,
          ]),
        );
      const all = {
        "swarm.db": 0o600,
        "swarm.db-lock": 0o600,
        "swarm.db-shm": 0o600,
        "swarm.db-wal": 0o600,
      };
      const first = openSqlite(path, fakeClock().now);
      assert.deepEqual(modes(), all);
      await first.close();
      // As an earlier version left them.
      for (const name of Object.keys(modes())) {
        Deno.chmodSync(join(folder, name), 0o644);
      }
      const again = openSqlite(path, fakeClock().now);
      assert.deepEqual(modes(), all);
      await again.close();
    }),
});

Deno.test("openSqlite: refuses a newer version's database", () =>
  withFolder(async (folder) => {
    const path = join(folder, "swarm.db");
    await openSqlite(path, fakeClock().now).close();
    const db = new DatabaseSync(path);
    db.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
    db.close();
    refuses(
      path,
      "newer",
      /was written by a newer version .*upgrade this program/,
    );
  }));

Deno.test("openSqlite: refuses a file of the first edition and keeps it", () =>
  withFolder((folder) => {
    const path = join(folder, "swarm.db");
    const old = new DatabaseSync(path);
    old.exec(
      "CREATE TABLE studies (study_id TEXT PRIMARY KEY); " +
        "PRAGMA application_id = 0x64737731; PRAGMA user_version = 5",
    );
    old.close();
    const bytes = Deno.readFileSync(path);
    refuses(
      path,
      "older",
      /first edition .*start with a new one: --db other\.db; the old .* unchanged/,
    );
    assert.deepEqual(Deno.readFileSync(path), bytes);
  }));

Deno.test("openSqlite: finds a grid point's trials by an index, in order", () => {
  const db = new DatabaseSync(":memory:");
  migrate(db);
  const plan = db.prepare(
    "EXPLAIN QUERY PLAN SELECT * FROM trials WHERE study_id = ?1 " +
      "AND planned = 1 AND point = ?4 ORDER BY replicate, position " +
      "LIMIT ?2 OFFSET ?3",
  ).all("seed", 1, 0, "point").map(({ detail }) => detail);
  assert.deepEqual(plan, [
    "SEARCH trials USING INDEX trials_of_point " +
    "(study_id=? AND planned=? AND point=?)",
  ]);
  db.close();
});

Deno.test("openSqlite: finds the latest trials by an index, without sorting", () => {
  const db = new DatabaseSync(":memory:");
  migrate(db);
  for (const state of ["", "AND state = ?4 "]) {
    const plan = db.prepare(
      "EXPLAIN QUERY PLAN SELECT * FROM trials WHERE study_id = ?1 " +
        `AND planned = 1 ${state}` +
        "ORDER BY revision DESC, replicate, position LIMIT ?2 OFFSET ?3",
    ).all("seed", 1, 0, ...state === "" ? [] : ["queued"])
      .map(({ detail }) => detail);
    assert.deepEqual(plan, [
      "SEARCH trials USING INDEX trials_by_revision (study_id=?)",
    ]);
  }
  db.close();
});

Deno.test("openSqlite: refuses a damaged database", () =>
  withFolder(async (folder) => {
    const path = join(folder, "swarm.db");
    const storage = openSqlite(path, fakeClock().now);
    const { definition, trials } = smallStudy({ replicates: 200 });
    await storage.plan(definition, trials);
    await storage.close();
    // After the header: SQLite recognizes the file but not its contents.
    const bytes = Deno.readFileSync(path);
    bytes.fill(0xa5, 4096, bytes.length - 4096);
    Deno.writeFileSync(path, bytes);
    refuses(
      path,
      "not-ours",
      /is damaged; restore a backup with deno task restore/,
    );
  }));

Deno.test("openSqlite: locks out a second coordinator until the first ends", () =>
  withFolder(async (folder) => {
    const path = join(folder, "swarm.db");
    const first = openSqlite(path, fakeClock().now);
    refuses(path, "in-use", /another coordinator has .* open/);
    await first.close();
    await openSqlite(path, fakeClock().now).close();
  }));

Deno.test("openSqlite: a database that another program locks is unavailable", () =>
  withFolder(async (folder) => {
    const path = join(folder, "swarm.db");
    const storage = openSqlite(path, fakeClock().now, { busyTimeout: 1 });
    const other = new DatabaseSync(path);
    other.exec("BEGIN IMMEDIATE");
    const { definition, trials } = smallStudy();
    await assert.rejects(storage.plan(definition, trials), {
      name: "StorageError",
      code: "unavailable",
    });
    other.exec("ROLLBACK");
    other.close();
    assert.equal((await storage.plan(definition, trials)).added, 4);
    await storage.close();
  }));

Deno.test("openSqlite: concurrent calls share a transaction but succeed or fail independently", () =>
  withFolder(async (folder) => {
    const path = join(folder, "swarm.db");
    const storage = openSqlite(path, fakeClock().now);
    const { definition, trials } = smallStudy();
    await storage.plan(definition, trials);
    const outcomes = await Promise.allSettled([
      storage.registerWorker(newWorker(1)),
      // This one fails because it already exists; the others succeed.
      storage.registerWorker(newWorker(1)),
      storage.plan(definition, [{ ...specOf(trials), seed: 5 }]),
      storage.registerWorker(newWorker(2)),
    ]);
    assert.deepEqual(outcomes.map((o) => o.status), [
      "fulfilled",
      "rejected",
      "rejected",
      "fulfilled",
    ]);
    const workers = await storage.workers(9);
    assert.deepEqual(workers.map((l) => l.worker.name), [
      "worker 1",
      "worker 2",
    ]);
    assert.equal((await storage.study(definition.id))?.revision, 1);
    // Closing does not lose waiting work.
    const last = storage.registerWorker(newWorker(3));
    await storage.close();
    await last;
    const again = openSqlite(path, fakeClock().now);
    assert.equal((await again.workers(9)).length, 3);
    await again.close();
  }));

Deno.test("openSqlite: a batch that cannot be committed fails as a whole", () =>
  withFolder(async (folder) => {
    const path = join(folder, "swarm.db");
    const storage = openSqlite(path, fakeClock().now, { busyTimeout: 1 });
    const other = new DatabaseSync(path);
    other.exec("BEGIN IMMEDIATE");
    const outcomes = await Promise.allSettled([
      storage.registerWorker(newWorker(1)),
      storage.registerWorker(newWorker(2)),
    ]);
    other.close();
    for (const outcome of outcomes) {
      assert.ok(outcome.status === "rejected");
      assert.equal(outcome.reason.code, "unavailable");
    }
    assert.deepEqual(await storage.workers(9), []);
    await storage.registerWorker(newWorker(1));
    await storage.close();
  }));

Deno.test("openSqlite: refuses work after closing", () =>
  withFolder(async (folder) => {
    const storage = openSqlite(join(folder, "swarm.db"), fakeClock().now);
    await storage.close();
    await assert.rejects(storage.registerWorker(newWorker(1)), /not open/);
  }));

Deno.test("openSqlite: a full disk makes it unavailable and loses no accepted result", () =>
  withFolder(async (folder) => {
    const path = join(folder, "swarm.db");
    const storage = openSqlite(path, fakeClock().now);
    await storage.registerWorker(newWorker(0));
    await storage.close();
    // Simulates a full disk: the file may not get another page.
    const { definition, trials } = smallStudy({ replicates: 100 });
    const full = openSqlite(path, fakeClock().now, { maxPages: 1 });
    await assert.rejects(full.plan(definition, trials), {
      name: "StorageError",
      code: "unavailable",
    });
    assert.equal((await full.workers(9)).length, 1);
    assert.deepEqual(await full.studies(), []);
    await full.close();
    const roomy = openSqlite(path, fakeClock().now);
    assert.equal((await roomy.plan(definition, trials)).added, 200);
    await roomy.close();
  }));

Deno.test("openSqlite: its clock is never behind the stored events", () =>
  withFolder(async (folder) => {
    const path = join(folder, "swarm.db");
    const clock = fakeClock();
    const first = openSqlite(path, clock.now);
    clock.advance(3_600_000);
    await first.registerWorker(newWorker(1));
    const registered = first.now();
    await first.close();
    // The machine's clock was set back by an hour and continues from there.
    clock.advance(-3_600_000);
    const second = openSqlite(path, clock.now);
    assert.equal(second.now(), registered);
    clock.advance(5000);
    assert.equal(second.now(), registered + 5000);
    await second.close();
    clock.advance(7_200_000);
    const third = openSqlite(path, clock.now);
    assert.equal(third.now(), clock.now(), "the wall clock is ahead again");
    await third.close();
  }));

function specOf([spec]: readonly TrialSpec[]): TrialSpec {
  assert.ok(spec);
  return spec;
}

Deno.test("openSqlite: refuses calls after the end without other failures", async () => {
  const storage = openSqlite(":memory:", () => 0);
  await storage.close();
  await assert.rejects(storage.registerWorker(newWorker(1)));
});

/** A file that is changed outside of the storage. */
function mixed(folder: string): MixedDatabase {
  const path = join(folder, "swarm.db");
  const clock = fakeClock();
  return {
    clock,
    open: (onUnreadable) =>
      Promise.resolve(openSqlite(path, clock.now, { onUnreadable })),
    execute(sql) {
      const db = new DatabaseSync(path);
      db.exec(sql);
      db.close();
      return Promise.resolve();
    },
  };
}

Deno.test("openSqlite: names a newer version's study in one line; other studies continue", () =>
  withFolder((folder) => checkNewerStudy(mixed(folder))));

Deno.test("openSqlite: a recipe field that is not stored has its default", () =>
  withFolder(async (folder) => {
    const database = mixed(folder);
    await checkDefaults(database);
    const db = new DatabaseSync(join(folder, "swarm.db"));
    const specs = db.prepare("SELECT spec FROM trials WHERE study_id = 'seed'");
    for (const { spec } of specs.all()) {
      assert.match(
        String(spec),
        /"recipe":\{"dropout1":(0\.\d),"dropout2":\1,"epochs":2\}/,
      );
    }
    db.close();
  }));
