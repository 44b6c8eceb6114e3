import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { StudyId } from "../../protocol/ids.ts";
import { seedStudy } from "../study/builtin.ts";
import { planStudy } from "../study/plan.ts";
import { openStorage } from "./open_storage.ts";

/**
 * Two trials of `seed` with one epoch each, trained and accepted by commit
 * 359beb9, the last one without the recipe field `weightDecay`:
 * `deno task start --points "0.2,0.5;0.5,0.2" --epochs 1 --replicates 1 --exit
 * --trust-workers --db FILE`, then SQLite's VACUUM without its log.
 */
const file = fileURLToPath(
  new URL(
    "../../testing/storage/databases/before_weight_decay.sqlite",
    import.meta.url,
  ),
);

const overrides = {
  points: [{ dropout1: 0.2, dropout2: 0.5 }, { dropout1: 0.5, dropout2: 0.2 }],
  epochs: 1,
  replicates: 1,
};

async function planned(plan: ReturnType<typeof planStudy>) {
  const folder = await Deno.makeTempDir();
  try {
    const copy = `${folder}/swarm.db`;
    await Deno.copyFile(file, copy);
    const { storage } = await openStorage(copy);
    try {
      const outcome = await storage.plan(plan.definition, plan.trials);
      const id = StudyId.parse("seed");
      const curves = await storage.curves(id, { limit: 10, offset: 0 });
      return { outcome, curves };
    } finally {
      await storage.close();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("planStudy: a file older than a recipe field keeps its trials and results", async () => {
  const { outcome, curves } = await planned(planStudy(seedStudy, overrides));
  assert.equal(outcome.added, 0);
  assert.equal(outcome.restored, 0);
  assert.equal(outcome.unplanned, 0);
  assert.deepEqual(
    curves.map(({ state, epochs }) => [state, epochs.length]),
    [["completed", 1], ["completed", 1]],
  );
});

Deno.test("planStudy: another value of that field is another trial", async () => {
  const { outcome } = await planned(planStudy({
    ...seedStudy,
    recipe: { ...seedStudy.recipe, weightDecay: 0.001 },
  }, overrides));
  assert.deepEqual([outcome.added, outcome.unplanned], [2, 2]);
});
