import assert from "node:assert/strict";
import { openArena } from "./attacks/arena.ts";
import { liars } from "./attacks/liars.ts";

/** With this seed; the share of lies that are not in the finished study. */
const SEED = 7;
const LEAST_CAUGHT = 1;

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
            SEED,
          );
          const told = JSON.stringify({ lies, standing, ...rest });
          assert.equal(honestRefused, 0, told);
          assert.equal(
            rest.refused + rest.withdrawn + standing,
            lies,
            told,
          );
          const caught = 1 - standing / lies;
          assert.ok(caught >= LEAST_CAUGHT, told);
        });
      }
      await t.step("replayed leases", async () => {
        const { said, counted } = await arena.replay(SEED);
        assert.equal(said, 5);
        assert.equal(counted, 0);
      });
    } finally {
      await arena.close();
    }
  },
});
