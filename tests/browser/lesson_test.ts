import assert from "node:assert/strict";
import { Leaderboard } from "../../protocol/leaderboard.ts";
import { outputAt, positionOf } from "../../web/pages/lesson/masks.ts";
import { checkLooks, checkWidths } from "./axe.ts";
import type { Page } from "./chromium.ts";
import { seedLeaderboard } from "./fixture_leaderboard.ts";
import { type BoardVisit, boardVisitors } from "./fixture_server.ts";
import { startTestCoordinator } from "./test_coordinator.ts";
import type { VisitOptions } from "./visit.ts";

const { test: browserTest, visit: visitBoard, visitAddress } = boardVisitors();

/** Opens the lesson on a coordinator with this leaderboard. */
const visit = (
  leaderboard: Leaderboard,
  options: VisitOptions,
  run: (visit: BoardVisit) => Promise<void>,
  query = "",
) => visitBoard(leaderboard, { path: `/lesson${query}`, ...options }, run);

const sample = Leaderboard.parse(JSON.parse(
  await Deno.readTextFile(
    new URL("../../docs/samples/seed.json", import.meta.url),
  ),
));

/** Numbers in a tensor's cells: 0 input, 1 output, 2 mean. */
const tensor = async (page: Page, which: number) =>
  (await page.locator(".tensor").nth(which).locator("td").allInnerTexts())
    // What is dropped says so to screen readers before its 0.
    .map((text) => text.includes("dropped") ? 0 : Number(text));

const slider = (page: Page, name: string) =>
  page.getByRole("slider", { name, exact: true });

browserTest(
  "lesson page: keys move the rate, and the layer drops what training drops",
  () =>
    visit(seedLeaderboard("empty"), {}, async ({ page, complaints }) => {
      const rate = slider(page, "Dropout rate p");
      await rate.focus();
      await page.keyboard.press("Home");
      assert.deepEqual(await tensor(page, 1), await tensor(page, 0));
      await page.keyboard.press("End");
      assert.deepEqual(await tensor(page, 1), Array(16).fill(0));
      for (let i = 0; i < 80; i++) await page.keyboard.press("ArrowLeft");
      assert.equal(await rate.getAttribute("aria-valuetext"), "0.2");
      await page.waitForURL((url) => url.searchParams.get("p") === "0.2");
      const expected = outputAt(0, 0.2);
      assert.ok(expected.some((x, i) => x === 0 && i > 0));
      (await tensor(page, 1)).forEach((shown, i) =>
        assert.ok(Math.abs(shown - (expected[i] ?? NaN)) < 0.0501, `${i}`)
      );
      assert.deepEqual(complaints, []);
    }),
);

browserTest(
  "lesson page: the mean over the draws comes back to the input",
  () =>
    visit(seedLeaderboard("empty"), {}, async ({ page }) => {
      await page.getByRole("button", { name: "Draw again" }).click();
      await page.waitForSelector(".tensor caption >> text=draw 2:");
      const more = page.getByRole("button", { name: "100 more draws" });
      for (let i = 0; i < 3; i++) await more.press("Enter");
      await page.waitForSelector(".tensor caption >> text=draw 302:");
      const { epoch, step } = positionOf(301);
      const caption = await page.locator(".tensor caption").nth(1).innerText();
      assert.ok(caption.includes(`epoch ${epoch + 1}, step ${step + 1}`));
      const means = await tensor(page, 2);
      // At p = 0.5 a mean over 302 draws has a standard error of h / √302.
      means.forEach((mean, h) =>
        assert.ok(Math.abs(mean - h) <= 4 * h / Math.sqrt(302) + 0.0501, `${h}`)
      );
      assert.ok(means.some((mean, h) => mean !== h), "the mean is not exact");
      await page.getByRole("button", { name: "Start over" }).click();
      await page.waitForURL((url) => !url.searchParams.has("draws"));
    }),
);

browserTest(
  "lesson page: the network drops units in training and none at test time",
  () =>
    visit(seedLeaderboard("empty"), {}, async ({ page }) => {
      const facts = page.locator(".network figcaption");
      const first = await facts.innerText();
      assert.match(first, /Hidden 1: \d+ of 256 units kept, .* times 1\.25/);
      assert.match(first, /Hidden 2: \d+ of 256 units kept, .* times 2\.00/);
      await page.getByRole("button", { name: "Next step" }).click();
      assert.notEqual(await facts.innerText(), first);
      const rate = slider(page, "dropout1");
      await rate.focus();
      await page.keyboard.press("End");
      assert.match(await facts.innerText(), /Hidden 1: no unit kept/);
      await page.locator(".segmented label", { hasText: "Test" }).click();
      assert.match(await facts.innerText(), /All 512 hidden units take part/);
      assert.equal(
        await page.locator(".network .unit.is-dropped").evaluateAll((paths) =>
          paths.map((path) => path.getAttribute("d")).join("")
        ),
        "",
      );
    }),
);

browserTest(
  "lesson page: without results it argues with the sample, and says so",
  () =>
    visit(
      seedLeaderboard("empty"),
      {},
      async ({ page, server, complaints }) => {
        await page.waitForSelector(".answer");
        const said = await page.locator(".provenance").innerText();
        for (
          const word of [
            "no result of the study seed",
            "sample that was committed with the source on 2026-11-24",
            "15 grid points, 5 replicates",
            "deno task start --replicates 5 --exit --json",
          ]
        ) assert.ok(said.includes(word), word);
        assert.equal(await page.locator(".answer .card").count(), 10);
        const text = await page.locator("#answers").innerText();
        for (const verdict of sample.verdicts) {
          assert.ok(text.includes(verdict.headline.en), verdict.claimId);
        }
        // Results that come in take the sample's place.
        await page.waitForSelector(".connection.is-live");
        server.show(seedLeaderboard("complete", 8));
        await page.waitForSelector(".provenance >> text=45 of 45 trials");
        assert.deepEqual(complaints, []);
      },
    ),
);

browserTest(
  "lesson page of a real coordinator with another study: nothing is missing",
  async () => {
    const coordinator = await startTestCoordinator({ points: [[0.2, 0.5]] });
    try {
      await visitAddress(
        `${coordinator.origin}/lesson`,
        {},
        async ({ page, complaints }) => {
          await page.waitForSelector(".answer");
          await page.waitForSelector(".listing pre");
          await page.waitForSelector(".connection.is-live");
          const said = await page.locator(".provenance").innerText();
          assert.ok(said.includes("no result of the study seed"), said);
          assert.deepEqual(complaints, []);
        },
      );
    } finally {
      await coordinator.close();
    }
  },
);

browserTest(
  "lesson page: a finished study answers, the sample is one choice away",
  () =>
    visit(
      seedLeaderboard("complete"),
      {},
      async ({ page, server, complaints }) => {
        const study = seedLeaderboard("complete");
        await page.waitForSelector(".answer");
        const headlines = async (of: Leaderboard) => {
          const text = await page.locator("#answers").innerText();
          return of.verdicts.every((v) => text.includes(v.headline.en));
        };
        assert.ok(await headlines(study));
        assert.ok(!await headlines(sample));
        assert.equal(await page.locator(".ranking tbody tr").count(), 15);
        assert.equal(await page.locator(".pairs tbody tr").count(), 5);
        assert.equal(await page.locator(".trend circle").count(), 15);
        const fetched = () =>
          server.requests.filter((one) => one.includes("/assets/sample-"));
        assert.equal(fetched().length, 0, "the sample is not fetched in vain");
        await page.locator(".provenance label", { hasText: "The sample" })
          .click();
        await page.waitForSelector(".provenance >> text=committed");
        assert.ok(await headlines(sample));
        await page.waitForURL((url) =>
          url.searchParams.get("study") === "sample"
        );
        assert.equal(fetched().length, 1);
        assert.deepEqual(complaints, []);
      },
    ),
);

browserTest(
  "lesson page quotes the shown study beside the notebook's errors",
  () =>
    visit(sample, {}, async ({ page }) => {
      await page.waitForSelector(".answer");
      const text = await page.locator("#errors").innerText();
      const remark = sample.remarks.find(({ id }) =>
        id === "lower-trainLoss-0.5-0.8-than-0.2-0.5"
      );
      assert.ok(remark !== undefined && text.includes(remark.words.en));
      const best = sample.rows.flatMap(({ params, metrics }) =>
        metrics.testAccuracy.mean === null
          ? []
          : [{ params, mean: metrics.testAccuracy.mean }]
      ).toSorted((a, b) => b.mean - a.mean)[0];
      assert.ok(best !== undefined);
      assert.ok(text.includes(
        `test accuracy: ${best.mean.toFixed(4)} at (${best.params.dropout1}, ` +
          `${best.params.dropout2})`,
      ));
    }),
);

browserTest(
  "lesson page loads its own scripts and no training code",
  () =>
    visit(seedLeaderboard("complete"), {}, async ({ page, server }) => {
      await page.waitForSelector(".listing pre");
      const code = await page.locator(".listing pre").allInnerTexts();
      assert.equal(code.length, 4);
      assert.ok(code.join().includes("export function dropoutLayer<"));
      const scripts = server.requests.filter((one) => one.endsWith(".js"));
      const own = await page.$$eval(
        "script[src], link[rel=modulepreload]",
        (all) =>
          all.map((one) =>
            new URL(
              one.getAttribute("src") ?? one.getAttribute("href") ?? "",
              location.href,
            ).pathname
          ),
      );
      assert.ok(own.length > 0);
      // Tests of the build hold these under 100 KB, a tenth of tfjs alone.
      assert.deepEqual(
        new Set(scripts),
        new Set(own.map((path) => `GET ${path}`)),
      );
    }),
);

browserTest(
  "lesson page: a link shows what its sender saw",
  () =>
    visit(
      sample,
      {},
      async ({ page }) => {
        assert.equal(
          await slider(page, "Dropout rate p").getAttribute("aria-valuetext"),
          "0.35",
        );
        assert.ok(
          await page.getByText("draw 40: epoch 1, step 40").isVisible(),
        );
        assert.equal(
          await slider(page, "dropout2").getAttribute("aria-valuetext"),
          "0.8",
        );
        assert.ok(await page.getByRole("radio", { name: "Test" }).isChecked());
      },
      "?p=0.35&draws=40&p2=0.8&mode=test",
    ),
);

for (const locale of ["en-GB", "zh-CN"]) {
  browserTest(
    `lesson page: axe-core finds no violation and nothing is too wide, light and dark, ${locale}`,
    () =>
      visit(
        sample,
        { locale },
        async ({ page, complaints }) => {
          await page.waitForSelector(".answer");
          await page.waitForSelector(".listing pre");
          await checkLooks(page);
          assert.deepEqual(complaints, []);
        },
      ),
  );
}

browserTest(
  "lesson page: the layout holds whatever the study has",
  () =>
    visit(
      seedLeaderboard("empty"),
      {},
      async ({ page, server, complaints }) => {
        for (const stage of ["empty", "running", "complete"] as const) {
          server.restart(seedLeaderboard(stage));
          await page.reload();
          await page.waitForSelector(".answer");
          await page.waitForSelector(".listing pre");
          await checkWidths(page, stage);
        }
        assert.deepEqual(complaints, []);
      },
    ),
);
