import assert from "node:assert/strict";
import { epochMetrics, seed, smallStudy } from "../lease/fixtures.ts";
import type { Check } from "./world.ts";

/** Checks for several coordinators on one storage. */
export function fleetConformance(check: Check): void {
  check(
    "activateStudy: stores the active study, none, or never set",
    async (world) => {
      const { storage, opened } = world;
      assert.equal("activeStudy" in await storage.news(), false);
      const { definition, trials } = await world.plan(smallStudy());
      assert.equal("activeStudy" in await storage.news(), false);
      await storage.activateStudy(seed);
      assert.deepEqual((await storage.news()).activeStudy, definition);
      const other = { ...definition, replicates: 1 };
      await storage.plan(other, trials.slice(0, 2));
      assert.deepEqual((await storage.news()).activeStudy, other);
      await storage.activateStudy(null);
      assert.equal((await storage.news()).activeStudy, null);
      await storage.activateStudy(seed);
      await storage.deleteStudy(seed);
      assert.equal((await storage.news()).activeStudy, null);
      await storage.plan(definition, trials);
      if (opened.reopen === undefined) return;
      world.use(await opened.reopen());
      assert.deepEqual((await world.storage.news()).activeStudy, definition);
    },
  );

  check(
    "news: the revision of each study, including deleted ones",
    async (world) => {
      const { storage } = world;
      assert.deepEqual([...(await storage.news()).revisions], []);
      await world.plan(smallStudy());
      await world.workers(1);
      assert.deepEqual([...(await storage.news()).revisions], [[seed, 1]]);
      await world.claim(1, 1);
      await world.report(1, 1, epochMetrics(1));
      const { revisions, epochs } = await storage.news();
      assert.deepEqual([...revisions], [[seed, 2]]);
      assert.deepEqual(epochs, [], "own reports are not returned");
      await storage.deleteStudy(seed);
      assert.deepEqual([...(await storage.news()).revisions], [[seed, 3]]);
    },
  );

  check("exclusively: one at a time for each name", async ({ storage }) => {
    let end = () => {};
    const long = storage.exclusively(
      "sweep",
      () =>
        new Promise<string>((resolve) => {
          end = () => resolve("swept");
        }),
    );
    // Waits until the work has started.
    while (
      await storage.exclusively("sweep", () => Promise.resolve(1)) !== null
    );
    assert.equal(
      await storage.exclusively("verify", () => Promise.resolve("verified")),
      "verified",
    );
    end();
    assert.equal(await long, "swept");
    await assert.rejects(
      storage.exclusively("sweep", () => Promise.reject(new Error("no luck"))),
      /no luck/,
    );
    assert.equal(
      await storage.exclusively("sweep", () => Promise.resolve("again")),
      "again",
    );
  });

  check(
    "alone: true if no other coordinator has the storage open",
    async ({ storage }) => {
      assert.equal(await storage.alone(), true);
    },
  );
}
