import assert from "node:assert/strict";
import type { EpochMetrics } from "../protocol/training.ts";
import { seedStudy } from "../coordinator/study/builtin.ts";
import { planStudy } from "../coordinator/study/plan.ts";
import { DatasetNotFoundError } from "../worker/data/find_dataset.ts";
import { loadFashionMnist } from "./golden/fashion_mnist.ts";
import { referencePoints } from "./golden/reference.ts";
import { startTrainers } from "./golden/trainers.ts";

/**
 * The seed study's baseline on the real data, on a real trainer thread, beside
 * PyTorch. `deno task bench golden` trains every reference point to the end.
 */
const baseline = { dropout1: 0.2, dropout2: 0.5 };

/**
 * How far one trial may lie from PyTorch's mean at epochs 1 and 2: four
 * standard deviations between seeds, 0.046 and 0.011 over eight runs of
 * PyTorch 1.13.1 with the reference's recipe.
 */
const TOLERANCES = [0.19, 0.045];

const data = await loadFashionMnist(false).catch((error: unknown) => {
  if (error instanceof DatasetNotFoundError) return null;
  throw error;
});

Deno.test({
  name: "the seed study's baseline trains as PyTorch's does" +
    (data === null ? " (skipped: no Fashion-MNIST on this machine)" : ""),
  ignore: data === null,
  fn: async () => {
    assert(data !== null);
    const reference = referencePoints.find((point) =>
      point.dropout1 === baseline.dropout1 &&
      point.dropout2 === baseline.dropout2
    );
    assert(reference !== undefined);
    const { trials: [trial] } = planStudy(seedStudy, {
      points: [baseline],
      replicates: 1,
      epochs: TOLERANCES.length,
    });
    assert(trial !== undefined);

    const [trainer] = await startTrainers(data, "auto", 1);
    assert(trainer !== undefined);
    try {
      const reported: EpochMetrics[] = [];
      const trained = await trainer.train(
        trial,
        { onEpoch: (epoch) => reported.push(epoch), onProgress: () => {} },
        new AbortController().signal,
      );
      const result = trained?.result;
      assert(result?.outcome === "trained");
      assert.deepEqual(reported, result.epochs);
      assert.equal(result.epochs.length, TOLERANCES.length);
      result.epochs.forEach(({ trainLoss }, i) => {
        const expected = reference.trainLossByEpoch[i] ?? NaN;
        assert(
          Math.abs(trainLoss - expected) < (TOLERANCES[i] ?? 0),
          `epoch ${i + 1}: training loss ${trainLoss}, PyTorch's ${expected}`,
        );
      });
      const last = result.epochs.at(-1);
      assert(last !== undefined);
      // With dropout off the same weights do better than with it on.
      assert(last.trainLossDropoutOff < last.trainLoss);
      assert(last.testAccuracy > 0.6, `test accuracy ${last.testAccuracy}`);
    } finally {
      trainer.close();
    }
  },
});
