import assert from "node:assert/strict";
import { pointKey } from "../../protocol/grid_point.ts";
import type {
  Leaderboard,
  LeaderboardRow,
} from "../../protocol/leaderboard.ts";
import type { Page } from "./chromium.ts";
import { seedLeaderboard } from "./fixture_leaderboard.ts";
import { type BoardVisit, boardVisitors } from "./fixture_server.ts";

/** What the leaderboard page says of points and pairs, and where it says it. */

const { visit: visitBoard, test: browserTest } = boardVisitors();

const visit = (
  leaderboard: Leaderboard,
  run: (visit: BoardVisit) => Promise<void>,
  query = "",
) => visitBoard(leaderboard, { path: `/${query}` }, run);

const answers = (page: Page) => page.locator(".answers li").allInnerTexts();

const rowOf = (page: Page, { params }: LeaderboardRow) =>
  page.locator(".points tbody tr").filter({
    has: page.locator(
      `a[href$="/points/${pointKey(params)}"]`,
    ),
  });

browserTest(
  "leaderboard page begins with the answer, and takes it from the verdicts",
  () =>
    visit(seedLeaderboard("empty"), async ({ page, server, complaints }) => {
      await page.waitForSelector(".connection.is-live");
      assert.match(
        await page.innerText(".answers"),
        /No trial has finished yet/,
      );
      const board = seedLeaderboard("complete", 8);
      server.show(board);
      await page.waitForSelector(".answers li");
      const said = await answers(page);
      assert.equal(said.length, 4);
      // Screen readers hear whether it is settled; the icon shows it.
      assert.match(
        said[0] ?? "",
        /^Settled:\s+Rates that are too high keep the/,
      );
      assert.doesNotMatch(await page.innerText(".answers"), /Provisional/);
      const contradicted = {
        ...board,
        revision: 9,
        verdicts: board.verdicts.map((verdict) =>
          verdict.claimId === "high-rates"
            ? { ...verdict, verdict: "contradicted" as const }
            : verdict
        ),
        progress: { ...board.progress, complete: false },
      };
      server.show(contradicted);
      await page.waitForSelector(".answers >> text=do not keep");
      assert.match(await page.innerText(".answers"), /Provisional/);
      assert.deepEqual(complaints, []);
    }),
);

browserTest("leaderboard page marks a point as best from 95% on", () => {
  const board = seedLeaderboard("complete");
  const [first, second] = board.rows;
  assert.ok(first !== undefined && second !== undefined);
  const sure = (row: LeaderboardRow, trainLoss: number) => ({
    ...row,
    probabilityBest: { ...row.probabilityBest, trainLoss },
  });
  const rows = board.rows.map((row) =>
    row === first ? sure(row, 0.9991) : row === second ? sure(row, 0.94) : row
  );
  return visit({ ...board, rows }, async ({ page }) => {
    const marks = page.locator(".points .tag.is-best");
    assert.deepEqual(await marks.allInnerTexts(), ["best, > 99%"]);
    const best = (row: LeaderboardRow) => rowOf(page, row).locator(".best");
    assert.equal(await best(first).innerText(), "best, > 99%");
    assert.equal(await best(second).innerText(), "94%");
  });
});

browserTest(
  "leaderboard page draws each point's curve in its row",
  () =>
    visit(seedLeaderboard("running"), async ({ page }) => {
      const { rows } = seedLeaderboard("running");
      const drawn = rows.filter(({ curves }) => curves.trainLoss.length > 0);
      assert.ok(drawn.length < rows.length);
      assert.equal(await page.locator(".points .spark").count(), drawn.length);
      const [row] = drawn;
      assert.ok(row !== undefined);
      const spark = rowOf(page, row).locator(".spark");
      const [first, last] = [
        row.curves.trainLoss[0],
        row.curves.trainLoss.at(-1),
      ]
        .map((value) => value?.toFixed(4));
      assert.equal(
        await spark.getAttribute("aria-label"),
        `Training loss by epoch, from ${first} to ${last}`,
      );
      const path = await spark.locator("path").getAttribute("d");
      await page.locator(".points th .sort", { hasText: "Test accuracy" })
        .click();
      assert.notEqual(await spark.locator("path").getAttribute("d"), path);
      assert.match(
        await spark.getAttribute("aria-label") ?? "",
        /^Test accuracy by epoch/,
      );
    }),
);

browserTest(
  "leaderboard page ranks a point that diverged after all that trained",
  () =>
    visit(seedLeaderboard("running"), async ({ page }) => {
      const { rows } = seedLeaderboard("running");
      const failed = rows.find(({ diverged }) => diverged > 0);
      assert.ok(failed !== undefined);
      const trained = rows.filter((row) => row.metrics.trainLoss.mean !== null);
      const shown = page.locator(".points tbody tr");
      assert.match(
        await shown.nth(trained.length - 1).innerText(),
        /1 diverged/,
      );
      const { dropout1, dropout2 } = failed.params;
      const cell = page.locator(
        `.heat td[aria-label^="(${dropout1}, ${dropout2})"]`,
      );
      assert.equal(
        await cell.getAttribute("aria-label"),
        `(${dropout1}, ${dropout2}): diverged or set aside`,
      );
    }),
);

browserTest(
  "leaderboard page moves no swapped pair under the pointer",
  () =>
    visit(seedLeaderboard("complete"), async ({ page, server }) => {
      await page.waitForSelector(".connection.is-live");
      const pairs = () => page.locator(".swaps tbody th").allInnerTexts();
      const before = await pairs();
      await page.locator(".swaps tbody tr").first().hover();
      const board = seedLeaderboard("complete", 8);
      // The last pair becomes the first, and its row says so where it is.
      const last = board.swaps.at(-1);
      assert.ok(last !== undefined);
      const trainLoss = {
        ...last.metrics.trainLoss,
        difference: { ...last.metrics.trainLoss.difference, mean: 0.9876 },
      };
      const swaps = board.swaps.map((swap) =>
        swap === last
          ? { ...swap, metrics: { ...swap.metrics, trainLoss } }
          : swap
      );
      server.show({ ...board, swaps });
      await page.waitForSelector(".swaps tbody >> text=+0.9876");
      assert.deepEqual(await pairs(), before);
      await page.locator("h1").hover();
      await page.waitForSelector(
        '.swaps tbody tr:first-child td:nth-child(3):text-is("+0.9876")',
      );
      assert.equal((await pairs())[0], before.at(-1));
    }),
);

browserTest(
  "the notebook's axes: a table beside each plot",
  () =>
    visit(seedLeaderboard("complete"), async ({ page }) => {
      const plots = page.locator(".seed-plots figure");
      assert.equal(await plots.count(), 2);
      await plots.first().locator("summary").click();
      const head = await plots.first().locator("thead th").allInnerTexts();
      assert.deepEqual(head, [
        "Epoch",
        "Training loss",
        "Training accuracy",
        "Test accuracy",
      ]);
      assert.equal(await plots.first().locator("tbody tr").count(), 10);
    }, "?axes=seed&points=d1_0.2-d2_0.5;d1_0.8-d2_0.3"),
);
