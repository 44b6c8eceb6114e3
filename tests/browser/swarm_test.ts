import assert from "node:assert/strict";
import { WorkerList } from "../../protocol/views.ts";
import { runDenoWorker } from "../../worker/main_deno.ts";
import { completed, get, start, trials, until } from "./joining.ts";
import { startTestCoordinator } from "./test_coordinator.ts";
import { visitors } from "./visit.ts";

const { visit, test } = visitors();

/** Four grid points twice. */
const TRIALS = 8;

test("two tabs and a Deno process finish a study through every kind of trouble", async () => {
  const swarm = await startTestCoordinator({
    points: [[0, 0], [0.2, 0.5], [0.5, 0.2], [0.6, 0.6]],
    replicates: 2,
    epochs: 20,
    trainImages: 3000,
    hiddenSizes: [64, 64],
  });
  const cacheDir = await Deno.makeTempDir({ prefix: "swarm-worker-" });
  const leaving = new AbortController();
  const join = `${swarm.origin}/join`;
  try {
    await visit(join, {}, async (first) => {
      await visit(join, {}, async (second) => {
        for (const { page } of [first, second]) {
          await start(page, "simd");
        }
        const deno = runDenoWorker({
          url: swarm.origin,
          threads: 1,
          backend: "simd",
          cacheDir,
          signal: leaving.signal,
        });
        for (const { page } of [first, second]) {
          await page.waitForSelector(".slot.is-training");
        }
        await until(
          "a result",
          async () =>
            (await trials(swarm)).some(({ state }) =>
              state === "verifying" || state === "completed"
            ),
        );
        // One tab goes in the middle of a trial,
        await first.page.waitForSelector(".slot.is-training");
        await first.page.goto("about:blank");
        // the other one loses the network,
        await second.context.setOffline(true);
        await second.page.waitForSelector(".notice.is-warning");
        // the coordinator is started again,
        await swarm.restart();
        await second.context.setOffline(false);
        // and all of it is finished.
        await until(
          "the study",
          async () => await completed(swarm) === TRIALS,
        );
        leaving.abort();
        assert.deepEqual(await deno, { reason: "left" });
      });
    });
    const all = await trials(swarm);
    assert.equal(new Set(all.map(({ trialId }) => trialId)).size, TRIALS);
    assert.ok(all.every(({ state }) => state === "completed"));
    const { workers } = WorkerList.parse(await get(swarm, "/api/workers"));
    const counted = workers.reduce((sum, w) => sum + w.trialsCompleted, 0);
    assert.equal(counted, TRIALS, "each result is counted once");
    assert.deepEqual(
      new Set(workers.map(({ kind }) => kind)),
      new Set(["browser", "deno"]),
    );
  } finally {
    leaving.abort();
    await swarm.close();
    await Deno.remove(cacheDir, { recursive: true });
  }
});
