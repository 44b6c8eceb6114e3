import assert from "node:assert/strict";
import { TrialSpec } from "../../coordinator/protocol/study.ts";
import type { EpochMetrics } from "../../coordinator/protocol/training.ts";
import {
  StudyList,
  TrialPage,
  type TrialSummary,
  TrialView,
  WorkerList,
} from "../../coordinator/protocol/views.ts";
import { startStockBackend } from "../../worker/backends/stock.ts";
import { createClient } from "../../worker/client.ts";
import { fetchDataset } from "../../worker/data/fetch_dataset.ts";
import { trainTrial } from "../../worker/training/train.ts";
import { axeViolations } from "./axe.ts";
import type { Page } from "./chromium.ts";
import {
  startTestCoordinator,
  type TestCoordinator,
} from "./test_coordinator.ts";
import { visitors } from "./visit.ts";

const { visit, test } = visitors();

/** A study that trains in a moment on any backend, a software GPU included. */
const small = {
  points: [[0.2, 0.5]],
  epochs: 2,
  trainImages: 200,
  hiddenSizes: [16, 16],
} as const;

/** A study long enough for something to happen meanwhile. */
const long = {
  points: [[0.2, 0.5]],
  epochs: 400,
  trainImages: 2000,
  hiddenSizes: [128, 128],
} as const;

async function withCoordinator(
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

async function get(swarm: TestCoordinator, path: string): Promise<unknown> {
  const response = await fetch(swarm.origin + path);
  assert.equal(response.status, 200, path);
  return await response.json();
}

const trials = async (swarm: TestCoordinator) =>
  TrialPage.parse(await get(swarm, "/api/studies/tiny/trials")).trials;

const completed = async (swarm: TestCoordinator) =>
  StudyList.parse(await get(swarm, "/api/studies")).studies[0]?.completed ?? 0;

/** Waits for something that happens outside the page. */
async function until(
  what: string,
  holds: () => Promise<boolean>,
  seconds = 60,
): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (!await holds()) {
    assert.ok(performance.now() < end, `not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Trains the same trial here, on tfjs's plain backend. */
async function agreesWithDeno(
  swarm: TestCoordinator,
  { params, replicate, trialId, studyId }: TrialSummary,
  epochs: readonly EpochMetrics[],
): Promise<void> {
  const dataset = await fetchDataset(swarm.dataset, {
    download: createClient({ url: swarm.origin }).data,
    store: { get: () => Promise.resolve(null), put: () => Promise.resolve() },
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
        epochs: epochs.length,
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
  // Two epochs of two steps: the first four steps. Later ones drift apart.
  for (const metric of ["trainLoss", "testLoss"] as const) {
    epochs.slice(0, 2).forEach((epoch, i) => {
      const mine = here?.epochs[i]?.[metric] ?? NaN;
      assert.ok(
        Math.abs(epoch[metric] - mine) < 1e-4,
        `epoch ${i + 1}, ${metric}: ${epoch[metric]}, in Deno ${mine}`,
      );
    });
  }
}

async function start(page: Page, backend: string): Promise<void> {
  await page.selectOption("#backend", backend);
  await page.click("button.is-large");
}

test("join page trains nothing and fetches no program before Start", () =>
  withCoordinator(
    small,
    (swarm) =>
      visit(`${swarm.origin}/join`, {}, async ({ page, complaints }) => {
        const requests: string[] = [];
        page.on("request", (request) => requests.push(request.url()));
        await page.reload();
        await page.waitForSelector(".study-name");
        assert.match(await page.innerText(".consent"), /kB|MB/);
        assert.deepEqual(
          requests.filter((url) =>
            /trainer|main_browser|\/data\/|wasm/.test(url)
          ),
          [],
        );
        assert.equal(
          (await get(swarm, "/api/workers") as { online: number }).online,
          0,
        );
        assert.deepEqual(complaints, []);
      }),
  ));

for (const backend of ["simd", "wasm", "webgl", "webgpu"] as const) {
  test(`join page trains a trial to the end on ${backend}, and it is accepted`, () =>
    withCoordinator(
      small,
      (swarm) =>
        visit(`${swarm.origin}/join`, {}, async ({ page, complaints }) => {
          const began = performance.now();
          await start(page, backend);
          await page.waitForSelector(".slot.is-training, .slot.is-waiting", {
            timeout: 90_000,
          });
          if (backend === "simd") {
            const seconds = (performance.now() - began) / 1000;
            assert.ok(seconds < 5, `${seconds} s from Start to training`);
          }
          await until(
            "the trial is complete",
            async () => await completed(swarm) === 1,
            90,
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
          await page.waitForSelector(".slot.is-waiting");
          assert.match(await page.innerText(".slot"), /complete/);
          assert.deepEqual(complaints, []);
        }),
    ));
}

test("join page hands its lease back at once when the tab goes", () =>
  withCoordinator(
    long,
    (swarm) =>
      visit(`${swarm.origin}/join`, {}, async ({ page }) => {
        await start(page, "simd");
        await page.waitForSelector(".slot.is-training .as-table");
        assert.equal((await trials(swarm))[0]?.state, "leased");
        await page.goto("about:blank");
        await until(
          "the trial is to be had again",
          async () => (await trials(swarm))[0]?.state === "queued",
          5,
        );
      }),
  ));

test("join page pauses, resumes and stops, its leases handed back each time", () =>
  withCoordinator(
    long,
    (swarm) =>
      visit(`${swarm.origin}/join`, {}, async ({ page, complaints }) => {
        const state = async () => (await trials(swarm))[0]?.state;
        const press = (name: string) =>
          page.getByRole("button", { name, exact: true }).click();
        await start(page, "simd");
        await page.waitForSelector(".slot.is-training");
        assert.ok(await page.locator("#threads").isDisabled());
        await press("Pause");
        await page.waitForSelector(".status.is-paused");
        await until("handed back", async () => await state() === "queued", 5);
        assert.ok(await page.locator("#threads").isEnabled());
        await press("Resume");
        await page.waitForSelector(".slot.is-training");
        await press("Stop");
        await page.waitForSelector(".status.is-ready");
        await until("handed back", async () => await state() === "queued", 5);
        assert.deepEqual(complaints, []);
      }),
  ));

test("join page trains on without the coordinator, and delivers when it is back", () =>
  withCoordinator(
    { ...long, epochs: 12 },
    (swarm) =>
      visit(`${swarm.origin}/join`, {}, async ({ page, context }) => {
        await start(page, "simd");
        await page.waitForSelector(".slot.is-training");
        await context.setOffline(true);
        await page.waitForSelector(".notice >> text=results wait here");
        assert.equal(await completed(swarm), 0);
        await context.setOffline(false);
        await until(
          "the result is delivered",
          async () => await completed(swarm) === 1,
        );
        await page.waitForSelector(".notice >> text=results wait here", {
          state: "detached",
        });
        const workers =
          WorkerList.parse(await get(swarm, "/api/workers")).workers;
        assert.deepEqual(workers.map((worker) => worker.trialsCompleted), [1]);
      }),
  ));

test("join page asks for a reload when the coordinator speaks another version", () =>
  withCoordinator(
    small,
    (swarm) =>
      visit(`${swarm.origin}/join`, {}, async ({ page }) => {
        await page.route("**/api/workers", (route) =>
          route.fulfill({
            status: 426,
            contentType: "application/problem+json",
            body: JSON.stringify({
              type: "protocol-version",
              title: "Another version of the protocol",
              status: 426,
              detail: "the coordinator speaks version 2: 1",
            }),
          }));
        await start(page, "simd");
        await page.waitForSelector(".notice >> text=Reload the page");
        await page.waitForSelector(".status.is-failed");
      }),
  ));

/** No WebAssembly: cpu is the fallback. The GPU is not known for a program. */
const onlyGpu = `
  delete globalThis.WebAssembly;
  const getContext = OffscreenCanvas.prototype.getContext;
  OffscreenCanvas.prototype.getContext = function (...args) {
    return globalThis.lastContext = getContext.apply(this, args);
  };
  const { getParameter, uniform1fv } = WebGL2RenderingContext.prototype;
  WebGL2RenderingContext.prototype.getParameter = function (name) {
    const renderer = 0x9246;
    return name === renderer ? "A GPU" : getParameter.call(this, name);
  };
  WebGL2RenderingContext.prototype.uniform1fv = function (where, values) {
    uniform1fv.call(this, where, globalThis.broken ? [NaN] : values);
  };
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    return globalThis.lastDevice = await requestDevice.apply(this, args);
  };
  for (const name of ["vendor", "architecture", "description"]) {
    Object.defineProperty(GPUAdapterInfo.prototype, name, { value: "GPU" });
  }
  Object.defineProperty(GPUAdapterInfo.prototype, "isFallbackAdapter", {
    value: false,
  });`;

const breakdowns = [
  {
    what: "its WebGL context is lost",
    backend: "webgl",
    prelude: "delete WorkerNavigator.prototype.gpu;",
    strike: "lastContext.getExtension('WEBGL_lose_context').loseContext()",
  },
  {
    what: "its WebGL computes what is not finite",
    backend: "webgl",
    prelude: "delete WorkerNavigator.prototype.gpu;",
    strike: "globalThis.broken = true",
  },
  {
    what: "its WebGPU device is lost",
    backend: "webgpu",
    prelude: "OffscreenCanvas.prototype.getContext = () => null;",
    strike: "lastDevice.destroy()",
  },
] as const;

for (const { what, backend, prelude, strike } of breakdowns) {
  test(`join page finishes a trial by a fallback when ${what}`, () =>
    withCoordinator({
      ...small,
      epochs: 40,
      threadPrelude: `${onlyGpu}\n${prelude}`,
    }, (swarm) =>
      visit(
        `${swarm.origin}/join`,
        { locale: "zh-CN" },
        async ({ page }) => {
          await start(page, "auto");
          // A GPU in name only is measured twice: that is its time.
          await page.waitForSelector(".slot.is-training .as-table", {
            timeout: 240_000,
          });
          const [before] = await trials(swarm);
          assert.equal(before?.backend, backend);
          // The thread that trains, and the clock, which has no GPU.
          let struck = 0;
          for (const worker of page.workers()) {
            struck += Number(
              await worker.evaluate(
                `"lastContext" in globalThis || "lastDevice" in globalThis
                  ? (${strike}, 1) : 0`,
              ),
            );
          }
          assert.equal(struck, 1);
          await page.waitForSelector(
            ".notice >> text=图形处理器丢失或计算出错",
          );
          await until(
            "the trial is complete",
            async () => await completed(swarm) === 1,
            120,
          );
          const [after] = await trials(swarm);
          assert.equal(after?.backend, "cpu");
          const { result } = TrialView.parse(
            await get(swarm, `/api/trials/${before.trialId}`),
          );
          assert.equal(result?.outcome, "trained");
          assert.equal(result.epochs.length, 40);
          await agreesWithDeno(swarm, after, result.epochs);
        },
      )));
}

test("join page goes on at once when something fails unseen in its thread", () =>
  withCoordinator(
    { ...long, epochs: 40 },
    (swarm) =>
      visit(`${swarm.origin}/join`, {}, async ({ page }) => {
        await start(page, "simd");
        await page.waitForSelector(".slot.is-training .as-table");
        for (const worker of page.workers()) {
          if (!worker.url().includes("/trainer-")) continue;
          await worker.evaluate(
            "void setTimeout(() => Promise.reject(new Error('nobody waits')))",
          );
        }
        await page.waitForSelector(".notice >> text=nobody waits", {
          timeout: 5000,
        });
        await until(
          "the trial is complete",
          async () => await completed(swarm) === 1,
        );
      }),
  ));

for (
  const [locale, words] of [
    ["en-GB", "no graphics processor"],
    ["zh-CN", "没有图形处理器"],
  ] as const
) {
  test(`join page passes over GPUs that are programs, and says so: ${locale}`, () =>
    withCoordinator(
      small,
      (swarm) =>
        visit(`${swarm.origin}/join`, { locale }, async ({ page }) => {
          const began = performance.now();
          await start(page, "auto");
          await page.waitForSelector(".measured table", { timeout: 30_000 });
          const seconds = (performance.now() - began) / 1000;
          for (const name of ["WebGPU", "WebGL"]) {
            const row = page.locator(".measured tr", { hasText: name });
            assert.match(
              await row.innerText(),
              new RegExp(`${words}.*swiftshader`, "i"),
            );
          }
          assert.ok(seconds < 20, `${seconds} s to choose a backend`);
          await until(
            "the trial is complete",
            async () => await completed(swarm) === 1,
          );
          assert.equal((await trials(swarm))[0]?.backend, "simd");
        }),
    ));
}

test("join page says in Chinese why it cannot go on", () =>
  withCoordinator(
    small,
    (swarm) =>
      visit(`${swarm.origin}/join`, { locale: "zh-CN" }, async ({ page }) => {
        await page.route("**/api/workers", (route) => route.abort());
        await start(page, "simd");
        await page.waitForSelector(".status.is-failed");
        assert.match(await page.innerText(".status"), /协调器没有应答/);
      }),
  ));

for (const colorScheme of ["light", "dark"] as const) {
  for (const locale of ["en-GB", "zh-CN"]) {
    test(`join page: axe-core finds no violation, ${colorScheme}, ${locale}`, () =>
      withCoordinator(long, (swarm) =>
        visit(
          `${swarm.origin}/join`,
          { colorScheme, locale },
          async ({ page }) => {
            const look = async (what: string) => {
              for (const width of [1280, 360]) {
                await page.setViewportSize({ width, height: 900 });
                assert.deepEqual(
                  await axeViolations(page),
                  [],
                  `${what} ${width}`,
                );
                assert.equal(
                  await page.evaluate(
                    "document.documentElement.scrollWidth - document.documentElement.clientWidth",
                  ),
                  0,
                  `${what} is too wide at ${width}`,
                );
              }
            };
            await look("before Start");
            await start(page, "simd");
            await page.waitForSelector(".slot.is-training .as-table");
            await look("training");
          },
        )));
  }
}
