import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import {
  fakeClock,
  newWorker,
  seed,
  smallStudy,
} from "../../../testing/lease/fixtures.ts";
import { createWorld } from "../../../testing/storage/world.ts";
import { openSqlite } from "./sqlite.ts";
import { backupDatabase, restoreDatabase } from "./copy.ts";
import { SCHEMA_VERSION } from "./schema.ts";
import { needsProcesses } from "../../../testing/needs_processes.ts";

/** A coordinator's open database with two of four trials completed. */
async function live(folder: string) {
  const clock = fakeClock();
  const path = join(folder, "swarm.db");
  const storage = openSqlite(path, clock.now);
  const world = createWorld({ storage, end: () => storage.close() }, clock);
  await world.plan(smallStudy());
  await world.workers(1, 4);
  for (const lease of [1, 2]) {
    await world.claim(1, lease);
    clock.advance(1000);
    await world.complete(1, lease);
  }
  return { ...world, path, storage, clock };
}

function test(
  name: string,
  body: (folder: string) => Promise<void>,
  options: { readonly ignore?: boolean } = {},
): void {
  Deno.test(name, options, async () => {
    const folder = await Deno.makeTempDir();
    try {
      await body(folder);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

test("backupDatabase: copies an open database to one file", async (folder) => {
  const { path, storage, claim, complete } = await live(folder);
  const out = join(folder, "backup.db");
  const contents = await backupDatabase(path, out);
  assert.deepEqual(contents, {
    studies: 1,
    trials: 4,
    results: 2,
    workers: 1,
    latest: Date.UTC(2026, 0, 1) + 2000,
  });
  if (Deno.build.os !== "windows") {
    assert.equal((Deno.statSync(out).mode ?? 0) & 0o777, 0o600);
  }
  await claim(1, 3);
  await complete(1, 3);
  await storage.close();
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  assert.deepEqual(names, ["backup.db", "swarm.db", "swarm.db-lock"]);
  const copied = openSqlite(out, () => 0);
  assert.equal((await copied.counts(seed)).completed, 2);
  await copied.close();
});

test(
  "backupDatabase: contains every answered write while a process continues to write",
  async (folder) => {
    const path = join(folder, "swarm.db");
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-check",
        "--allow-read",
        "--allow-write",
        new URL(
          "../../../testing/storage/sqlite_crash_child.ts",
          import.meta.url,
        ).href,
        path,
      ],
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    let text = "";
    const reader = child.stdout.pipeThrough(new TextDecoderStream())
      .getReader();
    const answered = () => Number(text.split("\n").at(-2) ?? 0);
    const read = async () => {
      const { value, done } = await reader.read();
      assert.ok(!done);
      text += value;
    };
    try {
      for (let n = 1; n <= 4; n++) {
        for (const from = answered(); answered() < from + 25;) await read();
        const before = answered();
        const { workers } = await backupDatabase(path, join(folder, `${n}.db`));
        assert.ok(workers >= before, `${workers} of ${before}`);
      }
    } finally {
      child.kill("SIGKILL");
      await reader.cancel();
      await child.status;
    }
  },
  needsProcesses,
);

test("backupDatabase: replaces a file only if forced and leaves no other files", async (folder) => {
  const { path, storage } = await live(folder);
  const out = join(folder, "backup.db");
  Deno.writeTextFileSync(out, "dear diary");
  await assert.rejects(backupDatabase(path, out), /backup.db exists; choose/);
  assert.equal(Deno.readTextFileSync(out), "dear diary");
  assert.equal((await backupDatabase(path, out, { force: true })).results, 2);
  const nowhere = join(folder, "none", "backup.db");
  await assert.rejects(backupDatabase(path, nowhere), /cannot write.*none/);
  const missing = join(folder, "missing.db");
  await assert.rejects(
    backupDatabase(missing, join(folder, "b.db")),
    /cannot back up: the file .*missing.db does not exist/,
  );
  const other = join(folder, "other.db");
  const db = new DatabaseSync(other);
  db.exec("CREATE TABLE recipes (name TEXT)");
  db.close();
  await assert.rejects(
    backupDatabase(other, join(folder, "b.db")),
    /belongs to another program/,
  );
  await storage.close();
  const scraps = [...Deno.readDirSync(folder)].filter(({ name }) =>
    name.includes("partial") || name === "b.db"
  );
  assert.deepEqual(scraps, []);
});

test("restoreDatabase: restores the backup, which can be used again", async (folder) => {
  const { path, storage } = await live(folder);
  const out = join(folder, "backup.db");
  await backupDatabase(path, out);
  await storage.close();
  const elsewhere = join(folder, "elsewhere.db");
  const { contents, replaced } = await restoreDatabase(out, elsewhere);
  assert.deepEqual([contents.results, replaced], [2, null]);
  const { definition, trials } = smallStudy();
  const again = openSqlite(elsewhere, fakeClock().now);
  const outcome = await again.plan(definition, trials);
  assert.equal(outcome.added + outcome.restored + outcome.unplanned, 0);
  assert.equal((await again.counts(seed)).completed, 2);
  await again.registerWorker(newWorker(5));
  await again.close();
});

test("restoreDatabase: refused while a coordinator runs, even if forced", async (folder) => {
  const { path, storage } = await live(folder);
  const out = join(folder, "backup.db");
  await backupDatabase(path, out);
  for (const force of [false, true]) {
    await assert.rejects(restoreDatabase(out, path, { force }), {
      name: "StorageError",
      code: "in-use",
    });
  }
  assert.equal((await storage.counts(seed)).completed, 2);
  await storage.close();
  await restoreDatabase(out, path);
});

test("restoreDatabase: replaces a newer database only if forced, and keeps it", async (folder) => {
  const { path, storage, claim, complete, clock } = await live(folder);
  const out = join(folder, "backup.db");
  await backupDatabase(path, out);
  clock.advance(1000);
  await claim(1, 3);
  await complete(1, 3);
  // As left by a killed process: with its log.
  const killed = join(folder, "killed.db");
  for (const end of ["", "-wal"]) {
    Deno.copyFileSync(`${path}${end}`, `${killed}${end}`);
  }
  await storage.close();
  await assert.rejects(
    restoreDatabase(out, killed),
    /killed.db is newer than the backup: 3 results until .*:03.000Z, not 2/,
  );
  const { replaced } = await restoreDatabase(out, killed, { force: true });
  assert.equal(replaced, `${killed}-replaced-1`);
  for (const [file, results] of [[killed, 2], [replaced, 3]] as const) {
    const opened = openSqlite(file, clock.now);
    assert.equal((await opened.counts(seed)).completed, results, file);
    await opened.close();
  }
});

test("restoreDatabase: a damaged backup is refused, a damaged database replaced", async (folder) => {
  const { path, storage } = await live(folder);
  const { definition, trials } = smallStudy({ replicates: 200, id: "big" });
  await storage.plan(definition, trials);
  const out = join(folder, "backup.db");
  await backupDatabase(path, out);
  await storage.close();
  const damaged = join(folder, "damaged.db");
  const bytes = Deno.readFileSync(out);
  bytes.fill(0xa5, 4096, bytes.length - 4096);
  Deno.writeFileSync(damaged, bytes);
  await assert.rejects(restoreDatabase(damaged, path), /damaged/);
  const { replaced } = await restoreDatabase(out, damaged);
  assert.equal(replaced, `${damaged}-replaced-1`);
  await openSqlite(damaged, fakeClock().now).close();
});

test("restoreDatabase: a backup of a newer version is refused", async (folder) => {
  const { path, storage } = await live(folder);
  await storage.close();
  const db = new DatabaseSync(path);
  db.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
  db.close();
  await assert.rejects(restoreDatabase(path, join(folder, "new.db")), {
    code: "newer",
  });
});

test("backupDatabase: names the right command for a server's database", async () => {
  await assert.rejects(
    backupDatabase("postgres://127.0.0.1/swarm", "backup.db"),
    { name: "StorageError", message: /use deno task move/ },
  );
});
