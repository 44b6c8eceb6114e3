import * as tf from "@tensorflow/tfjs";
import {
  registerSimdBackend,
  SIMD,
} from "../../worker/backends/simd/simd_backend.ts";
import { loadKernels } from "../../worker/backends/simd/loader.ts";
import type { Request } from "./requests.ts";
import { createRunner } from "./runner.ts";

/** The page's side: prepares itself, then answers Playwright's requests. */
const bytes = async (name: string) =>
  new Uint8Array(await (await fetch(name)).arrayBuffer());

const kernels = await loadKernels(new URL("./", location.href).href);
if (kernels === null) throw new Error("bench: no WebAssembly SIMD here");
tf.enableProdMode();
await registerSimdBackend(kernels);
await tf.setBackend(SIMD);
const train = await bytes("train-images");
const test = await bytes("test-images");
const runner = createRunner({
  name: "fashion-mnist",
  classes: 10,
  train: {
    images: { bytes: train, count: train.length / 784, size: 784 },
    labels: await bytes("train-labels"),
  },
  test: {
    images: { bytes: test, count: test.length / 784, size: 784 },
    labels: await bytes("test-labels"),
  },
}, { stock: false });

Object.assign(globalThis, { answer: (request: Request) => runner(request) });
