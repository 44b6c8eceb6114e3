import assert from "node:assert/strict";
import { TrialSpec } from "../../protocol/study.ts";
import type { BackendName, EpochMetrics } from "../../protocol/training.ts";
import {
  StudyList,
  TrialPage,
  type TrialSummary,
  TrialView,
} from "../../protocol/views.ts";
import { startStockBackend } from "../../worker/backends/stock.ts";
import { createClient } from "../../worker/client.ts";
import { fetchDataset } from "../../worker/data/fetch_dataset.ts";
import { trainTrial } from "../../worker/training/train.ts";
import type { Page } from "./chromium.ts";
import {
  startTestCoordinator,
  type TestCoordinator,
} from "./test_coordinator.ts";
import { PATIENCE } from "../processes.ts";
import type { Visitors } from "./visit.ts";

/** What the tests of the join page are written with. */

/** A study that trains in a moment on any backend, a software GPU included. */
export const small = {
  points: [[0.2, 0.5]],
  epochs: 2,
  trainImages: 200,
  hiddenSizes: [16, 16],
} as const;

/** A study long enough for something to happen meanwhile. */
export const long = {
  points: [[0.2, 0.5]],
  epochs: 400,
  trainImages: 2000,
  hiddenSizes: [128, 128],
} as const;

export async function withCoordinator(
  study: Parameters<typeof startTestCoordinator>[0],
  run: (swarm: TestCoordinator) => Promise<void>,
): Promise<void> {
  const swarm = await startTestCoordinator(study);
  try {
    await run(swarm);
  } finally {
    await swarm.close();
  }
}

export async function get(
  swarm: TestCoordinator,
  path: string,
): Promise<unknown> {
  const response = await fetch(swarm.origin + path);
  assert.equal(response.status, 200, path);
  return await response.json();
}

export const trials = async (swarm: TestCoordinator) =>
  TrialPage.parse(await get(swarm, "/api/studies/tiny/trials")).trials;

/** How the attempts at the study's first trial stand, in their order. */
export async function attempts(swarm: TestCoordinator) {
  const [trial] = await trials(swarm);
  assert.ok(trial !== undefined);
  return TrialView.parse(await get(swarm, `/api/trials/${trial.trialId}`))
    .attempts;
}

export const completed = async (swarm: TestCoordinator) =>
  StudyList.parse(await get(swarm, "/api/studies")).studies[0]?.completed ?? 0;

/** Waits for something that happens outside the page. */
export async function until(
  what: string,
  holds: () => Promise<boolean>,
): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (!await holds()) {
    assert.ok(performance.now() < end, `not within ${PATIENCE} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/**
 * Compares a trial's first two epochs with the same training here, on tfjs's
 * plain backend. Later steps drift apart.
 */
export async function agreesWithDeno(
  swarm: TestCoordinator,
  { params, replicate, trialId, studyId }: TrialSummary,
  epochs: readonly EpochMetrics[],
): Promise<void> {
  const dataset = await fetchDataset(swarm.dataset, {
    download: createClient({ url: swarm.origin }).data,
    store: { read: () => Promise.resolve(null), put: () => Promise.resolve() },
    signal: new AbortController().signal,
  });
  await startStockBackend("cpu");
  const here = await trainTrial(
    TrialSpec.parse({
      trialId,
      studyId,
      params,
      replicate,
      seed: 0,
      recipe: {
        ...params,
        epochs: small.epochs,
        hiddenSizes: small.hiddenSizes,
        batchSize: 100,
      },
    }),
    dataset,
    {
      backend: "cpu",
      now: () => performance.now(),
      onEpoch: () => {},
      onProgress: () => {},
      isStopped: () => false,
      pause: () => Promise.resolve(),
    },
  );
  assert.ok(epochs.length >= small.epochs);
  // Two epochs of two steps: the first four steps.
  for (const metric of ["trainLoss", "testLoss"] as const) {
    epochs.slice(0, small.epochs).forEach((epoch, i) => {
      const mine = here?.epochs[i]?.[metric] ?? NaN;
      assert.ok(
        Math.abs(epoch[metric] - mine) < 1e-4,
        `epoch ${i + 1}, ${metric}: ${epoch[metric]}, in Deno ${mine}`,
      );
    });
  }
}

export async function start(page: Page, backend: string): Promise<void> {
  await page.selectOption("#backend", backend);
  await page.click("button.is-large");
}

/** Trains the study's one trial to its end on a backend that is named. */
export async function trainsOn(
  backend: BackendName,
  swarm: TestCoordinator,
  visit: Visitors["visit"],
): Promise<void> {
  await visit(`${swarm.origin}/join`, {}, async ({ page, complaints }) => {
    await start(page, backend);
    await page.waitForSelector(".slot.is-training, .slot.is-waiting");
    await until(
      "the trial is complete",
      async () => await completed(swarm) === 1,
    );
    const [trial] = await trials(swarm);
    assert.equal(trial?.state, "completed");
    assert.equal(trial.backend, backend);
    const { result } = TrialView.parse(
      await get(swarm, `/api/trials/${trial.trialId}`),
    );
    assert.equal(result?.outcome, "trained");
    await agreesWithDeno(swarm, trial, result.epochs);
    await page.waitForSelector(".given .stat >> text=1");
    // It asks again until its result is verified.
    await page.waitForSelector(".slot.is-waiting:has-text('complete')");
    assert.deepEqual(complaints, []);
  });
}
