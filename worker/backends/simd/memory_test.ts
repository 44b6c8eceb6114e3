import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { identityOrder } from "../../random/draws.ts";
import { createNetwork } from "../../training/networks.ts";
import { exampleData } from "../../training/example_data.ts";
import { Recipe } from "../../../protocol/study.ts";
import { trainStep } from "../../training/network.ts";
import { gatherImages, gatherLabels } from "../../training/kernels.ts";
import { registerSimdBackend, SIMD } from "./simd_backend.ts";
import { kernelFile } from "./build.ts";
import { SimdBackend } from "./simd_backend.ts";

/** In its own file, because a thread's memory never shrinks. */

Deno.test("simd: a thread trains and evaluates the seed's network in 32 MB", async () => {
  const variant = "plain";
  await registerSimdBackend({ bytes: await kernelFile(variant), variant });
  await tf.setBackend(SIMD);
  const { train, test } = exampleData({
    classes: 10,
    size: 784,
    train: 768,
    test: 1000,
  });
  const order = identityOrder(1000);
  const network = createNetwork("fused", {
    sizes: [784, 256, 256, 10],
    rates: [0.2, 0.5],
    replicate: { seed: 0, replicate: 0 },
    weightStd: 0.01,
  });
  const recipe = Recipe.parse({ learningRate: 0.5 });
  for (let step = 0; step < 3; step++) {
    tf.tidy(() => {
      const x = gatherImages(train.images, order, step * 256, 256);
      const y = gatherLabels(train.labels, order, step * 256, 256);
      trainStep(network, x, y, { epoch: 0, step }, recipe);
    });
    tf.tidy(() => {
      const x = gatherImages(test.images, order, 0, 1000);
      network.evaluate(x, gatherLabels(test.labels, order, 0, 1000));
    });
  }
  network.dispose();
  const backend = tf.backend();
  assert(backend instanceof SimdBackend);
  const { totalBytes } = backend.arena;
  assert(totalBytes <= 32 << 20, `${totalBytes} bytes`);
});
