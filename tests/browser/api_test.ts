import assert from "node:assert/strict";
import { checkLooks } from "./axe.ts";
import { startFixtureSwarm } from "./fixture_swarm.ts";
import { visitors } from "./visit.ts";

const { visit, test } = visitors();

test("API page: axe-core finds no violation and nothing is too wide, light and dark", async () => {
  const swarm = await startFixtureSwarm();
  try {
    // The heading comes with the document that the page shows.
    const address = `${swarm.origin}/api`;
    await visit(address, {}, async ({ page, complaints }) => {
      const calls = page.locator(".opblock-summary-control");
      assert.ok(await calls.count() > 10);
      await checkLooks(page, "as it opens");
      for (const call of [0, 1]) await calls.nth(call).press("Enter");
      await page.locator(".responses-table").nth(1).waitFor();
      await checkLooks(page, "with two calls open");
      assert.deepEqual(complaints, []);
      await page.locator("header a").click();
      await page.waitForURL(`${swarm.origin}/`);
    });
  } finally {
    await swarm.close();
  }
});
