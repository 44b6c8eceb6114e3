import assert from "node:assert/strict";
import { join } from "node:path";
import type { TrialId } from "../protocol/ids.ts";
import { Leaderboard } from "../protocol/leaderboard.ts";
import { TrialPage, TrialView, WorkerList } from "../protocol/views.ts";
import { startBalancer } from "./balancer.ts";
import { type Database, databaseKinds, withDatabase } from "./databases.ts";
import { type RunningCommand, runScript } from "./processes.ts";
import { createChance } from "./simulation/chance.ts";
import { freePort, get, until, writeTinyStudy } from "./tiny_study.ts";

/** Number of kills; `SWARM_KILL_ROUNDS=100` for a long run. */
const ROUNDS = Number(Deno.env.get("SWARM_KILL_ROUNDS") || 6);
/** Decides who is killed and when; what processes then do is their own. */
const SEED = Number(Deno.env.get("SWARM_KILL_SEED") || Date.now() % 1e6);
/** Trials done in a round, about: the study is to outlast the kills. */
const TRIALS_A_ROUND = 3;
/** Milliseconds from one kill to the next at most, once its victim is back. */
const LONGEST = 1500;
/**
 * Milliseconds that a worker's call takes on its way: a slow network. Trials
 * take time without taking the processor, and many kills meet a call.
 */
const ON_ITS_WAY = 300;

/** Starts a worker again whenever it was killed or found no coordinator. */
function volunteer(start: () => RunningCommand) {
  let command = start();
  const done = (async () => {
    for (;;) {
      const { code, signal } = await command.ended;
      if (code === 0) return;
      const output = command.output();
      if (signal !== "SIGKILL") assert.match(output, /cannot reach/);
      command = start();
    }
  })();
  // Awaited at the end; a test that fails before has told why.
  done.catch(() => {});
  return { done, kill: () => command.kill("SIGKILL") };
}

for (const kind of databaseKinds) {
  Deno.test(`a study on ${kind} survives ${ROUNDS} kills at random moments (SWARM_KILL_SEED=${SEED})`, () =>
    withDatabase(kind, killRounds));
}

async function killRounds(database: Database): Promise<void> {
  const chance = createChance(SEED);
  const folder = await Deno.makeTempDir({ prefix: "kill-rounds-" });
  const processes = new Set<RunningCommand>();
  try {
    const study = await writeTinyStudy(folder, {
      replicates: Math.ceil(ROUNDS * TRIALS_A_ROUND / 4),
      epochs: 8,
      examples: 1000,
    });
    const port = freePort();
    const url = `http://127.0.0.1:${port}`;
    const run = (script: string, args: string[]) => {
      const env = { SWARM_CACHE: join(folder, "cache") };
      const command = runScript(script, args, { env });
      processes.add(command);
      return command;
    };
    const kill = async (command: RunningCommand) => {
      command.kill("SIGKILL");
      await command.ended;
      processes.delete(command);
    };
    const coordinate = () =>
      run("coordinator/main.ts", [
        ...["--study", study.path, "--data", study.data],
        ...["--db", database.address, "--port", String(port)],
        ...["--workers", "0", "--lease-seconds", "5"],
      ]);
    await using network = startBalancer([url], {
      before: () => new Promise((r) => setTimeout(r, ON_ITS_WAY)),
    });
    const joinAs = (name: string) =>
      run("worker/main_deno.ts", [
        ...[network.url, "--name", name, "--threads", "1", "--backend", "simd"],
        "--exit",
      ]);
    const leaderboard = () =>
      get(`${url}/api/studies/${study.id}/leaderboard`, Leaderboard);
    const completed = async () => {
      const path = `/api/studies/${study.id}/trials?state=completed&limit=500`;
      return (await get(`${url}${path}`, TrialPage)).trials;
    };
    const view = (id: TrialId) => get(`${url}/api/trials/${id}`, TrialView);
    /** Every trial that was ever shown as completed. */
    const shown = new Map<TrialId, TrialView>();
    const look = async () => {
      for (const { trialId } of await completed()) {
        if (!shown.has(trialId)) shown.set(trialId, await view(trialId));
      }
    };

    let coordinator = coordinate();
    await until(leaderboard, ({ progress }) => progress.total > 0);
    const workers = ["ada", "bob"].map((name) => volunteer(() => joinAs(name)));
    await until(leaderboard, ({ progress }) => progress.completed > 0);
    for (let round = 0; round < ROUNDS; round++) {
      await new Promise((r) => setTimeout(r, chance.between(0, LONGEST)));
      const victim = chance.pick([...workers, "coordinator", "database"]);
      if (victim === "database" && database.crash !== null) {
        await database.crash();
      } else if (typeof victim === "string") {
        await look();
        await kill(coordinator);
        coordinator = coordinate();
        await until(leaderboard, () => true);
      } else {
        victim.kill();
      }
      if (round === Math.floor(ROUNDS / 2)) {
        await look();
        const out = join(folder, "backup.db");
        const backup = run(...database.backup(out));
        assert.equal((await backup.ended).code, 0, backup.output());
        processes.delete(backup);
      }
    }
    await until(leaderboard, ({ progress }) => progress.complete);
    for (const { done } of workers) await done;

    for (const [trialId, before] of shown) {
      const now = await view(trialId);
      assert.deepEqual(now.result, before.result, trialId);
    }
    const { progress } = await leaderboard();
    assert.equal(progress.completed, study.trials, JSON.stringify(progress));
    for (const { trialId } of await completed()) {
      const { attempts } = await view(trialId);
      const won = attempts.filter(({ state }) => state === "completed");
      assert.equal(won.length, 1, JSON.stringify(attempts));
    }
    const list = await get(`${url}/api/workers?limit=500`, WorkerList);
    const credit = list.workers.reduce((n, w) => n + w.trialsCompleted, 0);
    assert.equal(credit, study.trials);

    // The backup made in the middle of it all is sound, and can be put back.
    const restored = join(folder, "restored.db");
    const restore = run("coordinator/cli/main_restore.ts", [
      ...["--from", join(folder, "backup.db"), "--db", restored],
    ]);
    assert.equal((await restore.ended).code, 0, restore.output());
    processes.delete(restore);
  } finally {
    for (const process of processes) process.kill("SIGKILL");
    await Promise.all([...processes].map(({ ended }) => ended));
    await Deno.remove(folder, { recursive: true });
  }
}
