import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createCheckpoints } from "./sqlite_checkpoints.ts";

/** A database with a log, and what it takes to fill it. */
async function withLog(
  body: (log: {
    readonly db: DatabaseSync;
    readonly path: string;
    readonly clock: { now: number };
    /** So many commits of a page and more, each of them told. */
    commit(count: number, told: () => void): void;
    size(end: "" | "-wal"): number;
    /** Pages in the log at which the connection copies them itself. */
    atPages(): unknown;
  }) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "checkpoints-test-" });
  const path = join(folder, "log.db");
  const db = new DatabaseSync(path);
  try {
    db.exec("PRAGMA journal_mode = WAL; CREATE TABLE rows (bytes BLOB)");
    const insert = db.prepare("INSERT INTO rows VALUES (?)");
    const bytes = new Uint8Array(5000);
    await body({
      db,
      path,
      clock: { now: 0 },
      commit(count, told) {
        for (let i = 0; i < count; i++) {
          insert.run(bytes);
          told();
        }
      },
      size: (end) => Deno.statSync(path + end).size,
      atPages: () =>
        db.prepare("PRAGMA wal_autocheckpoint").get()?.wal_autocheckpoint,
    });
  } finally {
    if (db.isOpen) db.close();
    await Deno.remove(dirname(path), { recursive: true });
  }
}

async function until(reached: () => boolean): Promise<void> {
  for (let tries = 0; !reached(); tries++) {
    assert.ok(tries < 500, "it never came to that");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

Deno.test("createCheckpoints: under many commits a confined thread copies them, and nothing is left behind", () =>
  withLog(async ({ db, path, clock, commit, size, atPages }) => {
    const checkpoints = createCheckpoints(db, path, true, () => clock.now);
    commit(199, checkpoints.committed);
    assert.equal(checkpoints.inThread(), false);
    assert.equal(atPages(), 1000);
    commit(1, checkpoints.committed);
    assert.equal(checkpoints.inThread(), true);
    assert.equal(atPages(), 16_000);
    // Two megabytes more, which the connection itself leaves in the log.
    commit(400, () => {});
    const before = size("");
    assert.ok(before < 2e6, `${before} bytes`);
    await until(() => {
      clock.now += 400;
      checkpoints.committed();
      return size("") > 2e6;
    });
    // All of it is copied: the log begins anew, and does not grow any more.
    const log = size("-wal");
    await until(() => {
      clock.now += 400;
      commit(1, checkpoints.committed);
      return size("-wal") === log;
    });
    const { n } = db.prepare("SELECT count(*) AS n FROM rows").get() ?? {};
    await checkpoints.close();
    assert.equal(checkpoints.inThread(), false);
    db.close();
    // Whoever closes last clears the log away: no connection was left open.
    assert.throws(() => size("-wal"), Deno.errors.NotFound);
    const again = new DatabaseSync(path);
    assert.equal(again.prepare("SELECT count(*) AS n FROM rows").get()?.n, n);
    again.close();
  }));

Deno.test("createCheckpoints: few commits at a time need no thread", () =>
  withLog(async ({ db, path, clock, commit }) => {
    const checkpoints = createCheckpoints(db, path, true, () => clock.now);
    for (let burst = 0; burst < 5; burst++) {
      commit(150, checkpoints.committed);
      clock.now += 10_001;
    }
    assert.equal(checkpoints.inThread(), false);
    await checkpoints.close();
  }));

Deno.test("createCheckpoints: a thread that cannot is given up for good, and the connection does it", () =>
  withLog(async ({ db, path, clock, commit, atPages }) => {
    const elsewhere = join(dirname(path), "no-folder", "log.db");
    const checkpoints = createCheckpoints(db, elsewhere, true, () => clock.now);
    commit(200, checkpoints.committed);
    await until(() => !checkpoints.inThread());
    assert.equal(atPages(), 1000);
    commit(300, checkpoints.committed);
    assert.equal(checkpoints.inThread(), false);
    await checkpoints.close();
  }));
