import assert from "node:assert/strict";
import { join as joinPath } from "node:path";
import { openSqlite } from "../../coordinator/storage/sqlite/sqlite.ts";
import { StudyId } from "../../protocol/ids.ts";
import { PROTOCOL_VERSION } from "../../protocol/version.ts";
import { WorkerList } from "../../protocol/views.ts";
import { ONE_REQUEST } from "../../worker/cli/stop_signals.ts";
import { startBalancer } from "../balancer.ts";
import { type RunningCommand, runScript, runTask } from "../processes.ts";
import {
  freePort,
  get,
  type TinyStudy,
  until,
  writeTinyStudy,
} from "../tiny_study.ts";

/**
 * How the commands `start` and `join` end, and what does not end them: each
 * case is a way in which users' processes ended or were left behind.
 */

const unix = Deno.build.os !== "windows";

interface Place {
  readonly folder: string;
  readonly study: TinyStudy;
  /** Where a coordinator of `start` listens. */
  readonly url: string;
  /** Flags of a coordinator without trainers. */
  readonly flags: readonly string[];
  readonly start: Run;
  readonly join: Run;
}

/** A command, run by a shell's words around it where they are given. */
type Run = (args: readonly string[], shell?: string) => RunningCommand;

/** Runs a test with a study whose trials take longer than the test. */
async function inPlace(test: (place: Place) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "endings-test-" });
  const runs: RunningCommand[] = [];
  const env = { SWARM_CACHE: joinPath(folder, "cache") };
  const run = (script: string): Run => (args, shell) => {
    const running = runScript(script, args, {
      env,
      ...shell !== undefined && {
        under: ["bash", "-c", shell, "bash"] as const,
      },
    });
    runs.push(running);
    return running;
  };
  try {
    const study = await writeTinyStudy(folder, {
      replicates: 1,
      epochs: 1000,
      examples: 3000,
    });
    const url = `http://127.0.0.1:${freePort()}`;
    const flags = [
      ...["--study", study.path, "--data", study.data, "--workers", "0"],
      ...["--db", joinPath(folder, "swarm.db"), "--port", new URL(url).port],
      // No lease expires: it is free because it was handed back.
      ...["--lease-seconds", "600"],
    ];
    const start = run("coordinator/main.ts");
    await test({
      folder,
      study,
      url,
      flags,
      start: (args, shell) => start([...flags, ...args], shell),
      join: run("worker/main_deno.ts"),
    });
  } finally {
    for (const running of runs) {
      running.kill("SIGKILL");
      await running.ended;
    }
    await Deno.remove(folder, { recursive: true });
  }
}

async function statusOf(url: string, init: RequestInit = {}): Promise<number> {
  const response = await fetch(url, init);
  await response.body?.cancel();
  return response.status;
}

const serves = (url: string) =>
  until(() => statusOf(`${url}/healthz`), (status) => status === 200);

async function leasedAt({ url, study }: Place): Promise<number> {
  const response = await fetch(`${url}/api/studies/${study.id}`);
  return (await response.json()).progress.leased;
}

async function endsWell(run: RunningCommand, code = 0): Promise<void> {
  const ended = await run.ended;
  assert.deepEqual([ended.code, ended.signal], [code, null], run.output());
  assert.doesNotMatch(run.output(), /^\s+at .*:\d+:\d+|Uncaught/m);
}

/** A program that fails on a signal, beside the one that it is put into. */
const FAULT =
  `Deno.addSignalListener("SIGUSR2", () => { throw new Error("a fault"); });`;

/** A shell's words that run Deno with the fault in it: `"$@"` or like it. */
const withFault = (words: string, fault: string) =>
  `set -- ${words}; deno=$1; shift 2; exec "$deno" run --preload "${fault}" "$@"`;

const pause = (milliseconds: number) =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

Deno.test({
  name:
    "start serves on without its study, its addresses and after a fault, and says each once",
  ignore: !unix,
  async fn() {
    await inPlace(async ({ folder, url, study, start }) => {
      const fault = joinPath(folder, "fault.ts");
      await Deno.writeTextFile(fault, FAULT);
      const run = start(
        ["--host", "0.0.0.0"],
        // As on a system that does not tell a program its addresses.
        withFault('"${@/--allow-sys=networkInterfaces,/--allow-sys=}"', fault),
      );
      const [, token] = await run.waitFor(/admin token[^:]*: (\S+)/);
      await run.waitFor(/error: the invitation failed, .* serves on/);
      run.kill("SIGUSR2");
      await run.waitFor(/error: something failed, .* serves on .*a fault/);
      const authorization = `Bearer ${token}`;
      const at = `${url}/api/studies`;
      const headers = { authorization, "content-type": "application/json" };
      assert.equal(
        await statusOf(`${at}/${study.id}`, { method: "DELETE", headers }),
        204,
      );
      await run.waitFor(/error: following the study failed, .* was deleted/);
      await serves(url);
      // It can come back, and is followed again.
      const body = await Deno.readTextFile(study.path);
      const created = await fetch(at, { method: "POST", headers, body });
      assert.ok(created.ok, await created.text());
      assert.equal(await statusOf(`${at}/${study.id}`), 200);
      run.kill("SIGINT");
      await endsWell(run);
      assert.equal(run.output().match(/was deleted/g)?.length, 1, run.output());
    });
  },
});

Deno.test({
  name:
    "start serves on when nobody reads its output, and when it cannot be written; secrets are shown when they can be",
  ignore: !unix,
  async fn() {
    await inPlace(async ({ url, study, start }) => {
      const closed = start(["--join-code"], 'exec "$@" > >(head -n 1) 2>&1');
      await serves(url);
      closed.kill("SIGTERM");
      await endsWell(closed);
      assert.doesNotMatch(closed.output(), /admin token/);

      if (Deno.build.os === "linux") {
        const full = start(
          ["--join-code", "--log", "json"],
          'exec "$@" > /dev/full 2>&1',
        );
        await serves(url);
        full.kill("SIGTERM");
        await endsWell(full);
      }

      // Nothing is spent by a start that another program's port ends.
      const { hostname, port } = new URL(url);
      {
        using _taken = Deno.listen({ hostname, port: Number(port) });
        const refused = start(["--new-secrets"]);
        assert.equal((await refused.ended).code, 1);
      }

      const read = start(["--join-code"]);
      const [, code] = await read.waitFor(/join \S+\/join#(\S+);/);
      const [, token] = await read.waitFor(/admin token[^:]*: (\S+)/);
      await serves(url);
      read.kill("SIGTERM");
      await endsWell(read);

      // Shown is shown: the next start keeps them.
      const last = start(["--join-code"]);
      await serves(url);
      const registration = (joinCode: string | undefined) => ({
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          protocolVersion: PROTOCOL_VERSION,
          kind: "deno",
          threads: 1,
          joinCode,
        }),
      });
      const workers = `${url}/api/workers`;
      assert.equal(await statusOf(workers, registration("wrong-code")), 403);
      assert.equal(await statusOf(workers, registration(code)), 201);
      const headers = { authorization: `Bearer ${token}` };
      assert.equal(
        await statusOf(`${url}/api/studies/${study.id}/stop`, {
          method: "POST",
          headers,
        }),
        200,
      );
      last.kill("SIGTERM");
      await endsWell(last);
      assert.doesNotMatch(last.output(), /admin token/);
    });
  },
});

Deno.test({
  name:
    "start --exit: a result that cannot be written is an error, in one line",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await inPlace(async ({ start }) => {
      const run = start(
        [
          ...["--exit", "--json", "--workers", "1", "--backend", "simd"],
          ...["--epochs", "1", "--points", "0.2,0.5", "--trust-workers"],
        ],
        'exec "$@" > /dev/full',
      );
      await endsWell(run, 1);
      assert.match(run.output(), /^error: the leaderboard is not printed .*$/m);
    });
  },
});

Deno.test({
  name:
    "join hands its lease back whichever way it ends, also when nobody reads its output",
  ignore: !unix,
  async fn() {
    await inPlace(async (place) => {
      const { folder, url, start, join } = place;
      start([]);
      await serves(url);
      const leased = (count: number) =>
        until(() => leasedAt(place), (leased) => leased === count);
      const flags = [url, "--threads", "1", "--backend", "simd"];

      // A closed terminal whose shell signals too, and an output that ended with
      // its first line.
      const closed = join(flags, 'exec "$@" > >(head -n 1) 2>&1');
      await leased(1);
      closed.kill("SIGHUP");
      closed.kill("SIGTERM");
      await endsWell(closed);
      await leased(0);

      // An error that nothing catches, and an output without room.
      const fault = joinPath(folder, "fault.ts");
      await Deno.writeTextFile(fault, FAULT);
      const room = Deno.build.os === "linux" ? " > /dev/full" : "";
      const faulty = join(flags, withFault('"$@"', fault) + room);
      await leased(1);
      faulty.kill("SIGUSR2");
      await endsWell(faulty, 1);
      assert.match(faulty.output(), /^error: a fault$/m);
      await leased(0);
    });
  },
});

Deno.test({
  name:
    "start: a hangup is a request to end, nohup's is not, and the terminal is as before",
  ignore: Deno.build.os !== "linux" || !await exists("script"),
  async fn() {
    await inPlace(async (place) => {
      const { url, folder, study, start } = place;
      // Input that cannot be read is what nohup leaves behind.
      const kept = start([], 'exec "$@" 0> /dev/null');
      await serves(url);
      kept.kill("SIGHUP");
      await pause(ONE_REQUEST);
      await serves(url);
      kept.kill("SIGTERM");
      await endsWell(kept);

      const shown = start(
        ["--workers", "1", "--backend", "simd"],
        `words=$(printf '%q ' "$@"); exec script -qfec "echo process \\$\\$; exec $words" /dev/null`,
      );
      const [, pid] = await shown.waitFor(/process (\d+)/);
      await until(() => leasedAt(place), (leased) => leased === 1);
      await shown.waitFor(/\?25l/);
      Deno.kill(Number(pid), "SIGHUP");
      await endsWell(shown);
      const text = shown.output();
      for (
        const [off, on] of [["\x1b[?25l", "\x1b[?25h"], [
          "\x1b[?7l",
          "\x1b[?7h",
        ]] as const
      ) {
        assert.ok(text.lastIndexOf(on) > text.lastIndexOf(off), text);
      }
      assert.match(text, /stopping/);
      const storage = openSqlite(joinPath(folder, "swarm.db"), Date.now);
      const { leased } = await storage.counts(StudyId.parse(study.id));
      assert.equal(leased, 0);
      await storage.close();
    });
  },
});

Deno.test({
  name:
    "deno task start: a signal to its process group drains once, and leaves nothing behind",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await inPlace(async ({ folder, url, flags }) => {
      const run = runTask("start", [...flags, "--drain-seconds", "600"], {
        env: { SWARM_CACHE: joinPath(folder, "cache") },
        under: ["setsid"],
      });
      try {
        await serves(url);
        // The group's signal, and the same one passed on by `deno task`.
        Deno.kill(-run.pid, "SIGTERM");
        await run.waitFor(/draining: stops in 600 s/);
        await pause(ONE_REQUEST);
        assert.equal(await statusOf(`${url}/readyz`), 503);
        assert.equal(await statusOf(`${url}/healthz`), 200);
        Deno.kill(-run.pid, "SIGTERM");
        await run.waitFor(/stopping/);
      } finally {
        // Both outputs end with the last process that has them.
        await run.ended;
      }
      const { hostname, port } = new URL(url);
      Deno.listen({ hostname, port: Number(port) }).close();
    });
  },
});

Deno.test("join goes on when answers to its registration are lost, and is one worker", () =>
  inPlace(async (place) => {
    const { url, start, join } = place;
    const coordinator = start([]);
    await serves(url);
    let lost = 0;
    await using balancer = startBalancer([url], {
      loses: (path) => path === "/api/workers" && lost++ < 2,
    });
    const worker = join([balancer.url, "--threads", "1", "--backend", "simd"]);
    await until(() => leasedAt(place), (leased) => leased === 1);
    assert.equal(lost, 3);
    const { workers } = await get(`${url}/api/workers`, WorkerList);
    assert.equal(workers.length, 1);
    for (const run of [worker, coordinator]) {
      run.kill("SIGTERM");
      await endsWell(run);
    }
  }));

async function exists(program: string): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(program, {
      args: ["--version"],
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
