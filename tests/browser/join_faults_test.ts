import assert from "node:assert/strict";
import { TrialView, WorkerList } from "../../protocol/views.ts";
import type { Page } from "./chromium.ts";
import {
  agreesWithDeno,
  attempts,
  completed,
  get,
  long,
  small,
  start,
  trainsOn,
  trials,
  until,
  withCoordinator,
} from "./joining.ts";
import { visitors } from "./visit.ts";

const { visit, test } = visitors({ gpu: true });

/** No WebAssembly: cpu is the fallback. The GPU is not known for a program. */
const onlyWebGl = `
  delete globalThis.WebAssembly;
  delete WorkerNavigator.prototype.gpu;
  const getContext = OffscreenCanvas.prototype.getContext;
  OffscreenCanvas.prototype.getContext = function (...args) {
    return globalThis.lastContext = getContext.apply(this, args);
  };
  const { getParameter } = WebGL2RenderingContext.prototype;
  WebGL2RenderingContext.prototype.getParameter = function (name) {
    const renderer = 0x9246;
    return name === renderer ? "A GPU" : getParameter.call(this, name);
  };`;

/** @returns a function for all that notices said since: they come and go */
async function noticesFromNowOn(page: Page): Promise<() => Promise<string>> {
  await page.evaluate(() => {
    const said = new Set<string>();
    Object.assign(globalThis, { said });
    new MutationObserver(() => {
      for (const notice of document.querySelectorAll(".notice")) {
        said.add(notice.textContent ?? "");
      }
    }).observe(document.body, {
      subtree: true,
      childList: true,
      characterData: true,
    });
  });
  return () => page.evaluate("[...globalThis.said].join()");
}

/** Two trials of a moment. */
const SHORT = { ...small, replicates: 2, epochs: 3 } as const;

/**
 * Takes the GPU away as soon as the thread that trains on it has told of the
 * first epoch of its second trial.
 */
const lostInSecondTrial = `
  const { postMessage } = MessagePort.prototype;
  let epochsTold = 0;
  MessagePort.prototype.postMessage = function (message, ...rest) {
    postMessage.call(this, message, ...rest);
    if (message?.path?.[0] !== "onEpoch") return;
    if (++epochsTold === ${SHORT.epochs + 1}) {
      lastContext.getExtension("WEBGL_lose_context").loseContext();
    }
  };`;

// Other ways in which GPUs fail: see kernels_test.ts.
test("join page trains a trial on webgl, and the next by a fallback when its context is lost", () =>
  withCoordinator({
    ...SHORT,
    threadPrelude: `${onlyWebGl}\n${lostInSecondTrial}`,
  }, (swarm) =>
    visit(
      `${swarm.origin}/join`,
      { locale: "zh-CN" },
      async ({ page, complaints }) => {
        const notices = await noticesFromNowOn(page);
        await start(page, "auto");
        await until(
          "both trials are complete",
          async () => await completed(swarm) === 2,
        );
        const all = await trials(swarm);
        assert.deepEqual(
          new Set(all.map(({ backend }) => backend)),
          new Set(["webgl", "cpu"]),
        );
        for (const trial of all) {
          const { result } = TrialView.parse(
            await get(swarm, `/api/trials/${trial.trialId}`),
          );
          assert.equal(result?.outcome, "trained");
          assert.equal(result.epochs.length, SHORT.epochs);
          await agreesWithDeno(swarm, trial, result.epochs);
        }
        assert.match(await notices(), /图形处理器丢失或计算出错/);
        await page.waitForSelector(".given .stat >> text=2");
        assert.deepEqual(complaints, []);
      },
    )));

test("join page trains a trial to the end on webgpu, and it is accepted", () =>
  withCoordinator(small, (swarm) => trainsOn("webgpu", swarm, visit)));

test("join page goes on at once when something fails unseen in its thread", () =>
  withCoordinator(
    long,
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
        await page.waitForSelector(".notice >> text=nobody waits");
        await page.waitForSelector(".slot.is-training >> text=attempt 2");
        const [first] = await attempts(swarm);
        assert.equal(first?.state, "failed");
        // Not found out by its silence, a minute later.
        assert.match(
          first.message ?? "",
          /the trainer thread died: .*nobody waits/,
        );
      }),
  ));

for (
  const [locale, words] of [
    ["en-GB", "graphics processor is only emulated"],
    ["zh-CN", "图形处理器只由软件模拟"],
  ] as const
) {
  test(`join page passes over GPUs that are programs, and says so: ${locale}`, () =>
    withCoordinator(
      small,
      (swarm) =>
        visit(`${swarm.origin}/join`, { locale }, async ({ page }) => {
          await start(page, "auto");
          await page.waitForSelector(".measured table");
          for (const name of ["WebGPU", "WebGL"]) {
            const row = page.locator(".measured tr", { hasText: name });
            assert.match(
              await row.innerText(),
              new RegExp(`${words}.*swiftshader`, "i"),
            );
          }
          await until(
            "the trial is complete",
            async () => await completed(swarm) === 1,
          );
          assert.equal((await trials(swarm))[0]?.backend, "simd");
        }),
    ));
}

test("join page registers again when the answer is lost, and is one worker", () =>
  withCoordinator(
    small,
    (swarm) =>
      visit(`${swarm.origin}/join`, {}, async ({ page }) => {
        let lost = 0;
        await page.route("**/api/workers", async (route) => {
          if (lost === 2) return await route.continue();
          lost++;
          assert.equal((await route.fetch()).status(), 201);
          await route.abort();
        });
        const notices = await noticesFromNowOn(page);
        await start(page, "simd");
        await until(
          "the trial is complete",
          async () => await completed(swarm) === 1,
        );
        assert.equal(lost, 2);
        assert.match(await notices(), /This page tries again to take part/);
        const { workers } = WorkerList.parse(await get(swarm, "/api/workers"));
        assert.deepEqual(
          workers.map(({ trialsCompleted }) => trialsCompleted),
          [1],
        );
      }),
  ));

test("join page says in Chinese why it cannot go on", () =>
  withCoordinator(
    small,
    (swarm) =>
      visit(`${swarm.origin}/join`, { locale: "zh-CN" }, async ({ page }) => {
        await page.route(
          "**/api/workers",
          (route) => route.fulfill({ status: 404, body: "another server" }),
        );
        await start(page, "simd");
        await page.waitForSelector(".status.is-failed");
        assert.match(await page.innerText(".status"), /这个地址不是协调器的/);
      }),
  ));
