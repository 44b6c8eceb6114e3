import assert from "node:assert/strict";
import { seedLeaderboard } from "./fixture_leaderboard.ts";
import type { Page } from "./chromium.ts";
import { type BoardVisit, boardVisitors } from "./fixture_server.ts";

const { visit: visitBoard, test: browserTest } = boardVisitors();

const visit = (query: string, run: (visit: BoardVisit) => Promise<void>) =>
  visitBoard(
    seedLeaderboard("complete", 151, 5),
    { path: `/${query}` },
    run,
  );

/** Presses a button and reads the file that the browser is handed. */
async function saved(page: Page, section: string, format: string) {
  const downloading = page.waitForEvent("download");
  await page.locator(`${section} .save button`, { hasText: format }).first()
    .click();
  const download = await downloading;
  return {
    name: download.suggestedFilename(),
    bytes: await Deno.readFile(await download.path()),
  };
}

browserTest(
  "swapped pairs: a panel and a row each, in the order of their differences",
  () =>
    visit("?swap=testAccuracy", async ({ page, complaints }) => {
      const { swaps } = seedLeaderboard("complete", 151, 5);
      const panels = await page.locator(".slope").count();
      assert.equal(panels, swaps.length);
      assert.equal(
        await page.locator(".slope .replicate").count(),
        5 * swaps.length,
      );
      const differences = (await page.$$eval(
        ".swaps tbody tr",
        (rows) => rows.map((row) => row.querySelectorAll("td")[1]?.textContent),
      )).map((text) => Number((text ?? "").replace("\u2212", "-")));
      assert.deepEqual(
        differences,
        swaps.map(({ metrics }) => metrics.testAccuracy.difference.mean ?? NaN)
          .toSorted((a, b) => Math.abs(b) - Math.abs(a))
          .map((mean) => Number(mean.toFixed(4))),
      );
      await page.locator(".swaps .segmented label", { hasText: "Test loss" })
        .click();
      assert.equal(new URL(page.url()).searchParams.get("swap"), "testLoss");
      assert.deepEqual(complaints, []);
    }),
);

browserTest(
  "the seed's axes: a plot a chosen point, from 0.3 to 0.9",
  () =>
    visit(
      "?axes=seed&points=d1_0.2-d2_0.5;d1_0.8-d2_0.3",
      async ({ page }) => {
        const plots = page.locator(".seed-plots figure");
        assert.equal(await plots.count(), 2);
        const ticks = (await plots.first().locator(".tick").allTextContents())
          .filter((text) => text.includes("."));
        assert.deepEqual(
          ticks,
          ["0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9"],
        );
        assert.equal(await plots.first().locator("path.line").count(), 3);
      },
    ),
);

browserTest(
  "bands: an interval, or none",
  () =>
    visit("?band=none", async ({ page }) => {
      assert.equal(await page.locator(".curves path.band").count(), 0);
      await page.locator(".band-picker label", { hasText: "95% CI" }).click();
      assert.equal(await page.locator(".curves path.band").count(), 4);
      assert.equal(new URL(page.url()).searchParams.get("band"), "ci");
    }),
);

const charts = [
  [".curves", "seed-curves-trainLoss", "Training loss by epoch"],
  [".heatmap", "seed-heatmap-testAccuracy", "Test accuracy by dropout 1"],
  [".swaps", "seed-swaps-trainLoss", "Swapped pairs"],
  [".card", "seed-effect-high-rates", "Dropout rates that are too high"],
] as const;

for (const [section, name, title] of charts) {
  browserTest(
    `a saved chart needs nothing else: ${name}`,
    () =>
      visit("", async ({ page, complaints }) => {
        await page.evaluate(
          "document.querySelectorAll('details').forEach((d) => d.open = true)",
        );
        const { name: file, bytes } = await saved(page, section, "SVG");
        assert.equal(file, `${name}.svg`);
        const svg = new TextDecoder().decode(bytes);
        assert.match(
          svg,
          /^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/,
        );
        assert.ok(svg.includes(title), title);
        assert.ok(svg.includes("Study seed, revision 151"));
        assert.doesNotMatch(
          svg,
          /class=|style=|var\(|url\(|href=|NaN|undefined/,
        );
        // As an image it is drawn by the same rules as anywhere else.
        const shown = await page.evaluate(
          ([text, background]) => {
            const parsed = new DOMParser().parseFromString(
              text ?? "",
              "image/svg+xml",
            );
            const root = parsed.documentElement;
            return {
              root: root.localName,
              paper: root.querySelector("rect")?.getAttribute("fill") ===
                background,
              width: Number(root.getAttribute("width")),
              height: Number(root.getAttribute("height")),
            };
          },
          [
            svg,
            await page.evaluate(
              () => getComputedStyle(document.body).backgroundColor,
            ),
          ],
        );
        assert.equal(shown.root, "svg");
        assert.ok(shown.paper, "the page's own paper lies under it");

        const png = await saved(page, section, "PNG");
        assert.equal(png.name, `${name}.png`);
        const view = new DataView(png.bytes.buffer, png.bytes.byteOffset);
        assert.equal(view.getUint32(1) >>> 8, 0x504e47);
        assert.equal(view.getUint32(16), 2 * shown.width);
        assert.equal(view.getUint32(20), 2 * shown.height);
        assert.ok(png.bytes.length > 5_000, `${png.bytes.length} bytes`);
        assert.deepEqual(complaints, []);
        assert.equal(await page.locator(".picture-host *").count(), 0);
      }),
  );
}
