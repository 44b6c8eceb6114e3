import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { firstLosses } from "../../../testing/kernels/simd.ts";
import { simdConformance } from "../../../testing/kernels/simd_conformance.ts";
import { SIMD } from "./simd_backend.ts";

simdConformance("plain");

for (const network of ["fused", "scratch", "layers"] as const) {
  // Without relaxed instructions WebAssembly defines every rounding, so all
  // engines compute the same bits.
  Deno.test(`simd plain: six steps of the ${network} network give the recorded bits`, async () => {
    await tf.setBackend(SIMD);
    assert.deepEqual(firstLosses(network, 6), [
      2.242041304304793,
      2.2122885214315877,
      2.2895619160420186,
      2.2220873446077913,
      2.184062854663746,
      2.297628660459776,
    ]);
  });
}
