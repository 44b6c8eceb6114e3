import { fashionMnist } from "../worker/data/fashion_mnist.ts";
import { findDataset } from "../worker/data/find_dataset.ts";
import { dataCacheDir } from "../worker/main_deno.ts";

/** Puts Fashion-MNIST where coordinators and workers look for it first. */
const { folder } = await findDataset(fashionMnist, {
  cacheDir: dataCacheDir,
  log: console.log,
});
console.log(`data set ${fashionMnist.name}: ${folder}`);
