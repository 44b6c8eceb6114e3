import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { reportHtml, reportOf } from "../../coordinator/service/report.ts";
import { createWebAssets } from "../../web/build/assets.ts";
import { lockFlags } from "../processes.ts";
import { checkLooks } from "./axe.ts";
import { seedLeaderboard } from "./fixture_leaderboard.ts";
import { builtPages, startTestCoordinator } from "./test_coordinator.ts";
import { type Visit, type VisitOptions, visitors } from "./visit.ts";

const { visit: open, test: browserTest } = visitors();

/** Opens a report from a disk, in a browser that is offline. */
async function visit(
  options: VisitOptions,
  run: (visit: Visit) => Promise<void>,
): Promise<void> {
  const { report } = await createWebAssets(await builtPages());
  const board = seedLeaderboard("complete", 151, 5);
  await visitHtml(
    reportHtml(report, reportOf(board, null, 0, "2.9.6")),
    options,
    run,
  );
}

async function visitHtml(
  html: string,
  options: VisitOptions,
  run: (visit: Visit) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "swarm-report-" });
  const file = join(folder, "report.html");
  try {
    await Deno.writeTextFile(file, html);
    const address = pathToFileURL(file).href;
    await open(address, { offline: true, ...options }, run);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

browserTest(
  "report: opened from a disk, offline, it shows everything and asks for nothing",
  () =>
    visit({}, async ({ page, complaints }) => {
      const requests: string[] = [];
      page.on("request", (request) => requests.push(request.url()));
      await page.reload();
      await page.waitForSelector("main h1");
      assert.equal(await page.locator(".card").count(), 10);
      assert.equal(await page.locator(".points tbody tr").count(), 15);
      assert.equal(await page.locator(".slope").count(), 5);
      assert.ok(await page.locator(".curves path.line").count() >= 4);
      assert.equal(await page.locator(".heat td.is-value").count(), 15);
      const text = await page.innerText("main");
      const { verdicts, summary } = seedLeaderboard("complete", 151, 5);
      for (const { claim, headline } of verdicts) {
        assert.ok(text.includes(claim.en), claim.en);
        assert.ok(text.includes(headline.en), headline.en);
      }
      assert.ok(text.includes(summary.en));
      assert.match(text, /deno task start --study seed --replicates 5/);
      // There is no other page to lead to.
      assert.equal(await page.locator("a[href]").count(), 0);
      // The file itself; its icon is in it.
      assert.deepEqual(
        requests.filter((url) => !url.startsWith("data:")),
        [page.url()],
      );
      assert.deepEqual(complaints, []);
    }),
);

browserTest(
  "report: speaks both languages, remembers the choice in its address",
  () =>
    visit({}, async ({ page, complaints }) => {
      await page.locator(".languages label", { hasText: "中文" }).click();
      assert.equal(await page.getAttribute("html", "lang"), "zh-CN");
      assert.equal(new URL(page.url()).searchParams.get("lang"), "zh");
      const { verdicts } = seedLeaderboard("complete", 151, 5);
      const text = await page.innerText("main");
      for (const { headline } of verdicts) {
        assert.ok(text.includes(headline.zh));
      }
      assert.deepEqual(complaints, []);
    }),
);

browserTest(
  "report: choosing metrics and points works, and so does saving",
  () =>
    visit({}, async ({ page, complaints }) => {
      await page.locator(".heat td.is-value").nth(3).click();
      assert.equal(await page.locator(".legend li").count(), 5);
      for (
        const [button, file] of [
          [".swaps .save button >> text=PNG", "seed-swaps-trainLoss.png"],
          [".exports button", "seed.leaderboard.json"],
        ] as const
      ) {
        const downloading = page.waitForEvent("download");
        await page.locator(button).first().click();
        assert.equal((await downloading).suggestedFilename(), file);
      }
      assert.deepEqual(complaints, []);
    }),
);

for (const locale of ["en-GB", "zh-CN"]) {
  browserTest(
    `report: axe-core finds no violation and the layout holds, light and dark, ${locale}`,
    () => visit({ locale }, ({ page }) => checkLooks(page)),
  );
}

browserTest(
  "report: a coordinator hands it out as a file",
  async () => {
    const swarm = await startTestCoordinator({ points: [[0.2, 0.5]] });
    try {
      const path = "/api/studies/tiny/report.html";
      const response = await fetch(new URL(path, swarm.origin));
      assert.equal(response.status, 200);
      assert.match(
        response.headers.get("content-disposition") ?? "",
        /^attachment; filename="tiny\.html"$/,
      );
      await visitHtml(
        await response.text(),
        {},
        async ({ page, complaints }) => {
          assert.equal(await page.innerText("h1"), "A tiny study");
          assert.match(
            await page.innerText("main"),
            /every verdict is provisional/,
          );
          assert.deepEqual(complaints, []);
        },
      );
    } finally {
      await swarm.close();
    }
  },
);

browserTest(
  "deno task report: writes the file from a leaderboard's JSON",
  async () => {
    await builtPages();
    const folder = await Deno.makeTempDir({ prefix: "swarm-report-" });
    try {
      const json = join(folder, "board.json");
      const out = join(folder, "out.html");
      const board = seedLeaderboard("complete");
      await Deno.writeTextFile(json, JSON.stringify(board));
      const run = (...args: string[]) =>
        new Deno.Command(Deno.execPath(), {
          args: [
            "run",
            "-A",
            ...lockFlags,
            "coordinator/cli/main_report.ts",
            ...args,
          ],
          cwd: new URL("../../", import.meta.url),
          env: { NO_COLOR: "1" },
        }).output();
      const done = await run("--json", json, "--out", out);
      assert.equal(new TextDecoder().decode(done.stderr), "");
      await visitHtml(await Deno.readTextFile(out), {}, async ({ page }) => {
        assert.equal(await page.locator(".card").count(), 10);
      });
      await Deno.writeTextFile(json, "{}");
      const refused = await run("--json", json);
      assert.equal(refused.code, 1);
      assert.match(
        new TextDecoder().decode(refused.stderr),
        /^error: .*is no leaderboard of this release/,
      );
      const missing = await run("--db", join(folder, "none.db"));
      assert.match(
        new TextDecoder().decode(missing.stderr),
        /^error: cannot read the database: the file .*none\.db does not exist; name another file with --db\n$/,
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
