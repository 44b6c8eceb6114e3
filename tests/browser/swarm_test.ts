import assert from "node:assert/strict";
import {
  StudyList,
  TrialPage,
  WorkerList,
} from "../../coordinator/protocol/views.ts";
import { runDenoWorker } from "../../worker/main_deno.ts";
import {
  startTestCoordinator,
  type TestCoordinator,
} from "./test_coordinator.ts";
import { visitors } from "./visit.ts";

const { visit, test } = visitors();

async function get(swarm: TestCoordinator, path: string): Promise<unknown> {
  const response = await fetch(swarm.origin + path);
  assert.equal(response.status, 200, path);
  return await response.json();
}

async function until(
  what: string,
  holds: () => Promise<boolean>,
  seconds: number,
): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (!await holds()) {
    assert.ok(performance.now() < end, `not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const completed = async (swarm: TestCoordinator) =>
  StudyList.parse(await get(swarm, "/api/studies")).studies[0]?.completed ?? 0;

test("two tabs and a Deno process finish a study through every kind of trouble", async () => {
  const swarm = await startTestCoordinator({
    points: [[0, 0], [0.2, 0.5], [0.5, 0.2], [0.6, 0.6]],
    replicates: 3,
    epochs: 60,
    trainImages: 2000,
    hiddenSizes: [64, 64],
  });
  const cacheDir = await Deno.makeTempDir({ prefix: "swarm-worker-" });
  const leaving = new AbortController();
  const join = `${swarm.origin}/join`;
  const start = ".button.is-large";
  try {
    await visit(join, {}, async (first) => {
      await visit(join, {}, async (second) => {
        for (const { page } of [first, second]) {
          await page.selectOption("#backend", "simd");
          await page.click(start);
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
        await until("a result", async () => await completed(swarm) >= 1, 60);
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
          async () => await completed(swarm) === 12,
          120,
        );
        leaving.abort();
        assert.deepEqual(await deno, { reason: "left" });
      });
    });
    const { trials } = TrialPage.parse(
      await get(swarm, "/api/studies/tiny/trials"),
    );
    assert.equal(new Set(trials.map(({ trialId }) => trialId)).size, 12);
    assert.ok(trials.every(({ state }) => state === "completed"));
    const { workers } = WorkerList.parse(await get(swarm, "/api/workers"));
    const counted = workers.reduce((sum, w) => sum + w.trialsCompleted, 0);
    assert.equal(counted, 12, "each result is counted once");
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
