import assert from "node:assert/strict";
import { join } from "node:path";
import { Problem } from "../protocol/problem.ts";
import { RegisterResponse } from "../protocol/lease.ts";
import { PROTOCOL_VERSION } from "../protocol/version.ts";
import { WorkerList } from "../protocol/views.ts";
import { openSqlite } from "../coordinator/storage/sqlite/sqlite.ts";
import { runScript } from "./processes.ts";
import { freePort, get, until, writeTinyStudy } from "./tiny_study.ts";

/** Bytes that the coordinator's files may grow to while the disk is full. */
const SPACE = 400 * 1024;

const linux = Deno.build.os === "linux";

async function sh(...command: [string, ...string[]]): Promise<boolean> {
  const [program, ...args] = command;
  try {
    const { success } = await new Deno.Command(program, {
      args,
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Sets a process's limits from outside; part of util-linux. */
const canLimit = linux && await sh("prlimit", "--version");

Deno.test({
  name:
    "a coordinator whose disk is full says so, loses nothing, and continues when there is space",
  ignore: !canLimit,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "disk-test-" });
    const study = await writeTinyStudy(folder, {
      replicates: 1,
      epochs: 1,
      examples: 500,
    });
    const url = `http://127.0.0.1:${freePort()}`;
    const coordinator = runScript("coordinator/main.ts", [
      ...["--study", study.path, "--data", study.data, "--workers", "0"],
      ...["--db", join(folder, "swarm.db"), "--port", new URL(url).port],
    ], {
      env: { SWARM_CACHE: join(folder, "cache") },
      // The write that goes too far fails, as on a full disk; without the trap
      // it would end the process.
      under: ["bash", "-c", `trap '' XFSZ; exec "$@"`, "bash"],
    });
    const register = (name: string) =>
      fetch(`${url}/api/workers`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          protocolVersion: PROTOCOL_VERSION,
          kind: "deno",
          threads: 1,
          name,
          device: "x".repeat(200),
        }),
      });
    /** Bytes that a file of the coordinator's may have from now on. */
    const limit = (bytes: number | "unlimited") =>
      sh("prlimit", "--pid", `${coordinator.pid}`, `--fsize=${bytes}:`);
    try {
      const workers = () => get(`${url}/api/workers?limit=1000`, WorkerList);
      await until(workers, () => true);
      assert.ok(await limit(SPACE));
      const answered: string[] = [];
      let refusal: Response | null = null;
      for (let n = 0; n < 2000 && refusal === null; n++) {
        const response = await register(`worker ${n}`);
        if (response.ok) {
          answered.push(RegisterResponse.parse(await response.json()).workerId);
        } else refusal = response;
      }
      assert.ok(refusal, `${answered.length} workers fitted in`);
      assert.ok(answered.length > 10, `${answered.length} workers fitted in`);
      assert.equal(refusal.status, 503);
      assert.equal(refusal.headers.get("retry-after"), "5");
      const { type, detail } = Problem.parse(await refusal.json());
      assert.equal(type, "unavailable");
      assert.match(detail, /cannot store anything now; try again/);
      await coordinator.waitFor(/storage unavailable.*check disk/s);

      // Reading goes on, and so does writing once there is space.
      await until(workers, ({ workers }) => workers.length === answered.length);
      assert.ok(await limit("unlimited"));
      const again = await register("after");
      assert.equal(again.status, 201);
      answered.push(RegisterResponse.parse(await again.json()).workerId);
      // Lists are cached for a moment.
      const listed = await until(
        workers,
        ({ workers }) => workers.length >= answered.length,
      );
      const stored = new Set(
        listed.workers.map(({ workerId }) => `${workerId}`),
      );
      assert.deepEqual(answered.filter((id) => !stored.has(id)), []);
      assert.equal(stored.size, answered.length, "no refused worker is stored");
    } finally {
      coordinator.kill("SIGKILL");
      await coordinator.ended;
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("the start command refuses a damaged database with one line that says what to do", async () => {
  const folder = await Deno.makeTempDir({ prefix: "disk-test-" });
  try {
    const study = await writeTinyStudy(folder, {
      replicates: 50,
      epochs: 1,
      examples: 500,
    });
    const db = join(folder, "swarm.db");
    const start = () =>
      runScript("coordinator/main.ts", [
        ...["--study", study.path, "--data", study.data, "--workers", "0"],
        ...["--db", db, "--port", "0"],
      ], { env: { SWARM_CACHE: join(folder, "cache") } });
    const first = start();
    await first.waitFor(/leaderboard http/);
    first.kill("SIGTERM");
    await first.ended;
    const bytes = await Deno.readFile(db);
    bytes.fill(0xa5, 4096, bytes.length - 4096);
    await Deno.writeFile(db, bytes);
    const second = start();
    assert.equal((await second.ended).code, 1);
    assert.match(
      second.output(),
      /^error: cannot use the database: .*is damaged; restore a backup.*$/m,
    );
    assert.deepEqual(await Deno.readFile(db), bytes, "the file is unchanged");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Makes a file read-only, for the superuser as well; undo with the result. */
async function makeReadOnly(
  path: string,
): Promise<(() => Promise<void>) | null> {
  if (Deno.uid() !== 0) {
    await Deno.chmod(path, 0o444);
    return () => Deno.chmod(path, 0o644);
  }
  if (!await sh("mount", "--bind", path, path)) return null;
  const undo = async () => {
    assert.ok(await sh("umount", path));
  };
  if (await sh("mount", "-o", "remount,ro,bind", path)) return undo;
  await undo();
  return null;
}

Deno.test({
  name: "openSqlite: refuses a read-only file immediately and says what to do",
  ignore: !linux,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "disk-test-" });
    const path = join(folder, "swarm.db");
    await openSqlite(path, Date.now).close();
    const undo = await makeReadOnly(path);
    try {
      // Some containers' superuser may neither mount nor be kept out.
      if (undo === null) return;
      assert.throws(() => openSqlite(path, Date.now), {
        name: "StorageError",
        code: "cannot-open",
        message: /swarm.db cannot be read and written.*check the permissions/,
      });
    } finally {
      await undo?.();
      await Deno.remove(folder, { recursive: true });
    }
  },
});
