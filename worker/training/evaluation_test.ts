import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { registerPortableKernels } from "../backends/stock.ts";
import { evaluateWeights } from "./evaluation.ts";
import { trainTrial } from "./train.ts";
import { data, hooks, spec } from "../../testing/training.ts";

const sizes = [20, 12, 9, 4] as const;

async function trained(network: "fused" | "scratch" | "layers") {
  await tf.setBackend("cpu");
  registerPortableKernels("cpu");
  let packed: ArrayBuffer | undefined;
  const result = await trainTrial(spec({ recipe: { network } }), data, {
    ...hooks(),
    onWeights: (weights) => {
      packed = weights;
    },
  });
  assert.ok(packed !== undefined && result?.outcome === "trained");
  return { packed: new Float32Array(packed), last: result.epochs.at(-1) };
}

for (const network of ["fused", "scratch", "layers"] as const) {
  Deno.test(`evaluateWeights of a trained ${network} network: its last test figures, and no tensor left`, async () => {
    const { packed, last } = await trained(network);
    const before = tf.memory().numTensors;
    const { loss, accuracy } = await evaluateWeights(sizes, packed, data.test);
    assert.equal(tf.memory().numTensors, before);
    assert.ok(Math.abs(loss - (last?.testLoss ?? NaN)) < 1e-6);
    assert.equal(accuracy, last?.testAccuracy);
  });
}

Deno.test("evaluateWeights: NaN weights give no finite loss", async () => {
  const { packed } = await trained("fused");
  packed[5] = NaN;
  const { loss } = await evaluateWeights(sizes, packed, data.test);
  assert.ok(!Number.isFinite(loss));
});

Deno.test("evaluateWeights: refuses another network's weights", async () => {
  const { packed } = await trained("fused");
  await assert.rejects(
    evaluateWeights(sizes, packed.subarray(1), data.test),
    RangeError,
  );
});
