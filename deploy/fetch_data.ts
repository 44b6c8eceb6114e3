import { fileURLToPath } from "node:url";
import { fashionMnist } from "../worker/data/fashion_mnist.ts";
import { findDataset } from "../worker/data/find_dataset.ts";

/** Stores Fashion-MNIST where coordinators and workers look for it first. */
const { folder } = await findDataset(fashionMnist, {
  cacheDir: fileURLToPath(new URL("../.cache/data", import.meta.url)),
  log: console.log,
});
console.log(`data set ${fashionMnist.name}: ${folder}`);
