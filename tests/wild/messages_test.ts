import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import {
  parseBackupOptions,
  parseMoveOptions,
  parseReportOptions,
  parseStartOptions,
  UNCALLED_PORTS,
} from "../../coordinator/cli/options.ts";
import { failureText } from "../../coordinator/cli/terminal/command_text.ts";
import {
  existingDatabase,
  readUserText,
  usingDatabase,
} from "../../coordinator/storage/files.ts";
import {
  backupDatabase,
  restoreDatabase,
} from "../../coordinator/storage/sqlite/copy.ts";
import { openSqlite } from "../../coordinator/storage/sqlite/sqlite.ts";
import { moveDatabase } from "../../coordinator/storage/transfer.ts";
import { systemReason } from "../../protocol/error_text.ts";
import { fakeClock, smallStudy } from "../../testing/lease/fixtures.ts";
import { parseJoinOptions } from "../../worker/cli/join_options.ts";
import { runScript } from "../processes.ts";

/** What commands answer to mistakes: one line that a stranger understands. */

/** The line with which a command ends its process instead of starting. */
function refusal(parse: () => unknown): string {
  const { exit } = process;
  const { write } = process.stderr;
  let said = "";
  let status: unknown;
  process.stderr.write = (text: string | Uint8Array) => {
    said += text;
    return true;
  };
  process.exit = (code) => {
    status = code;
    throw new Error("ended");
  };
  try {
    parse();
    assert.fail("it was taken");
  } catch (error) {
    if (status === undefined) throw error;
  } finally {
    process.exit = exit;
    process.stderr.write = write;
  }
  assert.equal(status, 1);
  const [line = "", ...more] = said.trimEnd().split("\n");
  assert.deepEqual(more, []);
  assert.match(line, /^error: /);
  return line.slice("error: ".length);
}

const environment = (variables: Record<string, string>) => (name: string) =>
  variables[name];
const start = (...args: string[]) =>
  parseStartOptions(args, 2, environment({}), () => {});
const joining = (...args: string[]) =>
  parseJoinOptions(args, 2, environment({}), () => {});

Deno.test("a command names the flag, the value and what to give", () => {
  for (
    const [args, line] of [
      [
        ["--port", "8000a"],
        '--port is invalid: "8000a". Give a whole number from 0 to 65535.',
      ],
      // Digits, but not of ASCII.
      [
        ["--epochs", "１０"],
        '--epochs is invalid: "１０". Give a whole number from 1 to 1000.',
      ],
      [
        ["--port", "6000"],
        '--port is invalid: "6000". No browser opens port 6000. Give another ' +
        "one, such as 8000.",
      ],
      [
        ["--backend", "cuda"],
        '--backend is invalid: "cuda". Give one of auto, simd, webgpu, wasm, ' +
        "cpu.",
      ],
      [
        ["--points", "0,2;0,5"],
        '--points is invalid: "0,2;0,5". "2" in "0,2" is no value of ' +
        "dropout2; give a number from 0 to 1.",
      ],
      [
        ["--host", "127.0.0.1:8000"],
        '--host is invalid: "127.0.0.1:8000". The port has its own flag: ' +
        "--host 127.0.0.1 --port 8000.",
      ],
      [
        ["--host", ""],
        '--host is invalid: "". Give an address of this machine alone, such ' +
        "as 127.0.0.1 or ::1; 0.0.0.0 stands for all of them.",
      ],
      [
        ["--study="],
        '--study is invalid: "". Give the name of a built-in study or the ' +
        "path of a JSON file.",
      ],
      [
        ["--study", "~/mine.json"],
        '--study is invalid: "~/mine.json". The shell has not replaced ~ ' +
        "here: write the whole path.",
      ],
      [
        ["--data", "images\n"],
        '--data is invalid: "images\\n". The path has a line break or another ' +
        "control character in it.",
      ],
    ] as const
  ) assert.equal(refusal(() => start(...args)), line);
});

Deno.test("a command names the flag without a value, and the value without a flag", () => {
  for (
    const [parse, line] of [
      [() => start("--port"), "--port needs a value: give --port <n>"],
      // It wrote the backup into a file with the name "--force".
      [
        () => parseBackupOptions(["--out", "--force"]),
        "--out needs a value: give --out <file>; if the value is --force, " +
        "write --out=--force",
      ],
      [
        () => start("--json=true"),
        "--json takes no value: give --json alone, or leave it out",
      ],
      // The second list replaced the first.
      [
        () => start("--points", "0.2,0.5", "--points", "0.5,0.2"),
        "--points is given twice: put everything into one value",
      ],
      [
        () => start("seed"),
        'not understood: "seed"; a value stands behind its flag, and --help ' +
        "lists the flags",
      ],
      [
        () => parseBackupOptions([]),
        "--out is missing: give --out <file>, where to write the copy",
      ],
      // The study of the flag was not looked at.
      [
        () => parseReportOptions(["--json", "a.json", "--study", "a"]),
        "option '--json <path>' cannot be used with option '--study <id>'",
      ],
    ] as const
  ) assert.equal(refusal(parse), line);
  // Given anew, as behind an alias of one's own, a single value counts last.
  assert.equal(start("--port", "1024", "--port", "1025").port, 1025);
  assert.equal(parseBackupOptions(["--out=--force"]).force, false);
  // As with npm.
  assert.equal(start("--", "--port", "1024").port, 1024);
});

Deno.test("a command takes an address as it comes out of a message, and names a wrong one", () => {
  const { hostname } = new URL("http://192.0.2.7");
  for (
    const text of [
      ...[` http://${hostname}:8000 `, `“http://${hostname}:8000”`],
      ...[`<http://${hostname}:8000>,`, `http:/${hostname}:8000`],
    ]
  ) assert.equal(joining(text).url, `http://${hostname}:8000`, text);
  assert.equal(start("--host", "[::1]").host, "::1");
  assert.equal(
    refusal(() => joining("127.0.0.1:99999")),
    'the address is invalid: "127.0.0.1:99999". Give an address such as ' +
      "http://192.168.0.5:8000.",
  );
  assert.equal(
    refusal(() =>
      parseJoinOptions([], 2, environment({ SWARM_URL: "a b" }), () => {})
    ),
    'SWARM_URL is invalid: "a b". Give an address such as ' +
      "http://192.168.0.5:8000.",
  );
});

Deno.test("a command refuses a database's address that cannot work, and shows no password", () => {
  for (
    const [text, why] of [
      ["postgres//ada@db/swarm", /Give the path of a SQLite file/],
      [":memory:", /Give the path of a SQLite file/],
      [
        "postgres://ada:secret@db:99999/swarm",
        /"postgres:\/\/ada:\*\*\*@db:99999\/swarm"\. Its port is not a number/,
      ],
      [
        "postgres://ada:se@cret@db/swarm?sslmode=on",
        /ada:\*\*\*@db\/swarm\?sslmode=on"\. Give one of disable, no-verify/,
      ],
      ["postgres://db/swarm?sslrootcert=a%zz", /path has a % too many/],
    ] as const
  ) {
    assert.match(
      refusal(() => parseMoveOptions(["--from", "a.db", "--to", text])),
      why,
    );
  }
  assert.equal(start("--db", ":memory:").db, ":memory:");
  // The host is in PGHOST.
  assert.equal(start("--db", "postgres://ada@/swarm").db.slice(-7), "@/swarm");
});

Deno.test("--port refuses no port that can be called", async () => {
  for (const port of UNCALLED_PORTS) {
    const refused = await fetch(`http://127.0.0.1:${port}`).catch(String);
    assert.match(String(refused), /ports? \d+ (is|are) blocked/);
  }
});

Deno.test("systemReason says what the system refused, without numbers and Deno's flags", () => {
  for (
    const [said, reason] of [
      [
        "Permission denied (os error 13): open '/root/a.db'",
        "Permission denied",
      ],
      [
        'Requires all access to "/sys/a", run again with the --allow-all flag',
        "a program run by Deno may not touch it",
      ],
      [
        'Requires write access to "/a", run again with the --allow-write flag',
        "this command has no permission for it: --allow-write",
      ],
    ] as const
  ) assert.equal(systemReason(new Error(said)), reason);
});

Deno.test("failureText is one line for a mistake of the user, and whole for a fault of ours", () => {
  const missing = new Deno.errors.NotFound("No such file (os error 2): stat");
  assert.equal(failureText(missing), `error: ${missing.message}`);
  const denied = new Deno.errors.NotCapable("Requires all access to x");
  assert.equal(failureText(denied), `error: ${denied.message}`);
  assert.match(failureText(new TypeError("x is no function")), /\n +at /);
});

async function inFolder(
  test: (path: (name: string) => string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.realPath(
    await Deno.makeTempDir({ prefix: "messages-test-" }),
  );
  try {
    await test((name) => join(folder, name));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a study or a leaderboard in another encoding is refused, not read with other letters", () =>
  inFolder(async (path) => {
    for (
      const [bytes, why] of [
        // PowerShell's > writes UTF-16.
        [[0xff, 0xfe, 0x7b, 0], "it is UTF-16 text; save it as UTF-8"],
        // 你 in GBK.
        [[0x22, 0xc4, 0xe3, 0x22], "it is not UTF-8 text; save it as UTF-8"],
      ] as const
    ) {
      await Deno.writeFile(path("a.json"), new Uint8Array(bytes));
      await assert.rejects(readUserText(path("a.json")), { message: why });
    }
    await assert.rejects(readUserText(path("a.json/b.json")), {
      message: `${path("a.json")} is a file, not a folder`,
    });
  }));

Deno.test("backup, restore and move refuse an empty file, and leave nothing else behind", () =>
  inFolder(async (path) => {
    await Deno.writeTextFile(path("empty.db"), "");
    const storage = openSqlite(path("a.db"), fakeClock().now);
    const { definition, trials } = smallStudy();
    await storage.plan(definition, trials);
    await storage.close();
    await assert.rejects(backupDatabase(path("empty.db"), path("b.db")), {
      message: `cannot back up: ${path("empty.db")} is empty; name the right ` +
        "file with --db",
    });
    await assert.rejects(restoreDatabase(path("empty.db"), path("b.db")), {
      message: `cannot restore: ${path("empty.db")} is empty; name the right ` +
        "backup with --from",
    });
    await assert.rejects(moveDatabase(path("empty.db"), path("b.db")), {
      message: `cannot move: ${path("empty.db")} is empty; name the right ` +
        "file with --from",
    });
    assert.throws(
      () => existingDatabase(path("none.db"), usingDatabase),
      /cannot use the database: the file .*none\.db does not exist; .*--db$/,
    );
    await assert.rejects(
      restoreDatabase(path("a.db"), "postgres://ada:secret@db/swarm"),
      /cannot restore: postgres:\/\/db\/swarm is a server's database; .*move/,
    );
    assert.equal((await Deno.stat(path("empty.db"))).size, 0);

    await backupDatabase(path("a.db"), path("backup.db"));
    await restoreDatabase(path("backup.db"), path("restored.db"));
    // A backup that became a database would not be replaced the next night.
    const bytes = await Deno.readFile(path("backup.db"));
    await moveDatabase(path("backup.db"), path("moved.db"));
    assert.deepEqual(await Deno.readFile(path("backup.db")), bytes);
    const left = [...Deno.readDirSync(path("."))].map(({ name }) => name);
    assert.deepEqual(left.filter((name) => /partial|empty.*-/.test(name)), []);
  }));

// The driver leaves a connection open on which it has failed.
Deno.test("move ends where another program answers in PostgreSQL's place", () =>
  inFolder(async (path) => {
    const storage = openSqlite(path("a.db"), fakeClock().now);
    await storage.close();
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    const connections: Deno.Conn[] = [];
    const greeting = new TextEncoder().encode("J\0\0\0\n5.5.5-MariaDB");
    const answering = (async () => {
      for await (const connection of listener) {
        connections.push(connection);
        await connection.write(greeting);
      }
    })();
    const address = `postgres://ada:secret@127.0.0.1:${port}/swarm`;
    const run = runScript("coordinator/cli/main_move.ts", [
      ...["--from", path("a.db"), "--to", address],
    ]);
    assert.equal((await run.ended).code, 1);
    assert.equal(
      run.output(),
      "error: another program answers there, not PostgreSQL: " +
        `postgres://127.0.0.1:${port}/swarm (received invalid response: 4a); ` +
        "check the host and the port in the address\n",
    );
    assert.equal(run.stdout(), "");
    connections.forEach((connection) => connection.close());
    listener.close();
    await answering.catch(() => {});
  }));

Deno.test({
  name: "restore and move say in one line why the system refuses a path",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (path) => {
      const storage = openSqlite(path("a.db"), fakeClock().now);
      await storage.close();
      await backupDatabase(path("a.db"), path("backup.db"));
      await Deno.symlink("loop", path("loop"));
      await assert.rejects(
        restoreDatabase(path("backup.db"), path("loop")),
        /^StorageError: cannot restore: .*loop \(Too many levels of symbolic links\); choose another file with --db$/,
      );
      await assert.rejects(
        moveDatabase(path("a.db"), path("loop")),
        /^StorageError: cannot move: .*loop \(Too many levels of symbolic links\); choose another file with --to$/,
      );
    }),
});
