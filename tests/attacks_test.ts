import assert from "node:assert/strict";
import { openArena } from "./attacks/arena.ts";
import { liars } from "./attacks/liars.ts";

/** With these seeds; the share of lies that are not in the finished study. */
const LEAST_CAUGHT: Readonly<Record<string, number>> = {
  "honest twelve times, then swapped rates": 0,
};

Deno.test({
  name:
    "attacks: lies are caught, honest volunteers are not, and every study ends",
  // The verifier's thread serves all of it.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async (t) => {
    const arena = await openArena(6);
    try {
      for (const [name, make] of Object.entries(liars)) {
        await t.step(name, async () => {
          const { lies, standing, honestRefused, ...rest } = await arena.play(
            make,
            1,
          );
          const told = JSON.stringify({ lies, standing, ...rest });
          assert.equal(honestRefused, 0, told);
          assert.equal(
            rest.refused + rest.withdrawn + standing,
            lies,
            told,
          );
          const caught = 1 - standing / lies;
          assert.ok(caught >= (LEAST_CAUGHT[name] ?? 1), told);
        });
      }
      await t.step("replayed leases", async () => {
        const { said, counted } = await arena.replay(1);
        assert.equal(said, 5);
        assert.equal(counted, 0);
      });
    } finally {
      await arena.close();
    }
  },
});
