import assert from "node:assert/strict";
import { pointKey } from "../../protocol/grid_point.ts";
import type { Lease } from "../../protocol/lease.ts";
import { d2lChecks, type TrialResult } from "../../protocol/training.ts";
import { axeViolations, checkLooks } from "./axe.ts";
import type { Page } from "./chromium.ts";
import { type FixtureSwarm, startFixtureSwarm } from "./fixture_swarm.ts";
import { type Visit, type VisitOptions, visitors } from "./visit.ts";

/** The pages of a trial, a grid point and the workers, over a real coordinator. */

const { visit: open, test: browserTest } = visitors();

const MALLORY = '<img src=x onerror="alert(1)"> \u202Etxt';
/** Without the mark that would turn the rest of the line around. */
const SHOWN = '<img src=x onerror="alert(1)"> txt';

interface Scene {
  readonly swarm: FixtureSwarm;
  /** Failed on Mallory's worker, done on Ada's. */
  readonly done: Lease;
  /** Ada's, with two epochs reported. */
  readonly running: Lease;
  readonly ada: Awaited<ReturnType<FixtureSwarm["join"]>>;
}

/** A swarm in which a trial failed, some are done, and one is running. */
async function withScene(run: (scene: Scene) => Promise<void>): Promise<void> {
  const swarm = await startFixtureSwarm();
  try {
    const ada = await swarm.join({ name: "Ada", device: "macOS, Chrome 144" });
    const mallory = await swarm.join({ name: MALLORY, kind: "deno" });
    const failed = await mallory.lease();
    await mallory.report(failed, 1);
    await mallory.release(failed, "failed", "<b>out of memory</b>");
    await mallory.leave();
    const done = await ada.lease();
    await ada.complete(done);
    // A replicate of each point, and one of the first point again.
    for (let i = 1; i < 15; i++) await ada.complete(await ada.lease());
    const running = await ada.lease();
    await ada.report(running, 2);
    await run({ swarm, done, running, ada });
  } finally {
    await swarm.close();
  }
}

function visit(
  path: (scene: Scene) => string,
  options: VisitOptions,
  run: (visit: Visit & Scene) => Promise<void>,
): Promise<void> {
  return withScene((scene) =>
    open(`${scene.swarm.origin}${path(scene)}`, options, async (visit) => {
      // The heading of the pages comes with their data.
      await visit.page.waitForSelector("main .strip");
      await run({ ...visit, ...scene });
    })
  );
}

const trialPath = ({ trial }: Lease) => `/trials/${trial.trialId}`;
const pointPath = ({ trial }: Lease) =>
  `/studies/seed/points/${pointKey(trial.params)}`;

const cells = (page: Page, column: number, within = "main") =>
  page.locator(`${within} table.list tbody tr > :nth-child(${column})`)
    .allInnerTexts();

browserTest(
  "trial page shows every attempt, its end and its curve",
  () =>
    visit(({ done }) => trialPath(done), {}, async ({ page, complaints }) => {
      assert.deepEqual(await cells(page, 7), ["Failed", "Accepted"]);
      const text = await page.innerText("main");
      // A stranger's words are text, whatever they look like.
      assert.ok(text.includes(SHOWN));
      assert.ok(text.includes("Message: <b>out of memory</b>"));
      assert.equal(await page.locator("main img, main td b").count(), 0);
      assert.equal(await page.locator(".checklist li").count(), 3);
      const points = () =>
        page.locator(".chart .line").first().getAttribute("d");
      const accepted = await points();
      await page.locator(".segmented label", { hasText: "Attempt 1" }).click();
      assert.notEqual(await points(), accepted);
      const failed = await points();
      assert.equal(new URL(page.url()).searchParams.get("attempt"), "1");
      await page.reload();
      await page.waitForSelector("main .strip");
      assert.equal(await points(), failed);
      assert.deepEqual(complaints, []);
    }),
);

browserTest("trial page follows its trial live to the end", () =>
  visit(
    ({ running }) => trialPath(running),
    {},
    async ({ page, ada, running }) => {
      await page.waitForSelector(".connection.is-live");
      const epochs = page.locator(".strip .stat", { hasText: "Epochs" })
        .locator(".value");
      assert.equal(await epochs.innerText(), "2");
      await ada.report(running, 3);
      await page.waitForSelector('.strip .value >> text="3"');
      await ada.complete(running);
      await page.waitForSelector(".strip .state.is-completed");
      assert.equal(await epochs.innerText(), "10");
    },
  ));

browserTest(
  "trial page says that there is no such trial",
  () =>
    withScene(({ swarm }) =>
      open(
        `${swarm.origin}/trials/seed-none`,
        {},
        async ({ page }) => {
          assert.match(
            await page.innerText("main"),
            /does not have this trial/,
          );
        },
      )
    ),
);

browserTest("point page shows replicates, figures and the partner", () =>
  visit(
    ({ done }) => pointPath(done),
    {},
    async ({ page, complaints, done, running }) => {
      assert.deepEqual(running.trial.params, done.trial.params);
      const links = page.locator("table.list a");
      assert.deepEqual(
        await links.evaluateAll((all) =>
          all.map((a) => a.getAttribute("href"))
        ),
        [0, 1, 2].map((r) => trialPath(done).replace(/r\d$/, `r${r}`)),
      );
      assert.ok(await page.locator("text=needs two replicates").count() > 0);
      const { dropout1, dropout2 } = done.trial.params;
      await page.locator("a", {
        hasText: "With its rates swapped, this point becomes",
      }).click();
      await page.waitForURL(`**/points/d1_${dropout2}-d2_${dropout1}`);
      await page.waitForSelector("main .strip");
      assert.equal(
        await page.innerText("h1"),
        `Grid point (${dropout2}, ${dropout1})`,
      );
      assert.deepEqual(complaints, []);
    },
  ));

browserTest(
  "workers page lists who gave what, and filters by who is there",
  () =>
    visit(() => "/workers", {}, async ({ page, complaints }) => {
      const workers = (column: number) => cells(page, column, ".workers");
      assert.deepEqual(await workers(1), ["Ada", SHOWN]);
      assert.deepEqual(await workers(8), ["15", "0"]);
      assert.deepEqual(await workers(5), ["4.6", "4.6"]);
      assert.equal(await page.locator("main img").count(), 0);
      await page.locator(".segmented label", { hasText: "Online" }).click();
      await page.locator(".workers tbody tr").nth(1)
        .waitFor({ state: "detached" });
      assert.equal(new URL(page.url()).searchParams.get("show"), "online");
      await page.reload();
      await page.waitForSelector(".workers tbody tr");
      assert.deepEqual(await workers(1), ["Ada"]);
      assert.deepEqual(complaints, []);
    }),
);

/** As if it had trained with more dropout than it was told. */
function higher(result: TrialResult): TrialResult {
  const epochs = result.epochs.map((m) => ({
    ...m,
    trainLoss: 1.25 * m.trainLoss,
  }));
  const last = epochs.at(-1);
  return result.outcome === "trained" && last !== undefined
    ? { ...result, epochs, checks: d2lChecks(last) }
    : result;
}

browserTest(
  "workers page names whose results differ more than chance, and the backends'",
  async () => {
    const swarm = await startFixtureSwarm();
    try {
      const honest = [
        await swarm.join({ name: "Ada" }),
        await swarm.join({ name: "Bo" }),
        await swarm.join({ name: "Cleo" }),
      ];
      const mallory = await swarm.join({ name: "Mallory" });
      for (let round = 0; round < 11; round++) {
        for (const worker of honest) {
          await worker.complete(await worker.lease());
        }
        await mallory.complete(await mallory.lease(), higher);
      }
      for (const locale of ["en-GB", "zh-CN"]) {
        await open(
          `${swarm.origin}/workers`,
          { locale },
          async ({ page, complaints }) => {
            await page.waitForSelector(".workers tbody tr");
            const odd = page.locator(".workers tbody tr", {
              has: page.locator(".tag.is-odd"),
            });
            assert.equal(await odd.count(), 1);
            assert.match(await odd.innerText(), /Mallory[^]*χ² = [\d.]+/);
            // One backend: nothing to compare it with.
            const text = locale === "en-GB" ? "nothing to compare" : "尚无";
            const [backends = ""] = await page
              .locator("section[aria-labelledby=agreement-heading] tbody")
              .allInnerTexts();
            assert.match(backends, /simd\s+44\s/);
            assert.ok(backends.includes(text), backends);
            assert.deepEqual(await axeViolations(page), []);
            assert.deepEqual(complaints, []);
          },
        );
      }
    } finally {
      await swarm.close();
    }
  },
);

browserTest(
  "header and links lead from page to page by keyboard, language kept",
  () =>
    visit(() => "/workers?lang=zh", {}, async ({ page, done }) => {
      const nav = page.locator("header nav a");
      assert.deepEqual(
        await nav.allInnerTexts(),
        ["排行榜", "工作节点", "课程", "加入", "API"],
      );
      assert.equal(await nav.nth(1).getAttribute("aria-current"), "page");
      await nav.first().press("Enter");
      const point = page.locator(`.points a[href^="${pointPath(done)}"]`);
      await point.press("Enter");
      await page.waitForSelector("main .strip");
      await page.locator("table.list a").first().press("Enter");
      await page.waitForSelector("main .checklist");
      assert.equal(new URL(page.url()).pathname, trialPath(done));
      assert.equal(
        await page.evaluate("document.documentElement.lang"),
        "zh-CN",
      );
      await page.locator(".crumbs a").first().press("Enter");
      await page.waitForSelector(".points tbody tr");
    }),
);

browserTest(
  "point and trial pages: a link keeps the curve, a file the chart",
  () =>
    withScene(async ({ swarm, done }) => {
      const { trialId } = done.trial;
      const { dropout1, dropout2 } = done.trial.params;
      for (
        const [path, file, said] of [
          [
            `${pointPath(done)}?curve=testAccuracy`,
            `seed-${pointKey(done.trial.params)}-testAccuracy.svg`,
            `Study seed, (${dropout1}, ${dropout2}).`,
          ],
          [
            `${trialPath(done)}?attempt=1`,
            `${trialId}-attempt-1.svg`,
            `Study seed, (${dropout1}, ${dropout2}), Replicate 0, Attempt 1.`,
          ],
        ] as const
      ) {
        await open(
          `${swarm.origin}${path}`,
          {},
          async ({ page, complaints }) => {
            await page.waitForSelector("main .strip");
            const downloading = page.waitForEvent("download");
            await page.locator(".save button", { hasText: "SVG" }).click();
            const download = await downloading;
            assert.equal(download.suggestedFilename(), file);
            const svg = await Deno.readTextFile(await download.path());
            assert.ok(svg.includes(said), said);
            assert.doesNotMatch(svg, /class=|style=|var\(|url\(|href=|NaN/);
            assert.deepEqual(complaints, []);
          },
        );
      }
    }),
);

const looked = {
  "trial page": ({ done }: Scene) => trialPath(done),
  "running trial's page": ({ running }: Scene) => trialPath(running),
  "point page": ({ done }: Scene) => pointPath(done),
  "workers page": () => "/workers",
};

browserTest(
  "trial, point and workers pages: axe-core finds no violation and nothing is too wide, in both languages, light and dark",
  () =>
    withScene(async (scene) => {
      for (const locale of ["en-GB", "zh-CN"]) {
        for (const [name, path] of Object.entries(looked)) {
          await open(
            `${scene.swarm.origin}${path(scene)}`,
            { locale },
            async ({ page, complaints }) => {
              await page.waitForSelector("main .strip");
              await checkLooks(page, `${name}, ${locale}`);
              assert.deepEqual(complaints, [], name);
            },
          );
        }
      }
    }),
);
