import assert from "node:assert/strict";
import { StudyList, WorkerList } from "../../protocol/views.ts";
import { type RunningCommand, runScript } from "../processes.ts";
import { get, type TinyStudy, until, writeTinyStudy } from "../tiny_study.ts";

/** Commands that wait for what cannot come: each ends, and says why. */

const PROXY = "http://127.0.0.1:9";

async function withStudy(
  test: (
    start: (
      args: readonly string[],
      env?: Readonly<Record<string, string>>,
    ) => RunningCommand,
    study: TinyStudy,
  ) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "wild-standstill-" });
  try {
    const study = await writeTinyStudy(folder, {
      replicates: 1,
      epochs: 1,
      examples: 300,
    });
    await test(
      (args, env = {}) =>
        runScript("coordinator/main.ts", [
          ...["--study", study.path, "--data", study.data, "--port", "0"],
          ...["--db", `${folder}/swarm.db`],
          ...args,
        ], { env: { SWARM_CACHE: `${folder}/cache`, ...env } }),
      study,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const urlOf = async (run: RunningCommand) =>
  (await run.waitFor(/leaderboard (http:\S+?)\/,/))[1] ?? "";

Deno.test("start --exit ends with status 2 if the asked-for backend is absent", () =>
  withStudy(async (start) => {
    const run = start(["--exit", "--workers", "1", "--backend", "webgpu"], {
      // Deno looks for graphics drivers that no Linux machine has.
      DENO_WEBGPU_BACKEND: "dx12",
    });
    assert.equal((await run.ended).code, 2, run.output());
    assert.match(
      run.output(),
      /nobody can go on: the local workers ended, and no other is here: .*webgpu/,
    );
  }));

Deno.test("start --exit ends with status 2 if the operator removes its worker", () =>
  withStudy(async (start) => {
    // So long that it is removed before the end on any machine.
    const run = start([
      ...["--exit", "--workers", "1", "--backend", "simd"],
      ...["--epochs", "1000", "--replicates", "20"],
    ]);
    const url = await urlOf(run);
    const [, token] = await run.waitFor(/admin token, shown this once: (\S+)/);
    const { workers: [worker] } = await until(
      () => get(`${url}/api/workers`, WorkerList),
      ({ workers }) => workers.length > 0,
    );
    const removed = await fetch(`${url}/api/workers/${worker?.workerId}`, {
      method: "DELETE",
      headers: { authorization: `Bearer ${token}` },
    });
    assert.equal(removed.status, 204, await removed.text());
    assert.equal((await run.ended).code, 2, run.output());
    assert.match(run.output(), /nobody can go on: the local workers ended/);
  }));

// curl and Deno read the proxy's name from the environment, as companies and
// universities set it for all programs of a machine.
Deno.test("start and join call their own machine without the environment's proxy", () =>
  withStudy(async (start, study) => {
    const env = { HTTP_PROXY: PROXY, http_proxy: PROXY };
    const run = start(["--exit", "--workers", "1", "--backend", "simd"], env);
    assert.equal((await run.ended).code, 0, run.output());

    // Its first line on the progress comes before its threads have registered.
    assert.match(run.output(), /^0% 0 of 4 trials/m);
    assert.doesNotMatch(run.output(), /nobody is training/);

    const more = start(["--workers", "0", "--replicates", "2"], env);
    const url = await urlOf(more);
    await more.waitFor(/^50% 4 of 8 trials, 0 workers, nobody is training/m);
    const join = runScript(
      "worker/main_deno.ts",
      [url, "--exit", "--threads", "1", "--backend", "simd"],
      { env: { ...env, SWARM_CACHE: `${study.data}/join-cache` } },
    );
    assert.equal((await join.ended).code, 0, join.output());
    const { studies } = await get(`${url}/api/studies`, StudyList);
    assert.equal(studies[0]?.completed, 2 * study.trials);
    more.kill("SIGINT");
    await more.ended;
  }));
