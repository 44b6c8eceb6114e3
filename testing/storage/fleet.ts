import assert from "node:assert/strict";
import { epochMetrics, seed, smallStudy } from "../lease/fixtures.ts";
import type { Check } from "./world.ts";

/** What coordinators on one storage have to know of each other. */
export function fleetConformance(check: Check): void {
  check(
    "activateStudy: remembers which is active, none, or that nobody said",
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

  check("news: how far each study is, out of sight too", async (world) => {
    const { storage } = world;
    assert.deepEqual([...(await storage.news()).revisions], []);
    await world.plan(smallStudy());
    await world.workers(1);
    assert.deepEqual([...(await storage.news()).revisions], [[seed, 1]]);
    await world.claim(1, 1);
    await world.report(1, 1, epochMetrics(1));
    const { revisions, epochs } = await storage.news();
    assert.deepEqual([...revisions], [[seed, 2]]);
    assert.deepEqual(epochs, [], "one's own reports are no news");
    await storage.deleteStudy(seed);
    assert.deepEqual([...(await storage.news()).revisions], [[seed, 3]]);
  });

  check("exclusively: one at a time under a name", async ({ storage }) => {
    let end = () => {};
    const long = storage.exclusively(
      "sweep",
      () =>
        new Promise<string>((resolve) => {
          end = () => resolve("swept");
        }),
    );
    // Until it has begun, whatever it takes to begin.
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

  check("alone: a storage that nobody else has open", async ({ storage }) => {
    assert.equal(await storage.alone(), true);
  });
}
