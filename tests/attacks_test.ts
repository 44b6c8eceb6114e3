import assert from "node:assert/strict";
import { openArena } from "./attacks/arena.ts";
import { liars } from "./attacks/liars.ts";

const SEED = 7;

Deno.test({
  name:
    "attacks: false results are detected, honest volunteers are not refused, and every study ends",
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
          // Attacks that no repetition detects are flagged as odd.
          assert.ok(lies > 0 && (standing === 0 || rest.flagged), told);
          assert.equal(rest.honestFlagged, false, told);
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
