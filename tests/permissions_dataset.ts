import { SourceError } from "../worker/data/dataset_sources.ts";
import { fashionMnist } from "../worker/data/fashion_mnist.ts";
import { findDataset } from "../worker/data/find_dataset.ts";

/** For `permissions_test.ts`: looks for the data set where it is nowhere. */
const [folder = ""] = Deno.args;
try {
  await findDataset(fashionMnist, {
    cacheDir: folder,
    // Wherever this machine has it.
    debian: { name: "dataset-fashion-mnist", folder: `${folder}/none` },
    fetch: () => Promise.reject(new TypeError("no network")),
    run: (command) => Promise.reject(new SourceError(`${command} cannot`)),
  });
} catch (error) {
  console.log(`${error instanceof Error ? error.name : error}`);
}
