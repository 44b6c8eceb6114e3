import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { parseStudy } from "../coordinator/study/parse.ts";
import { planStudy } from "../coordinator/study/plan.ts";
import type { Recipe } from "../protocol/recipe.ts";
import {
  BACKEND_TEST,
  testedBackends,
  titled,
} from "../testing/kernels/backends.ts";
import { data, hooks } from "../testing/training.ts";
import { startStockBackend } from "../worker/backends/stock.ts";
import { identityOrder } from "../worker/random/draws.ts";
import { gatherImages, gatherLabels } from "../worker/training/kernels.ts";
import { readParameters, trainStep } from "../worker/training/network.ts";
import { createNetwork } from "../worker/training/networks.ts";
import { trainTrial } from "../worker/training/train.ts";
import reference from "./golden/pytorch_weight_decay_steps.json" with {
  type: "json",
};
import {
  BATCH,
  options,
  positionOf,
  STEPS,
  train,
  update,
} from "./golden/weight_decay_steps.ts";

for (const tested of await testedBackends()) {
  const { backend, start, skip } = tested;
  for (const name of ["fused", "scratch", "layers"] as const) {
    Deno.test({
      ...BACKEND_TEST,
      name: titled(
        `weight decay, ${name} network on ${backend}: ${STEPS} steps with dropout as PyTorch's SGD takes them`,
        tested,
      ),
      ignore: skip !== undefined,
      fn: async () => {
        await start();
        const network = createNetwork(name, options);
        const order = identityOrder(BATCH);
        const images = gatherImages(train.images, order, 0, BATCH);
        const labels = gatherLabels(train.labels, order, 0, BATCH);
        for (let step = 0; step < STEPS; step++) {
          const stats = trainStep(
            network,
            images,
            labels,
            positionOf(step),
            update,
          );
          const [loss = NaN] = await stats.data();
          assertNear([loss / BATCH], [reference.losses[step] ?? NaN]);
          stats.dispose();
        }
        const parameters = await readParameters(network);
        assert.equal(parameters.length, reference.parameters.length);
        parameters.forEach((values, i) =>
          assertNear(values, reference.parameters[i] ?? [])
        );
        network.dispose();
        tf.dispose([images, labels]);
      },
    });
  }
}

/** Float32 against PyTorch's float64. */
function assertNear(actual: ArrayLike<number>, expected: readonly number[]) {
  assert.equal(actual.length, expected.length);
  expected.forEach((wanted, i) => {
    const value = actual[i] ?? NaN;
    assert(Math.abs(value - wanted) < 1e-5, `${i}: ${value}, not ${wanted}`);
  });
}

const recipe = {
  hiddenSizes: [12, 9],
  epochs: 2,
  batchSize: 128,
  learningRate: 0.2,
  weightStd: 0.3,
  dropout1: 0.2,
  dropout2: 0.5,
} satisfies Partial<Recipe>;

/** Figures of the only trial of a study, its times left out. */
async function figures(
  recipe: Partial<Recipe>,
  points: readonly Partial<Recipe>[],
) {
  const study = parseStudy(JSON.stringify({
    id: "decay",
    title: { en: "decay", zh: "衰减" },
    searchSpace: { points },
    replicates: 1,
    recipe,
  }));
  const { trials } = planStudy(study);
  assert.equal(trials.length, points.length);
  const made: unknown[] = [];
  for (const trial of trials) {
    const result = await trainTrial(trial, data, hooks());
    assert(result?.outcome === "trained");
    made.push(result.epochs.map(({ seconds: _, ...rest }) => rest));
  }
  return made;
}

Deno.test("weight decay as an axis and as a recipe field gives the same bits", async () => {
  await startStockBackend("cpu");
  const asAxis = await figures(recipe, [
    { weightDecay: 0 },
    { weightDecay: 0.01 },
  ]);
  const { learningRate, ...others } = recipe;
  const inRecipe = await figures({ ...others, weightDecay: 0.01 }, [
    { learningRate },
  ]);
  const absent = await figures(others, [{ learningRate }]);
  assert.deepEqual(asAxis, [...absent, ...inRecipe]);
  assert.notDeepEqual(absent, inRecipe);
});
