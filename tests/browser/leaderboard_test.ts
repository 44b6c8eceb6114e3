import assert from "node:assert/strict";
import type { Leaderboard } from "../../protocol/leaderboard.ts";
import { checkLooks, checkWidths } from "./axe.ts";
import type { Page } from "./chromium.ts";
import {
  gridLeaderboard,
  noPointsLeaderboard,
  seedLeaderboard,
  singleLeaderboard,
  type Stage,
} from "./fixture_leaderboard.ts";
import { boardVisitors } from "./fixture_server.ts";
import { until } from "./joining.ts";

const { visit, test: browserTest } = boardVisitors();

const firstCells = (page: Page) =>
  page.$$eval(
    ".points tbody tr",
    (rows) =>
      rows.map((row) =>
        [...row.querySelectorAll(".rate")].map((cell) => cell.textContent)
          .join(",")
      ),
  );

const query = (page: Page) => new URL(page.url()).searchParams;

/** The study as it was, but with one point's training loss at the end. */
function withLastFirst(before: Leaderboard): Leaderboard {
  const [last] = before.rows.filter((row) =>
    row.metrics.trainLoss.mean !== null
  )
    .slice(-1);
  assert.ok(last !== undefined);
  const loss = {
    ...last.metrics.trainLoss,
    mean: 0.0123,
    low: 0.01,
    high: 0.015,
  };
  const row = { ...last, metrics: { ...last.metrics, trainLoss: loss } };
  return {
    ...before,
    rows: [row, ...before.rows.filter((other) => other !== last)],
    revision: before.revision + 1,
  };
}

browserTest(
  "leaderboard page shows every point, verdict and state without complaint",
  () =>
    visit(seedLeaderboard("running"), {}, async ({ page, complaints }) => {
      assert.equal(await page.locator(".points tbody tr").count(), 15);
      assert.equal(await page.locator(".card").count(), 10);
      const text = await page.innerText("main");
      for (
        const word of ["1 running", "1 diverged", "3 set aside", "Provisional"]
      ) {
        assert.ok(text.includes(word), word);
      }
      assert.deepEqual(complaints, []);
    }),
);

browserTest(
  "leaderboard page shows no interval for a single replicate",
  () =>
    visit(gridLeaderboard(2), {}, async ({ page }) => {
      const spreads = await page.locator(".figure .spread").allInnerTexts();
      assert.equal(spreads.length, 4 * 5);
      assert.deepEqual([...new Set(spreads)], ["no interval"]);
      assert.equal(await page.locator(".points .whisker").count(), 0);
    }),
);

browserTest(
  "leaderboard page updates live and keeps the focus where it is",
  () =>
    visit(seedLeaderboard("empty"), {}, async ({ page, server }) => {
      await page.waitForSelector(".connection.is-live");
      const sorter = page.locator("th .sort", { hasText: "Test accuracy" });
      await sorter.focus();
      server.show(seedLeaderboard("complete", 8));
      await page.waitForSelector(".stat .value >> text=Finished");
      assert.equal(
        await page.evaluate("document.activeElement?.textContent"),
        "Test accuracy",
      );
    }),
);

// With more pages, over plain HTTP: join_test.ts.
browserTest(
  "leaderboard pages of one browser share one stream of events",
  () =>
    visit(seedLeaderboard("empty"), {}, async ({ page, context, server }) => {
      const oneStream = () =>
        until(
          "one stream is open",
          () => Promise.resolve(server.streams() === 1),
        );
      const others = [await context.newPage(), await context.newPage()];
      for (const other of others) {
        await other.goto(page.url());
        await other.waitForSelector(".connection.is-live");
      }
      await page.waitForSelector(".connection.is-live");
      await oneStream();
      // The page with the stream goes.
      await page.goto(`${server.origin}/no-such-page`);
      server.show(seedLeaderboard("complete", 8));
      for (const other of others) {
        await other.waitForSelector(".stat .value >> text=Finished");
        await other.waitForSelector(".connection.is-live");
      }
      await oneStream();
      for (const other of others) await other.close();
    }),
);

/** As Firefox does where it blocks all cookies. */
const noChannels = `globalThis.BroadcastChannel = class {
  constructor() { throw new DOMException("forbidden", "SecurityError"); }
};`;

browserTest(
  "leaderboard page updates live where the browser lets pages not talk",
  () =>
    visit(
      seedLeaderboard("empty"),
      { script: noChannels },
      async ({ page, server, complaints }) => {
        await page.waitForSelector(".connection.is-live");
        server.show(seedLeaderboard("complete", 8));
        await page.waitForSelector(".stat .value >> text=Finished");
        assert.deepEqual(complaints, []);
      },
    ),
);

browserTest(
  "leaderboard page says when nobody can go on, until somebody can",
  () =>
    visit(seedLeaderboard("empty"), {}, async ({ page, server }) => {
      await page.waitForSelector(".connection.is-live");
      const board = seedLeaderboard("empty", 8);
      const progress = { ...board.progress, standstill: "all-failed" } as const;
      server.show({ ...board, progress });
      const said = page.locator(".standstill");
      assert.match(await said.innerText(), /The study needs another machine/);
      server.show(seedLeaderboard("empty", 9));
      await said.waitFor({ state: "detached" });
    }),
);

browserTest(
  "leaderboard page moves no row under the pointer",
  () =>
    visit(seedLeaderboard("complete"), {}, async ({ page, server }) => {
      await page.waitForSelector(".connection.is-live");
      const before = await firstCells(page);
      await page.locator(".points tbody tr").nth(3).hover();
      const changed = withLastFirst(seedLeaderboard("complete"));
      server.show(changed);
      await page.waitForSelector(".figure .mean >> text=0.0123");
      assert.deepEqual(await firstCells(page), before);
      await page.waitForSelector(".held:not(.is-away)");
      await page.locator("h1").hover();
      await page.waitForSelector(".held.is-away", { state: "attached" });
      const [first] = changed.rows;
      assert.equal(
        (await firstCells(page))[0],
        `${first?.params.dropout1},${first?.params.dropout2}`,
      );
    }),
);

browserTest(
  "leaderboard page keeps sorting, metric and points in its address",
  () =>
    visit(seedLeaderboard("complete"), {}, async ({ page }) => {
      const sorter = page.locator(".points th[aria-sort]", {
        hasText: "Test accuracy",
      });
      assert.equal(await sorter.getAttribute("aria-sort"), "none");
      await sorter.locator("button").press("Enter");
      assert.equal(await sorter.getAttribute("aria-sort"), "descending");
      await page.selectOption(".heatmap select", "testLoss");
      await page.locator(".curves .segmented label", {
        hasText: "Test accuracy",
      })
        .click();
      await page.locator('.heat td[data-at="0,0"]').click();
      assert.equal(query(page).get("sort"), "testAccuracy.desc");
      assert.equal(query(page).get("metric"), "testLoss");
      assert.equal(query(page).get("curve"), "testAccuracy");
      const chosen = await page.locator(".legend .name").allInnerTexts();
      const rows = await firstCells(page);
      await page.reload();
      await page.waitForSelector("main h1");
      assert.deepEqual(
        await page.locator(".legend .name").allInnerTexts(),
        chosen,
      );
      assert.deepEqual(await firstCells(page), rows);
    }),
);

browserTest(
  "leaderboard page: arrow keys move in the heatmap, Enter chooses",
  () =>
    visit(seedLeaderboard("complete"), {}, async ({ page }) => {
      const chips = page.locator(".legend li");
      const before = await chips.count();
      await page.locator('.heat td[data-at="0,0"]').focus();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("ArrowRight");
      assert.equal(
        await page.evaluate("document.activeElement?.dataset.at"),
        "1,1",
      );
      await page.keyboard.press("Enter");
      assert.equal(await chips.count(), before + 1);
      assert.equal(
        await page.locator('.heat td[data-at="1,1"]').getAttribute(
          "aria-selected",
        ),
        "true",
      );
    }),
);

browserTest(
  "leaderboard page speaks the browser's language, and remembers a choice",
  () =>
    visit(
      seedLeaderboard("complete"),
      { locale: "zh-CN" },
      async ({ page, server }) => {
        const lang = () => page.evaluate("document.documentElement.lang");
        assert.equal(await lang(), "zh-CN");
        assert.match(await page.innerText("h1"), /暂退概率/);
        await page.locator(".languages label", { hasText: "English" }).click();
        assert.equal(await lang(), "en");
        assert.equal(query(page).get("lang"), "en");
        await page.goto(server.origin);
        await page.waitForSelector("main h1");
        assert.equal(await lang(), "en");
      },
    ),
);

browserTest(
  "leaderboard page says when the coordinator is gone, and comes back",
  () =>
    visit(seedLeaderboard("complete"), {}, async ({ page, server }) => {
      await page.waitForSelector(".connection.is-live");
      server.setAway(true);
      await page.waitForSelector(".connection.is-offline");
      await page.waitForSelector(".notice.is-warning");
      assert.equal(await page.locator(".points tbody tr").count(), 15);
      server.setAway(false);
      await page.waitForSelector(".connection.is-live");
      await page.waitForSelector(".notice", { state: "detached" });
    }),
);

browserTest(
  "leaderboard page leads from table, legend, heatmap and dots to a point",
  () =>
    visit(seedLeaderboard("complete"), {}, async ({ page }) => {
      const row = page.locator(".points tbody tr").first();
      const rates = await row.locator(".rate").allInnerTexts();
      const path = `/studies/seed/points/d1_${rates[0]}-d2_${rates[1]}`;
      const link = row.locator("th a");
      assert.equal(await link.getAttribute("href"), path);
      assert.equal(await page.locator(`.dots a[href="${path}"]`).count(), 1);
      // Neither the link nor its row's click stands in the other's way.
      await row.locator(".pick input").check();
      assert.equal(
        await page.locator(`.legend a[href="${path}"]`).count(),
        1,
      );
      const cell = page.locator(".heat td[data-at]:not(.is-absent)").first();
      await cell.click();
      const name = await cell.getAttribute("aria-label") ?? "";
      const details = page.locator(".heat-details a");
      assert.ok(name.startsWith(
        (await details.innerText()).replace("Grid point ", ""),
      ));
    }),
);

browserTest(
  "leaderboard page lists trials by state, page by page, in its address",
  () =>
    visit(seedLeaderboard("running"), {}, async ({ page, server }) => {
      const rows = page.locator(".trial-list tbody tr");
      await rows.first().waitFor();
      assert.equal(await rows.count(), 20);
      await page.locator(".trial-list .pager button").last().click();
      await page.waitForURL(/trials-page=2/);
      await page.locator(".trial-list .segmented label", {
        hasText: "Set aside",
      }).click();
      await rows.nth(3).waitFor({ state: "detached" });
      assert.equal(await rows.count(), 3);
      assert.equal(query(page).get("trials"), "quarantined");
      assert.equal(query(page).get("trials-page"), null);
      await page.reload();
      await rows.first().waitFor();
      assert.equal(await rows.count(), 3);
      const link = rows.first().locator("td a");
      assert.match(
        await link.getAttribute("href") ?? "",
        /^\/trials\/seed-1a2b3c4d-d1_[\d.]+-d2_[\d.]+-r\d$/,
      );
      // An update moves no row that somebody points at.
      await page.locator(".trial-list .segmented label", { hasText: "Running" })
        .click();
      await page.waitForSelector(".trial-list tbody .is-leased");
      const names = () => rows.locator("td a").allInnerTexts();
      const before = await names();
      await rows.first().hover();
      server.show(seedLeaderboard("complete", 8));
      await page.waitForSelector(".trial-list .held:not(.is-away)");
      assert.deepEqual(await names(), before);
      await page.locator("h1").hover();
      await page.waitForSelector(".trial-list .empty");
    }),
);

for (const locale of ["en-GB", "zh-CN"]) {
  browserTest(
    `leaderboard page: axe-core finds no violation and nothing is too wide, light and dark, ${locale}`,
    () =>
      visit(
        seedLeaderboard("running"),
        { locale },
        ({ page }) => checkLooks(page),
      ),
  );
}

const sizes: readonly (readonly [string, () => Leaderboard])[] = [
  ["no point", noPointsLeaderboard],
  ["1 point", singleLeaderboard],
  ...(["empty", "running", "complete"] as const).map((stage: Stage) =>
    [`15 points, ${stage}`, () => seedLeaderboard(stage)] as const
  ),
  ["100 points", () => gridLeaderboard(10)],
  ["2,500 points", () => gridLeaderboard(50)],
];

browserTest(
  "leaderboard page: the layout holds with no point, with 2,500, and between",
  () =>
    visit(
      seedLeaderboard("complete"),
      {},
      async ({ page, server, complaints }) => {
        for (const [name, leaderboard] of sizes) {
          server.restart(leaderboard());
          await page.goto(server.origin);
          await page.waitForSelector("main h1");
          await checkWidths(page, name);
          const rows = await page.locator(".points tbody tr").count();
          assert.ok(rows <= 200, `${name}: ${rows} rows`);
        }
        assert.deepEqual(complaints, []);
      },
    ),
);
