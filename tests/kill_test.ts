import assert from "node:assert/strict";
import { join } from "node:path";
import { Leaderboard } from "../protocol/leaderboard.ts";
import { TrialPage, TrialView, WorkerList } from "../protocol/views.ts";
import { createLeaseGate, startBalancer } from "./balancer.ts";
import { type Database, databaseKinds, withDatabase } from "./databases.ts";
import { type RunningCommand, runScript } from "./processes.ts";
import { freePort, get, until, writeTinyStudy } from "./tiny_study.ts";

const REPLICATES = 2;
/** The name of the worker that is killed. */
const DOOMED = "doomed";
/** Trials that the other worker gets before the coordinator is killed. */
const TRIALS_BEFORE = 4;

for (const kind of databaseKinds) {
  Deno.test(`a study on ${kind} completes although a worker and the coordinator are killed, with each trial counted once`, () =>
    withDatabase(kind, killTwo));
}

async function killTwo({ address }: Database): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "kill-test-" });
  const processes: RunningCommand[] = [];
  try {
    const study = await writeTinyStudy(folder, {
      replicates: REPLICATES,
      epochs: 12,
      examples: 1000,
    });
    const port = freePort();
    const url = `http://127.0.0.1:${port}`;
    const env = { SWARM_CACHE: join(folder, "cache") };
    const run = (script: string, args: string[]) => {
      const command = runScript(script, args, { env });
      processes.push(command);
      return command;
    };
    const startCoordinator = () =>
      run("coordinator/main.ts", [
        ...["--study", study.path, "--data", study.data],
        ...["--db", address, "--port", String(port)],
        ...["--workers", "0", "--lease-seconds", "5"],
      ]);
    const joinAs = (name: string, url: string) =>
      run("worker/main_deno.ts", [
        ...[url, "--name", name, "--threads", "1", "--backend", "simd"],
        "--exit",
      ]);
    const leaderboard = () =>
      get(`${url}/api/studies/${study.id}/leaderboard`, Leaderboard);
    const trials = async () =>
      (await get(`${url}/api/studies/${study.id}/trials`, TrialPage)).trials;
    const trial = (id: string) => get(`${url}/api/trials/${id}`, TrialView);

    // A worker dies in the middle of a trial, another one takes over.
    const first = startCoordinator();
    await until(leaderboard, ({ progress }) => progress.total === study.trials);
    let reports = 0;
    await using slow = startBalancer([url], {
      // Only its first report arrives, and no result: it stays in the middle.
      before: (path) =>
        /\/(weights|complete)$/.test(path) ||
          path.endsWith("/report") && ++reports > 1
          ? new Promise(() => {})
          : undefined,
    });
    const doomed = joinAs(DOOMED, slow.url);
    const held = await until(
      async () =>
        (await trials()).find(({ state, epochsDone }) =>
          state === "leased" && epochsDone >= 1
        ),
      (one) => one !== undefined,
    );
    assert.ok(held);
    const killed = held.trialId;
    doomed.kill("SIGKILL");
    await doomed.ended;
    await until(() => trial(killed), ({ state }) => state === "queued");
    const gate = createLeaseGate(TRIALS_BEFORE);
    await using narrow = startBalancer([url], gate);
    const survivor = joinAs("survivor", narrow.url);

    // The coordinator dies when some of it is done, and some is not.
    await until(leaderboard, ({ progress }) => progress.completed >= 3);
    const before = await Promise.all(
      (await trials()).filter(({ state }) => state === "completed")
        .map(({ trialId }) => trial(trialId)),
    );
    first.kill("SIGKILL");
    await first.ended;
    gate.allow(Infinity);
    startCoordinator();
    const done = await until(leaderboard, ({ progress }) => progress.complete);
    assert.equal((await survivor.ended).code, 0, survivor.output());

    assert.equal(done.progress.completed, study.trials);
    assert.equal(done.progress.quarantined, 0);
    for (const row of done.rows) assert.equal(row.replicatesDone, REPLICATES);
    for (const { trialId } of await trials()) {
      const { attempts, result } = await trial(trialId);
      assert.equal(
        attempts.filter(({ state }) => state === "completed").length,
        1,
        `${trialId}: ${JSON.stringify(attempts)}`,
      );
      assert.equal(result?.epochs.length, study.epochs);
    }
    for (const known of before) {
      const now = await trial(known.trialId);
      assert.deepEqual(now.result, known.result);
      assert.equal(now.attempts.length, known.attempts.length);
    }
    const { attempts } = await trial(killed);
    assert.ok(
      attempts.some(({ workerName, state }) =>
        workerName === DOOMED && state === "expired"
      ),
      JSON.stringify(attempts),
    );
    const { workers } = await get(`${url}/api/workers`, WorkerList);
    const credit = workers.reduce((sum, w) => sum + w.trialsCompleted, 0);
    assert.equal(credit, study.trials);
  } finally {
    for (const process of processes) process.kill("SIGKILL");
    await Promise.all(processes.map(({ ended }) => ended));
    await Deno.remove(folder, { recursive: true });
  }
}
