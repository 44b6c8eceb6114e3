import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import type { BackendName, EpochMetrics } from "../../protocol/training.ts";
import { startStockBackend } from "../backends/stock.ts";
import {
  BACKEND_TEST,
  testedBackends,
  titled,
} from "../../testing/kernels/backends.ts";
import { Recipe } from "../../protocol/study.ts";
import { batchOrder } from "../random/draws.ts";
import { createNetwork } from "./networks.ts";
import { exampleData } from "./example_data.ts";
import { trainStep } from "./network.ts";
import { gatherImages, gatherLabels } from "./kernels.ts";
import { trainTrial } from "./train.ts";
import { data, hooks, spec } from "../../testing/training.ts";

const STEPS = 5;
const BATCH = 256;
const { train } = exampleData({
  classes: 10,
  size: 784,
  train: STEPS * BATCH,
  test: 0,
});
const recipe = Recipe.parse({ learningRate: 0.5 });
const replicate = { seed: 0, replicate: 0 };

/**
 * Mean losses of the first steps of the seed's network and recipe. The seed's
 * initial weights are so small that five steps change little; larger ones
 * change more.
 */
async function firstLosses(weightStd: number): Promise<number[]> {
  const network = createNetwork("fused", {
    sizes: [784, 256, 256, 10],
    rates: [0.2, 0.5],
    replicate,
    weightStd,
  });
  const order = batchOrder(replicate, 0, train.images.count);
  const losses: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    const stats = tf.tidy(() =>
      trainStep(
        network,
        gatherImages(train.images, order, step * BATCH, BATCH),
        gatherLabels(train.labels, order, step * BATCH, BATCH),
        { epoch: 0, step },
        recipe,
      )
    );
    losses.push(((await stats.data())[0] ?? NaN) / BATCH);
    stats.dispose();
  }
  network.dispose();
  return losses;
}

const FIGURES = [
  "trainLoss",
  "trainAccuracy",
  "trainLossDropoutOff",
  "testLoss",
  "testAccuracy",
] as const;
type Figures = Pick<EpochMetrics, (typeof FIGURES)[number]>;

/** Final figures of three replicates of a small trial. */
async function finalFigures(backend: BackendName): Promise<Figures[]> {
  const finals: Figures[] = [];
  for (let replicate = 0; replicate < 3; replicate++) {
    const on = hooks({ backend });
    const result = await trainTrial(spec({ replicate }), data, on);
    finals.push(...result?.epochs.slice(-1) ?? []);
  }
  return finals;
}

function meanAndSd(values: readonly number[]): [mean: number, sd: number] {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const squares = values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  return [mean, Math.sqrt(squares / (values.length - 1))];
}

await startStockBackend("cpu");
const finalsOnCpu = await finalFigures("cpu");
const WEIGHT_STDS = [0.01, 0.05];
const onCpu: number[][] = [];
for (const weightStd of WEIGHT_STDS) onCpu.push(await firstLosses(weightStd));

Deno.test("the loss of the first 5 steps on cpu starts at that of guessing and decreases", () => {
  for (const losses of onCpu) {
    const [first = NaN] = losses;
    // ln 10 is the loss of guessing among ten classes.
    assert(Math.abs(first - Math.log(10)) < 0.2, `${losses}`);
    assert((losses.at(-1) ?? NaN) < first, `${losses}`);
  }
});

for (const tested of await testedBackends()) {
  const { backend, start, skip } = tested;
  if (backend === "cpu") continue;
  Deno.test({
    ...BACKEND_TEST,
    name: titled(
      `the losses of the first 5 steps on ${backend} equal those on cpu to 1e-4`,
      tested,
    ),
    ignore: skip !== undefined,
    fn: async () => {
      await start();
      for (const [i, weightStd] of WEIGHT_STDS.entries()) {
        const losses = await firstLosses(weightStd);
        losses.forEach((loss, step) => {
          const wanted = onCpu[i]?.[step] ?? NaN;
          assert(
            Math.abs(loss - wanted) < 1e-4,
            `weights of ${weightStd}, step ${step}: ${loss}, not ${wanted}`,
          );
        });
      }
    },
  });

  Deno.test({
    ...BACKEND_TEST,
    name: titled(
      `whole trials on ${backend} end within the spread of cpu's replicates`,
      tested,
    ),
    ignore: skip !== undefined,
    fn: async () => {
      await start();
      const finals = await finalFigures(backend);
      for (const name of FIGURES) {
        const [mean] = meanAndSd(finals.map((figures) => figures[name]));
        const [wanted, sd] = meanAndSd(finalsOnCpu.map((f) => f[name]));
        assert(
          Math.abs(mean - wanted) <= sd,
          `${name}: ${mean}, not ${wanted} ± ${sd}`,
        );
      }
    },
  });
}
