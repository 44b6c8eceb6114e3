import assert from "node:assert/strict";
import type { Leaderboard } from "../../protocol/leaderboard.ts";
import { axeViolations } from "./axe.ts";
import type { Page } from "./chromium.ts";
import { axesLeaderboard } from "./fixture_leaderboard.ts";
import { type BoardVisit, boardVisitors } from "./fixture_server.ts";
import type { VisitOptions } from "./visit.ts";

/** Studies that vary anything but the two rates, each on its leaderboard. */

const { visit: visitBoard, test: browserTest } = boardVisitors();

const visit = (
  leaderboard: Leaderboard,
  query: string,
  options: VisitOptions,
  run: (visit: BoardVisit) => Promise<void>,
) => visitBoard(leaderboard, { path: `/${query}`, ...options }, run);

const overRate = () =>
  axesLeaderboard({ learningRate: [0.00005, 0.01, 0.1, 0.5] });
const overSizes = () =>
  axesLeaderboard(
    { hiddenSizes: [[64, 64], [128, 128], [256, 256], [1024, 512]] },
    "running",
  );
const overTwo = () =>
  axesLeaderboard({ dropout1: [0, 0.2, 0.5], batchSize: [64, 256, 1024] });
const overThree = () =>
  axesLeaderboard({
    dropout1: [0, 0.5],
    learningRate: [0.1, 0.5],
    network: ["fused", "layers"],
  });

const query = (page: Page) => new URL(page.url()).searchParams;
const texts = (page: Page, selector: string) =>
  page.locator(selector).allTextContents();
const width = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

browserTest(
  "one axis of numbers: a line chart, a column and files",
  () =>
    visit(overRate(), "", {}, async ({ page, complaints }) => {
      assert.equal(await page.innerText("#chart-heading"), "By learning rate");
      assert.equal(await page.locator(".marks .mark").count(), 4);
      assert.equal(await page.locator(".marks .whisker").count(), 4);
      assert.equal(await page.locator(".marks .replicate").count(), 16);
      assert.equal(await page.locator(".marks .means").count(), 1);
      assert.equal(await page.locator(".heat").count(), 0);
      assert.equal(await page.locator(".swaps").count(), 0);
      // Values keep their digits everywhere.
      const rates = ["0.00005", "0.01", "0.1", "0.5"];
      await page.locator(".points .sort", { hasText: "learning rate" }).click();
      assert.deepEqual(await texts(page, ".points th.rate"), rates);
      assert.equal(query(page).get("sort"), "learningRate");
      await page.locator(".points .sort", { hasText: "learning rate" }).click();
      assert.deepEqual(
        await texts(page, ".points th.rate"),
        rates.toReversed(),
      );
      await page.locator(".heatmap summary").click();
      assert.deepEqual(await texts(page, ".heatmap tbody th"), rates);
      for (
        const [name, path] of [["CSV", "leaderboard.csv"], [
          "JSON",
          "leaderboard",
        ]]
      ) {
        const link = page.locator(".exports a", {
          hasText: new RegExp(`^${name}$`),
        });
        assert.equal(
          new URL(await link.getAttribute("href") ?? "", page.url()).pathname,
          `/api/studies/axes/${path}`,
        );
      }
      assert.deepEqual(await axeViolations(page), []);
      assert.deepEqual(complaints, []);
    }),
);

browserTest(
  "one axis of numbers: marks are chosen with the keyboard and in the address",
  () =>
    visit(overRate(), "?points=lr_0.1", {}, async ({ page }) => {
      const marks = page.locator(".marks .mark");
      const pressed = () =>
        marks.evaluateAll((all) =>
          all.map((one) => one.getAttribute("aria-pressed"))
        );
      assert.deepEqual(await pressed(), ["false", "false", "true", "false"]);
      await marks.first().focus();
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("Enter");
      assert.equal(query(page).get("points"), "lr_0.1;lr_0.01");
      assert.deepEqual(await pressed(), ["false", "true", "true", "false"]);
      assert.match(
        await marks.nth(1).getAttribute("aria-label") ?? "",
        /^learning rate = 0\.01: Test accuracy 0\.\d{4}, 95% interval 0\.\d{4} to 0\.\d{4}, 4 replicates$/,
      );
      await page.keyboard.press("End");
      await page.keyboard.press("Home");
      const link = page.locator(".heat-details a");
      assert.equal(
        await link.innerText(),
        "Grid point learning rate = 0.00005",
      );
      await link.click();
      await page.waitForSelector("#recipe-heading");
      assert.equal(
        new URL(page.url()).pathname,
        "/studies/axes/points/lr_0.00005",
      );
      assert.equal(
        await page.innerText("h1"),
        "Grid point learning rate = 0.00005",
      );
      const [first] = await texts(page, ".facts.is-recipe dd b");
      assert.equal(first, "0.00005");
      assert.equal(await page.locator("#swapped-heading").count(), 0);
      assert.deepEqual(await axeViolations(page), []);
    }),
);

browserTest(
  "one axis of lists: a dot plot with a row a value, whatever is in",
  () =>
    visit(overSizes(), "", {}, async ({ page, complaints }) => {
      assert.equal(await page.innerText("#chart-heading"), "By hidden sizes");
      assert.deepEqual(await texts(page, ".marks .row-name"), [
        "64x64",
        "128x128",
        "256x256",
        "1024x512",
      ]);
      assert.equal(await page.locator(".marks .mean").count(), 4);
      assert.equal(await page.locator(".marks .replicate").count(), 8);
      assert.deepEqual(
        (await texts(page, ".points th.rate")).toSorted(),
        ["1024x512", "128x128", "256x256", "64x64"],
      );
      assert.deepEqual(await axeViolations(page), []);
      assert.deepEqual(complaints, []);
    }),
);

browserTest(
  "two other axes: the heatmap, whose sides change places in the address",
  () =>
    visit(overTwo(), "", {}, async ({ page, complaints }) => {
      const head = ".heat thead tr:last-child th .written";
      assert.deepEqual(await texts(page, head), ["64", "256", "1024"]);
      assert.deepEqual(await texts(page, ".heat tbody th"), [
        "0",
        "0.2",
        "0.5",
      ]);
      await page.locator(".plane select").first().selectOption("batchSize");
      assert.deepEqual(await texts(page, head), ["0", "0.2", "0.5"]);
      assert.equal(query(page).get("down"), "batchSize");
      assert.equal(query(page).get("across"), "dropout1");
      assert.equal(await page.locator(".points th.rate").count(), 9);
      assert.equal(await page.locator(".points td.rate").count(), 9);
      assert.deepEqual(await axeViolations(page), []);
      assert.deepEqual(complaints, []);
    }),
);

browserTest(
  "three axes: the heatmap of a slice, which the address names",
  () =>
    visit(
      overThree(),
      "?down=network&across=learningRate&slice=d1_0.5&points=",
      {},
      async ({ page, complaints }) => {
        assert.deepEqual(await texts(page, ".heat tbody th"), [
          "fused",
          "layers",
        ]);
        const cell = page.locator('.heat td[data-at="1,0"]');
        assert.match(
          await cell.getAttribute("aria-label") ?? "",
          /^dropout 1 = 0\.5, learning rate = 0\.1, network = layers: 0\.\d{3}$/,
        );
        await page.locator(".plane select").nth(2).selectOption("0");
        assert.equal(query(page).get("slice"), "d1_0");
        await cell.click();
        assert.equal(query(page).get("points"), "d1_0-lr_0.1-net_layers");
        assert.deepEqual(complaints, []);
      },
    ),
);

for (
  const [name, leaderboard, axis, file] of [
    ["line chart", overRate, "learning rate", "learningRate"],
    ["dot plot", overSizes, "hidden sizes", "hiddenSizes"],
  ] as const
) {
  browserTest(
    `a saved ${name} needs nothing else, and has nothing to press`,
    () =>
      visit(leaderboard(), "", {}, async ({ page, complaints }) => {
        const downloading = page.waitForEvent("download");
        await page.locator(".heatmap .save button", { hasText: "SVG" }).click();
        const download = await downloading;
        assert.equal(
          download.suggestedFilename(),
          `axes-${file}-testAccuracy.svg`,
        );
        const svg = await Deno.readTextFile(await download.path());
        assert.ok(svg.includes(`Test accuracy by ${axis}`));
        // Lines are lines, not areas: their style came along.
        const paths = svg.match(/<path [^>]*>/g) ?? [];
        assert.ok(paths.length >= 4);
        for (const path of paths) assert.match(path, / fill="none"/);
        assert.doesNotMatch(
          svg,
          /class=|style=|var\(|tabindex|aria-|role="button"|NaN|undefined/,
        );
        assert.deepEqual(complaints, []);
      }),
  );
}

for (
  const [name, leaderboard] of [
    ["a line chart", overRate],
    ["a dot plot", overSizes],
    ["a heatmap with choices", overThree],
  ] as const
) {
  browserTest(
    `${name} in Chinese is no wider than a phone`,
    () =>
      visit(leaderboard(), "?lang=zh", {
        viewport: { width: 390, height: 844 },
      }, async ({ page, complaints }) => {
        assert.ok(await width(page) <= 0);
        assert.match(await page.innerText("#chart-heading"), /[\u4e00-\u9fff]/);
        assert.deepEqual(complaints, []);
      }),
  );
}
