import assert from "node:assert/strict";
import { join } from "node:path";
import type * as z from "zod";
import { Leaderboard } from "../coordinator/protocol/leaderboard.ts";
import {
  TrialPage,
  TrialView,
  WorkerList,
} from "../coordinator/protocol/views.ts";
import { type RunningCommand, runScript } from "./processes.ts";
import { writeTinyDataset } from "./tiny_dataset.ts";

/** Milliseconds between looks at the coordinator. */
const LOOK = 100;
/** Milliseconds that each thing waited for may take. */
const PATIENCE = 120_000;

const STUDY = "tiny";
const POINTS = [[0, 0], [0.2, 0.5], [0.5, 0.2], [0.5, 0.5]] as const;
const REPLICATES = 2;
const TRIALS = POINTS.length * REPLICATES;

/** A port that was free a moment ago: the restarted coordinator needs it too. */
function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

async function get<T>(url: string, schema: z.ZodType<T>): Promise<T> {
  const response = await fetch(url);
  return schema.parse(await response.json());
}

/** Asks until the answer will do; a coordinator that is away is asked again. */
async function until<T>(
  ask: () => Promise<T>,
  willDo: (answer: T) => boolean,
): Promise<T> {
  const end = Date.now() + PATIENCE;
  while (Date.now() < end) {
    try {
      const answer = await ask();
      if (willDo(answer)) return answer;
    } catch (error) {
      // Not listening yet, or not any more.
      if (!(error instanceof TypeError)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK));
  }
  throw new Error("waited too long");
}

Deno.test("a study completes though a worker and the coordinator are killed, each trial counted once", async () => {
  const folder = await Deno.makeTempDir({ prefix: "kill-test-" });
  const processes: RunningCommand[] = [];
  try {
    const data = await writeTinyDataset(folder, 3000, 500);
    const study = join(folder, "study.json");
    await Deno.writeTextFile(
      study,
      JSON.stringify({
        id: STUDY,
        title: { en: "Tiny", zh: "小" },
        dataset: data.definition,
        searchSpace: {
          points: POINTS.map(([dropout1, dropout2]) => ({
            dropout1,
            dropout2,
          })),
        },
        replicates: REPLICATES,
        recipe: { epochs: 12, learningRate: 0.1 },
      }),
    );
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
        ...["--study", study, "--data", folder],
        ...["--db", join(folder, "swarm.db"), "--port", String(port)],
        ...["--workers", "0", "--lease-seconds", "2"],
      ]);
    const joinAs = (name: string) =>
      run("worker/main_deno.ts", [
        ...[url, "--name", name, "--threads", "1", "--backend", "simd"],
        "--exit",
      ]);
    const leaderboard = () =>
      get(`${url}/api/studies/${STUDY}/leaderboard`, Leaderboard);
    const trials = async () =>
      (await get(`${url}/api/studies/${STUDY}/trials`, TrialPage)).trials;
    const trial = (id: string) => get(`${url}/api/trials/${id}`, TrialView);

    // One of two workers dies in the middle of a trial.
    const first = startCoordinator();
    await until(leaderboard, ({ progress }) => progress.total === TRIALS);
    const doomed = joinAs("doomed");
    const survivor = joinAs("survivor");
    const [held] = await until(
      async () =>
        (await trials()).filter(({ state, workerName, epochsDone }) =>
          state === "leased" && workerName === "doomed" && epochsDone >= 1
        ),
      (running) => running.length > 0,
    );
    doomed.kill("SIGKILL");
    await doomed.ended;
    assert.ok(held);

    // The coordinator dies when some of it is done.
    await until(leaderboard, ({ progress }) => progress.completed >= 3);
    const before = await Promise.all(
      (await trials()).filter(({ state }) => state === "completed")
        .map(({ trialId }) => trial(trialId)),
    );
    first.kill("SIGKILL");
    await first.ended;
    startCoordinator();
    const done = await until(leaderboard, ({ progress }) => progress.complete);
    assert.equal((await survivor.ended).code, 0, survivor.output());

    assert.equal(done.progress.completed, TRIALS);
    assert.equal(done.progress.quarantined, 0);
    for (const row of done.rows) assert.equal(row.replicatesDone, REPLICATES);
    for (const { trialId } of await trials()) {
      const { attempts, result } = await trial(trialId);
      assert.equal(
        attempts.filter(({ state }) => state === "completed").length,
        1,
        `${trialId}: ${JSON.stringify(attempts)}`,
      );
      assert.equal(result?.epochs.length, 12);
    }
    for (const known of before) {
      const now = await trial(known.trialId);
      assert.deepEqual(now.result, known.result);
      assert.equal(now.attempts.length, known.attempts.length);
    }
    const killed = await trial(held.trialId);
    assert.equal(
      killed.attempts.find(({ workerName }) => workerName === "doomed")?.state,
      "expired",
    );
    const { workers } = await get(`${url}/api/workers`, WorkerList);
    const credit = workers.reduce((sum, w) => sum + w.trialsCompleted, 0);
    assert.equal(credit, TRIALS);
  } finally {
    for (const process of processes) process.kill("SIGKILL");
    await Promise.all(processes.map(({ ended }) => ended));
    await Deno.remove(folder, { recursive: true });
  }
});
