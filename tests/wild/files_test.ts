import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { outputFile } from "../../coordinator/storage/files.ts";
import {
  backupDatabase,
  restoreDatabase,
} from "../../coordinator/storage/sqlite/copy.ts";
import { openDatabase } from "../../coordinator/storage/sqlite/open.ts";
import { openSqlite } from "../../coordinator/storage/sqlite/sqlite.ts";
import { moveDatabase } from "../../coordinator/storage/transfer.ts";
import { fakeClock, seed, smallStudy } from "../../testing/lease/fixtures.ts";
import { flagsOf, printed, runScript, runTask } from "../processes.ts";
import { writeTinyStudy } from "../tiny_study.ts";

/**
 * Files that users name: by another name, where they stand, and where another
 * file has to stay.
 */

const windows = { ignore: Deno.build.os === "windows" };
const [START, BACKUP, RESTORE, REPORT] = [
  "coordinator/main.ts",
  "coordinator/cli/main_backup.ts",
  "coordinator/cli/main_restore.ts",
  "coordinator/cli/main_report.ts",
];

async function inFolder(test: (folder: string) => Promise<void>) {
  const made = await Deno.makeTempDir({ prefix: "files-test-" });
  // macOS gives a link.
  const folder = await Deno.realPath(made);
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A database with a planned study, that nobody has open. */
async function makeDatabase(path: string): Promise<void> {
  const storage = openSqlite(path, fakeClock().now);
  const { definition, trials } = smallStudy();
  await storage.plan(definition, trials);
  await storage.close();
}

async function trialsIn(path: string): Promise<number> {
  const storage = openSqlite(path, fakeClock().now);
  const { queued } = await storage.counts(seed);
  await storage.close();
  return queued;
}

/** Makes a study, and starts coordinators of it that train nothing. */
async function tinyStart(folder: string) {
  const study = await writeTinyStudy(folder, {
    replicates: 1,
    epochs: 1,
    examples: 20,
  });
  return (args: readonly string[], env: Record<string, string> = {}) =>
    runScript(START, [
      ...["--study", study.path, "--data", study.data, "--port", "0"],
      ...["--workers", "0", "--trust-workers", ...args],
    ], { env: { SWARM_CACHE: join(folder, "cache"), ...env } });
}

// SQLite's documentation names both: "If a single database file has multiple
// links (either hard or soft links) then that is just another way of saying
// that the file has multiple names", https://sqlite.org/howtocorrupt.html,
// "Multiple links to the same file".
Deno.test(
  "start: a running coordinator's database is in use by each of its names",
  windows,
  () =>
    inFolder(async (folder) => {
      const path = (name: string) => join(folder, name);
      const start = await tinyStart(folder);
      // The link is there before the database.
      await Deno.symlink("a.db", path("first.db"));
      const first = start(["--db", path("first.db")]);
      const inUse = { name: "StorageError", code: "in-use" };
      try {
        await first.waitFor(/database: (.+)\n/);
        assert.match(
          first.output(),
          new RegExp(`^database: ${path("a.db")}$`, "m"),
        );
        await Deno.symlink("a.db", path("b.db"));
        const second = start(["--db", path("b.db")]);
        assert.equal((await second.ended).code, 1, second.output());
        assert.match(
          second.output(),
          /error: .*another coordinator has .*\/a\.db open; stop it/,
        );

        await backupDatabase(path("b.db"), path("backup.db"));
        await assert.rejects(
          restoreDatabase(path("backup.db"), path("b.db"), { force: true }),
          inUse,
        );
        assert.ok((await Deno.lstat(path("b.db"))).isSymlink);

        // Linux alone finds these; SQLite's documentation warns of them under
        // "Unlinking or renaming a database file while in use".
        if (Deno.build.os === "linux") {
          await Deno.rename(path("a.db-lock"), path("gone"));
          assert.throws(() => openDatabase(path("a.db"), {}), inUse);
          await Deno.rename(path("a.db"), path("renamed.db"));
          assert.throws(() => openDatabase(path("renamed.db"), {}), inUse);
          await Deno.rename(path("renamed.db"), path("a.db"));
        }

        await Deno.link(path("a.db"), path("hard.db"));
        for (
          const use of [
            () => openDatabase(path("hard.db"), {}),
            () => openDatabase(path("a.db"), {}),
          ]
        ) assert.throws(use, /has 2 names \(hard links\).*find -samefile/);
        // It would not have seen what is in the log of the other name.
        await assert.rejects(
          backupDatabase(path("hard.db"), path("other.db")),
          /cannot back up: .*hard\.db has 2 names/,
        );
      } finally {
        first.kill("SIGINT");
        await first.ended;
      }
    }),
);

Deno.test(
  "start: of two at the same moment, by two names, one has the database",
  windows,
  () =>
    inFolder(async (folder) => {
      const start = await tinyStart(folder);
      await Deno.symlink("a.db", join(folder, "b.db"));
      const both = ["a.db", "b.db"].map((name) =>
        start(["--db", join(folder, name)])
      );
      const refused = await Promise.race(both.map(async (run) => {
        assert.equal((await run.ended).code, 1, run.output());
        return run;
      }));
      assert.match(refused.output(), /another coordinator has .*a\.db open/);
      const other = both.find((run) => run !== refused);
      await other?.waitFor(/database: /);
      // Killed, it leaves its lock file, which locks nobody out.
      other?.kill("SIGKILL");
      await other?.ended;
      await Deno.stat(join(folder, "a.db-lock"));
      openDatabase(join(folder, "b.db"), {}).close();
    }),
);

Deno.test(
  "backup --force: refuses the database, whatever its name is",
  windows,
  () =>
    inFolder(async (folder) => {
      const db = join(folder, "a.db");
      await makeDatabase(db);
      const run = runScript(BACKUP, ["--db", db, "--out", db, "--force"]);
      assert.equal((await run.ended).code, 1, run.output());
      assert.equal(
        run.output(),
        `error: cannot write the backup: ${db} is the database that is backed ` +
          "up; choose another file with --out\n",
      );
      assert.equal(await trialsIn(db), 4);
    }),
);

Deno.test(
  "backupDatabase: replaces a backup if forced, and no database, log or device",
  windows,
  () =>
    inFolder(async (folder) => {
      const path = (name: string) => join(folder, name);
      const db = path("a.db");
      await makeDatabase(db);
      await makeDatabase(path("other.db"));
      const foreign = new DatabaseSync(path("foreign.db"));
      foreign.exec("CREATE TABLE bookmarks (url TEXT)");
      foreign.close();
      await Deno.symlink("other.db", path("link.db"));
      await Deno.mkdir(path("folder"));
      await Deno.mkdir(path("a.db-weights"));
      await new Deno.Command("mkfifo", { args: [path("fifo")] }).output();
      await Deno.writeTextFile(path("notes"), "dear diary");
      await Deno.chmod(path("notes"), 0o444);
      // The header of a write-ahead log: https://sqlite.org/fileformat2.html
      await Deno.writeFile(
        path("copied"),
        new Uint8Array([0x37, 0x7f, 6, 0x82, 0, 0, 0, 0]),
      );
      const kept: readonly (readonly [string, RegExp])[] = [
        // Without all permissions, Deno takes ".." away before the system sees it.
        [
          "sub/../a.db",
          /there is no folder .*sub\/\.\.; create it|a\.db is the database that is backed up/,
        ],
        ["folder/../a.db", /a\.db is the database that is backed up/],
        ["a.db-wal", /a\.db-wal belongs to the database .*a\.db; choose/],
        ["a.db-journal", /belongs to the database/],
        ["a.db-lock", /belongs to the database/],
        ["a.db-weights/x.db", /belongs to the database/],
        ["other.db", /other\.db is a database; choose another file with --out/],
        ["link.db", /other\.db is a database/],
        ["foreign.db", /foreign\.db is a database/],
        ["copied", /is a database's log/],
        ["folder", /folder is a folder; name a file in it/],
        ["fifo", /fifo is a device or a pipe/],
        ["notes", /notes is read-only/],
        ["none/x.db", /there is no folder .*none; create it/],
        ["copied/x.db", /copied is a file, not a folder; choose another/],
      ];
      for (const [name, why] of kept) {
        await assert.rejects(
          // Not joined: that would take ".." away.
          backupDatabase(db, `${folder}/${name}`, { force: true }),
          (error: Error) => {
            assert.match(error.message, /^cannot write the backup: /);
            assert.match(error.message, why);
            return true;
          },
        );
      }
      // Asked alone: who may write everything could lose the device.
      assert.throws(
        () =>
          outputFile("/dev/null", {
            cannot: "cannot write the backup",
            instead: "choose another file with --out",
            inputs: [],
            replaces: "files and backups",
          }),
        /\/dev\/null is a device or a pipe/,
      );
      assert.equal(await trialsIn(path("other.db")), 4);

      // What --force is for: last night's backup, here by a link.
      await Deno.symlink("last.db", path("latest"));
      await backupDatabase(db, path("latest"));
      await assert.rejects(
        backupDatabase(db, path("latest")),
        /last.db exists/,
      );
      await backupDatabase(db, path("latest"), { force: true });
      assert.ok((await Deno.lstat(path("latest"))).isSymlink);
      // It is a backup until it is restored; then it is a database.
      await restoreDatabase(path("latest"), path("new.db"));
      await assert.rejects(
        backupDatabase(db, path("new.db"), { force: true }),
        /new\.db is a database/,
      );
      // A database whose name is that of another one's unfinished copy.
      await makeDatabase(path("x-partial"));
      await backupDatabase(path("x-partial"), path("x"));
      assert.equal(await trialsIn(path("x-partial")), 4);
    }),
);

Deno.test(
  "restoreDatabase: restores into what a link leads to, and replaces nothing else",
  windows,
  () =>
    inFolder(async (folder) => {
      const path = (name: string) => join(folder, name);
      await makeDatabase(path("a.db"));
      await backupDatabase(path("a.db"), path("backup.db"));
      // As programs for backups keep what did not change.
      await Deno.link(path("backup.db"), path("backup-yesterday.db"));
      await Deno.symlink("a.db", path("b.db"));
      const { replaced } = await restoreDatabase(
        path("backup-yesterday.db"),
        path("b.db"),
      );
      assert.equal(replaced, path("a.db-replaced-1"));
      assert.equal(await Deno.readLink(path("b.db")), "a.db");
      assert.equal(await trialsIn(path("a.db")), 4);

      await Deno.symlink("backup.db", path("same.db"));
      await Deno.writeTextFile(path("notes"), "dear diary");
      await Deno.chmod(path("a.db"), 0o444);
      const refused: readonly (readonly [string, string, RegExp])[] = [
        ["backup.db", "notes", /notes is not a SQLite file; .*--db/],
        ["backup.db", "backup.db-wal", /belongs to the database .*backup\.db/],
        ["backup.db", ".", /is a folder; name a file in it/],
        [".", "c.db", /cannot restore: .* is a folder/],
        ["no.db", "c.db", /the file .*no\.db does not exist; .*--from/],
      ];
      for (const [from, to, why] of refused) {
        await assert.rejects(restoreDatabase(path(from), path(to)), why);
      }
      await Deno.remove(path("backup-yesterday.db"));
      await assert.rejects(
        restoreDatabase(path("backup.db"), path("same.db"), { force: true }),
        /backup\.db is the backup itself; name the database with --db/,
      );
      // Who may write everything is still told; who may not is told by SQLite.
      await assert.rejects(
        restoreDatabase(path("backup.db"), path("b.db"), { force: true }),
        /a\.db (is read-only|cannot be read and written)/,
      );
      assert.equal(await Deno.readTextFile(path("notes")), "dear diary");
    }),
);

Deno.test(
  "report --out: replaces neither a database nor what it reads",
  windows,
  () =>
    inFolder(async (folder) => {
      const db = join(folder, "x.db");
      await makeDatabase(db);
      const sample = join(folder, "board.json");
      await Deno.copyFile("docs/samples/seed.json", sample);
      const run = runScript(REPORT, ["--json", sample, "--out", db]);
      assert.equal((await run.ended).code, 1, run.output());
      assert.equal(
        run.output(),
        `error: cannot write the report: ${db} is a database; choose another ` +
          "file with --out\n",
      );
      assert.equal(await trialsIn(db), 4);

      const missing = runScript(REPORT, ["--json", "no/board.json"], {
        env: { INIT_CWD: folder },
      });
      assert.equal((await missing.ended).code, 1, missing.output());
      assert.equal(
        missing.output(),
        `error: cannot read ${folder}/no/board.json: there is no folder ` +
          `${folder}/no; name a leaderboard's JSON with --json, or a database ` +
          "with --db\n",
      );

      await Deno.link(sample, join(folder, "same.json"));
      const output = {
        cannot: "cannot write the report",
        instead: "choose another file with --out",
        inputs: [{ path: sample, is: "the leaderboard that is read" }],
        replaces: "files",
      } as const;
      await backupDatabase(db, join(folder, "backup.db"));
      for (
        const [name, why] of [
          ["board.json", /board\.json is the leaderboard that is read/],
          ["same.json", /same\.json is the leaderboard that is read/],
          ["backup.db", /is a backup of a database/],
          ["x.db-shm", /belongs to the database/],
        ] as const
      ) {
        assert.throws(() => outputFile(join(folder, name), output), why);
      }
      // An older report, and a link to where one shall be.
      await Deno.writeTextFile(join(folder, "old.html"), "<!doctype html>");
      await Deno.symlink("new.html", join(folder, "link.html"));
      assert.equal(
        outputFile(join(folder, "old.html"), output),
        join(folder, "old.html"),
      );
      assert.equal(
        outputFile(join(folder, "link.html"), output),
        join(folder, "new.html"),
      );
    }),
);

Deno.test(
  "moveDatabase: names the flag of the file that will not do",
  windows,
  () =>
    inFolder(async (folder) => {
      const path = (name: string) => join(folder, name);
      await makeDatabase(path("a.db"));
      await Deno.symlink("a.db", path("b.db"));
      const refused: readonly (readonly [string, string, RegExp])[] = [
        ["a.db", "b.db", /--from and --to are the same file: .*a\.db; .*--to/],
        ["a.db", "a.db-wal", /belongs to the database .*a\.db; .*--to/],
        ["a.db", "none/c.db", /cannot move: there is no folder .*none; .*--to/],
        [".", "c.db", /cannot move: .* is a folder; name a file in it/],
        ["no.db", "c.db", /cannot move: the file .*no\.db .*--from/],
      ];
      for (const [from, to, why] of refused) {
        await assert.rejects(moveDatabase(path(from), path(to)), why);
      }
    }),
);

// `deno task` runs a task in the folder of deno.json, and sets INIT_CWD to the
// folder where it was started: https://docs.deno.com/runtime/reference/cli/task/
Deno.test(
  "deno task: a path is relative to where the user stands",
  windows,
  async () => {
    const cwd = await Deno.realPath("docs/examples");
    // As at a terminal, where nothing but the task sets it.
    const run = runTask("backup", ["--db", "../no.db", "--out", "x.db"], {
      cwd,
      under: ["env", "-u", "INIT_CWD", "-u", "SWARM_DB"],
    });
    assert.equal((await run.ended).code, 1, run.output());
    const docs = await Deno.realPath("docs");
    assert.match(
      run.output(),
      new RegExp(`the file ${docs}/no\\.db does not exist; .*--db`),
    );
  },
);

Deno.test(
  "start: study, data, database and cache are where the user stands, and it says where",
  windows,
  () =>
    inFolder(async (folder) => {
      await writeTinyStudy(folder, { replicates: 1, epochs: 1, examples: 20 });
      await Deno.mkdir(join(folder, "deep"));
      await Deno.mkdir(join(folder, "here"));
      await Deno.symlink("../deep", join(folder, "here", "link"));
      const env = { INIT_CWD: join(folder, "here"), SWARM_CACHE: "cache" };
      const flags = ["--data", "..", "--port", "0", "--workers", "0"];
      // The system takes ".." after a link as the folder of what it leads to.
      const run = runScript(START, [
        ...["--study", "link/../study.json", "--trust-workers", ...flags],
      ], { env });
      try {
        await run.waitFor(/database: (.+)\n/);
        const db = join(folder, "here", "swarm.db");
        assert.match(run.output(), new RegExp(`^database: ${db}$`, "m"));
        for (const name of ["swarm.db", "cache"]) {
          await Deno.stat(join(folder, "here", name));
        }
      } finally {
        run.kill("SIGINT");
        await run.ended;
      }
      for (
        const [study, why] of [
          ["order.json", `there is no such file in ${folder}/here`],
          ["no/order.json", `there is no folder ${folder}/here/no`],
          ["../deep", `${folder}/deep is a folder`],
        ] as const
      ) {
        const { ended, output } = runScript(
          START,
          ["--study", study, ...flags],
          { env },
        );
        assert.equal((await ended).code, 1);
        assert.equal(
          output(),
          `error: --study ${study}: ${why}; give a JSON file's path, or one ` +
            "of seed, grid\n",
        );
      }
    }),
);

Deno.test("userPath: without INIT_CWD a path is relative to the working directory", async () => {
  const root = await Deno.realPath(".");
  const source = `
    import { databaseAddress, userPath } from "./coordinator/cli/user_path.ts";
    console.log(userPath("a.db"));
    console.log(userPath("/data/a.db"));
    console.log(databaseAddress("postgres://u@h/d?sslrootcert=my%20ca.pem"));
  `;
  const ca = encodeURIComponent(join(root, "my ca.pem"));
  // No permission for the variable is as good as no variable.
  assert.deepEqual(
    (await printed(source, [
      ...flagsOf("").filter((flag) => /lock|frozen/.test(flag)),
      "--allow-read",
    ])).trim().split("\n"),
    [
      join(root, "a.db"),
      "/data/a.db",
      `postgres://u@h/d?sslrootcert=${ca}`,
    ],
  );
});

Deno.test("--db, --from and --out: an address where a path belongs is refused with what to give", async () => {
  const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
    [BACKUP, ["--db", "sqlite:///swarm.db", "--out", "b.db"], /: --db/],
    [BACKUP, ["--out", "file:b.db"], /: --out/],
    [RESTORE, ["--from", "mysql://db/swarm"], /: --from/],
    [RESTORE, ["--from", ""], /: --from/],
    [START, ["--study", "https://example.org/order.json"], /: --study/],
    [BACKUP, ["--out", "backups/"], /: --out.*This is a folder: name a file/],
  ];
  for (const [script, args, flag] of wrong) {
    const run = runScript(script, args);
    assert.equal((await run.ended).code, 1, run.output());
    assert.match(run.output(), flag);
    assert.match(
      run.output(),
      /is invalid: ".*"\. (Give (a|the) path|This is)/,
    );
    assert.equal(run.output().trim().split("\n").length, 1, run.output());
  }
});
