import assert from "node:assert/strict";
import { WorkerList } from "../../protocol/views.ts";
import { checkLooks } from "./axe.ts";
import { type Page, PLAIN_HOST } from "./chromium.ts";
import {
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
import type { TestCoordinator } from "./test_coordinator.ts";
import { visitors } from "./visit.ts";
import { PROTOCOL_VERSION } from "../../protocol/version.ts";

const { visit, test } = visitors();

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

// On GPUs: see join_faults_test.ts.
for (const backend of ["simd", "wasm"] as const) {
  test(`join page trains a trial to the end on ${backend}, and it is accepted`, () =>
    withCoordinator(small, (swarm) => trainsOn(backend, swarm, visit)));
}

/** Handed back and to be had again, and not because the lease expired. */
async function handedBack(
  swarm: TestCoordinator,
  times: number,
): Promise<void> {
  await until(
    "the trial is to be had again",
    async () => (await trials(swarm))[0]?.state === "queued",
  );
  assert.deepEqual(
    (await attempts(swarm)).map(({ state }) => state),
    Array(times).fill("released"),
  );
}

/** Counts the shared memory that the page posts to its threads. */
const countShared = `
  globalThis.sharedBytes = 0;
  const look = (value) => {
    if (value instanceof SharedArrayBuffer) sharedBytes += value.byteLength;
    else if (ArrayBuffer.isView(value)) look(value.buffer);
    else if (typeof value === "object" && value !== null) {
      for (const part of Object.values(value)) look(part);
    }
  };
  const { postMessage } = Worker.prototype;
  Worker.prototype.postMessage = function (message, ...rest) {
    if (globalThis.crossOriginIsolated) look(message);
    return postMessage.call(this, message, ...rest);
  };`;

/** An address of the swarm's, as of a machine in the same room. */
function overPlainHttp({ origin }: TestCoordinator, path: string): string {
  const address = new URL(path, origin);
  address.hostname = PLAIN_HOST;
  return address.href;
}

/** A browser says why it isolates no page over plain HTTP. */
const unexpected = (complaints: readonly string[]) =>
  complaints.filter((one) => !/Opener-Policy header has been/.test(one));

for (
  const [host, isolated, what] of [
    ["127.0.0.1", true, "shares the data with its threads"],
    // As from a laptop in the same room.
    [PLAIN_HOST, false, "over plain HTTP copies the data to its threads"],
  ] as const
) {
  test(`join page ${what}, and keeps it for the next visit`, () =>
    withCoordinator(long, (swarm) => {
      const address = new URL("/join", swarm.origin);
      address.hostname = host;
      const options = { script: countShared };
      return visit(address.href, options, async ({ page, complaints }) => {
        const downloads: string[] = [];
        page.on("request", (request) => {
          const { pathname } = new URL(request.url());
          if (pathname.startsWith("/data/")) downloads.push(pathname);
        });
        for (const files of [4, 0]) {
          await page.reload();
          await start(page, "simd");
          await page.waitForSelector(".slot.is-training .as-table");
          assert.equal(
            await page.evaluate("isSecureContext && crossOriginIsolated"),
            isolated,
          );
          const shared = Number(await page.evaluate("sharedBytes"));
          // Images of 784 bytes: 2,000 to train on, 200 to test.
          assert.ok(
            isolated ? shared > 2200 * 784 : shared === 0,
            `${shared} bytes`,
          );
          assert.equal(downloads.splice(0).length, files);
        }
        assert.deepEqual(unexpected(complaints), []);
      });
    }));
}

/** Streams of events that the coordinator has open. */
async function streams({ origin }: TestCoordinator): Promise<number> {
  const metrics = await (await fetch(`${origin}/metrics`)).text();
  return Number(/^swarm_event_streams (\d+)$/m.exec(metrics)?.[1]);
}

// Browsers open six connections to a host over HTTP/1.1: with a stream each,
// the seventh page did not load, nor could a tab deliver.
test("join page over plain HTTP trains to the end beside seven open pages, all on one stream of events", () =>
  withCoordinator(small, (swarm) =>
    visit(
      overPlainHttp(swarm, "/join"),
      {},
      async ({ page, context, complaints }) => {
        const others: Page[] = [];
        for (let i = 0; i < 7; i++) {
          const other = await context.newPage();
          await other.goto(overPlainHttp(swarm, "/"));
          await other.waitForSelector(".connection.is-live");
          assert.equal(await other.evaluate("isSecureContext"), false);
          others.push(other);
        }
        await until(
          "all pages share one stream",
          async () => await streams(swarm) === 1,
        );
        await start(page, "simd");
        await until(
          "the trial is complete",
          async () => await completed(swarm) === 1,
        );
        for (const other of others) {
          await other.waitForSelector(".stat .value >> text=Finished");
        }
        assert.equal(await streams(swarm), 1);
        for (const other of others) await other.close();
        assert.deepEqual(unexpected(complaints), []);
      },
    )));

test("join page trains in a browser of 2023, which lacks what newer ones have", () =>
  withCoordinator(
    small,
    (swarm) =>
      visit(`${swarm.origin}/join`, {
        script: "delete Promise.withResolvers; delete AbortSignal.any;",
      }, async ({ page, complaints }) => {
        await start(page, "simd");
        await until(
          "the trial is complete",
          async () => await completed(swarm) === 1,
        );
        assert.deepEqual(complaints, []);
      }),
  ));

test("join page hands its lease back at once when the tab goes", () =>
  withCoordinator(
    long,
    (swarm) =>
      visit(`${swarm.origin}/join`, {}, async ({ page }) => {
        await start(page, "simd");
        await page.waitForSelector(".slot.is-training .as-table");
        assert.equal((await trials(swarm))[0]?.state, "leased");
        await page.goto("about:blank");
        await handedBack(swarm, 1);
      }),
  ));

test("join page pauses, resumes and stops, its leases handed back each time", () =>
  withCoordinator(
    long,
    (swarm) =>
      visit(`${swarm.origin}/join`, {}, async ({ page, complaints }) => {
        const press = (name: string) =>
          page.getByRole("button", { name, exact: true }).click();
        await start(page, "simd");
        await page.waitForSelector(".slot.is-training");
        assert.ok(await page.locator("#threads").isDisabled());
        await press("Pause");
        await page.waitForSelector(".status.is-paused");
        await handedBack(swarm, 1);
        assert.ok(await page.locator("#threads").isEnabled());
        await press("Resume");
        await page.waitForSelector(".slot.is-training");
        await press("Stop");
        await page.waitForSelector(".status.is-ready");
        await handedBack(swarm, 2);
        assert.deepEqual(complaints, []);
      }),
  ));

test("join page: the keyboard alone starts, pauses, resumes and stops", () =>
  withCoordinator(
    long,
    (swarm) =>
      visit(`${swarm.origin}/join`, {}, async ({ page }) => {
        const focused = (name: string) =>
          page.locator("button:focus", { hasText: name }).waitFor();
        await page.getByRole("button", { name: "Start", exact: true }).focus();
        await page.keyboard.press("Enter");
        await focused("Pause");
        await page.keyboard.press("Enter");
        await focused("Resume");
        await page.keyboard.press("Enter");
        await focused("Pause");
        await page.keyboard.press("Tab");
        await focused("Stop");
        await page.keyboard.press("Enter");
        await focused("Start again");
      }),
  ));

test("join page trains on without the coordinator, and delivers when it is back", () =>
  withCoordinator(
    { ...long, epochs: 12 },
    (swarm) =>
      visit(`${swarm.origin}/join`, {}, async ({ page }) => {
        // Away from the first report on.
        let away = true;
        await page.route(
          /\/api\/leases\/.+/,
          (route) => away ? route.abort() : route.continue(),
        );
        await start(page, "simd");
        const notice = page.locator(".notice", {
          hasText: "Results are kept here",
        });
        await notice.waitFor();
        const epochs = page.locator(".given .stat", { hasText: "Epochs" })
          .locator(".value");
        await until(
          "the trial is trained",
          async () => await epochs.innerText() === "12",
        );
        assert.ok(await notice.isVisible());
        assert.equal(await completed(swarm), 0);
        away = false;
        await until(
          "the result is delivered",
          async () => await completed(swarm) === 1,
        );
        await notice.waitFor({ state: "detached" });
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
              detail:
                `the coordinator speaks version ${PROTOCOL_VERSION + 1}: ` +
                `${PROTOCOL_VERSION}`,
            }),
          }));
        await start(page, "simd");
        await page.waitForSelector(".notice >> text=Reload the page");
        await page.waitForSelector(".status.is-failed");
      }),
  ));

for (const locale of ["en-GB", "zh-CN"]) {
  test(`join page: axe-core finds no violation and nothing is too wide, light and dark, ${locale}`, () =>
    withCoordinator(
      long,
      (swarm) =>
        visit(`${swarm.origin}/join`, { locale }, async ({ page }) => {
          await checkLooks(page, "before Start");
          await start(page, "simd");
          await page.waitForSelector(".slot.is-training .as-table");
          await checkLooks(page, "training");
          await page.locator(".status button").first().click();
          await page.waitForSelector(".status.is-paused");
          await checkLooks(page, "paused");
        }),
    ));
}
