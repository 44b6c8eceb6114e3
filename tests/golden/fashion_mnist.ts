import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { DatasetFileName } from "../../protocol/study.ts";
import type { Dataset } from "../../worker/data/dataset.ts";
import { fashionMnist } from "../../worker/data/fashion_mnist.ts";
import { findDataset } from "../../worker/data/find_dataset.ts";
import { loadDataset, shareBytes } from "../../worker/data/dataset.ts";

/**
 * Fashion-MNIST in memory that threads can share.
 *
 * @param downloads false: only from this machine
 * @throws {DatasetNotFoundError} if it is unavailable
 */
export async function loadFashionMnist(downloads: boolean): Promise<Dataset> {
  const found = await findDataset(fashionMnist, {
    cacheDir: fileURLToPath(new URL("../../.cache/data", import.meta.url)),
    downloads,
    log: (line) => console.error(line),
  });
  const read = async (name: DatasetFileName) => {
    const { sha256 } = found.manifest.files[name];
    return shareBytes(
      gunzipSync(await readFile(`${found.folder}/${sha256}.gz`)),
    );
  };
  return loadDataset(found.manifest, {
    trainImages: await read("trainImages"),
    trainLabels: await read("trainLabels"),
    testImages: await read("testImages"),
    testLabels: await read("testLabels"),
  });
}
