import assert from "node:assert/strict";
import { axeViolations } from "./axe.ts";
import { startFixtureSwarm } from "./fixture_swarm.ts";
import { visitors } from "./visit.ts";

const { visit, test } = visitors();

for (const colorScheme of ["light", "dark"] as const) {
  test(`API page: axe-core finds no violation and nothing is too wide, ${colorScheme}`, async () => {
    const swarm = await startFixtureSwarm();
    try {
      // The heading comes with the document that the page shows.
      const address = `${swarm.origin}/api`;
      await visit(address, { colorScheme }, async ({ page, complaints }) => {
        const calls = page.locator(".opblock-summary-control");
        assert.ok(await calls.count() > 10);
        const look = async (what: string) => {
          for (const width of [1280, 360]) {
            await page.setViewportSize({ width, height: 900 });
            assert.deepEqual(await axeViolations(page), [], what);
            assert.equal(
              await page.evaluate("document.documentElement.scrollWidth"),
              width,
              what,
            );
          }
        };
        await look("as it opens");
        for (const call of [0, 1]) await calls.nth(call).press("Enter");
        await page.locator(".responses-table").nth(1).waitFor();
        await look("with two calls open");
        assert.deepEqual(complaints, []);
        await page.locator("header a").click();
        await page.waitForURL(`${swarm.origin}/`);
      });
    } finally {
      await swarm.close();
    }
  });
}
