import assert from "node:assert/strict";
import { seed, smallStudy, workerId } from "../lease/fixtures.ts";
import type { Check } from "./world.ts";

/** Checks of secrets, removed workers and deleted studies. */
export function guardConformance(check: Check): void {
  check(
    "secret: the first one stored, or the last one that replaced it",
    async ({ storage }) => {
      const [a, b, c] = ["a", "b", "c"].map((letter) => letter.repeat(64));
      assert.ok(a && b && c);
      assert.equal(await storage.secret("admin"), null);
      assert.equal(await storage.keepSecret("admin", a, false), a);
      assert.equal(await storage.keepSecret("admin", b, false), a);
      assert.equal(await storage.keepSecret("join", b, true), b);
      assert.equal(await storage.secret("admin"), a);
      assert.equal(await storage.keepSecret("admin", c, true), c);
      assert.equal(await storage.secret("admin"), c);
      assert.equal(await storage.secret("join"), b);
    },
  );

  check("removeWorker: marks the worker permanently", async (world) => {
    const { storage } = world;
    await world.plan(smallStudy());
    await world.workers(2);
    await storage.removeWorker(workerId(1));
    await storage.seen(workerId(1), { left: false });
    assert.equal((await storage.worker(workerId(1)))?.removed, true);
    assert.equal((await storage.worker(workerId(2)))?.removed, false);
  });

  check(
    "deleteStudy: hides a study, which is complete again once planned",
    async (world) => {
      const { storage } = world;
      const study = await world.plan(smallStudy());
      await world.workers(2);
      const { trialId } = await world.claim(1, 1);
      await world.complete(1, 1);
      await world.claim(2, 2);
      const { revision } = await storage.changesSince(seed, 0);
      assert.equal(await storage.deleteStudy(seed), true);
      assert.equal(await storage.deleteStudy(seed), false);
      assert.deepEqual(await storage.studies(), []);
      assert.equal(await storage.study(seed), null);
      const changes = await storage.changesSince(seed, revision);
      assert.equal(changes.revision, revision + 1);
      assert.deepEqual(changes.trials.map((t) => t.planned), [
        false,
        false,
        false,
        false,
      ]);
      // Its trials are not leased, and nothing is lost.
      assert.equal((await world.tryClaim(1, 3)).type, "study-complete");
      assert.equal((await storage.trial(trialId))?.trial.state, "completed");
      const outcome = await storage.plan(study.definition, study.trials);
      assert.equal(outcome.restored, 4);
      assert.equal((await storage.study(seed))?.completed, 1);
    },
  );
}
