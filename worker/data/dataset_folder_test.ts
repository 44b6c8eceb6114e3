import assert from "node:assert/strict";
import { tinyDataset } from "../../testing/worker/tiny_dataset.ts";
import { datasetFolder, WrongFileError } from "./dataset_folder.ts";

const tiny = tinyDataset();
const file = tiny.manifest.files.testImages;

async function withFolder(
  test: (folder: ReturnType<typeof datasetFolder>) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "dataset-folder-" });
  try {
    await test(datasetFolder(directory));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("datasetFolder.read decompresses into memory that threads share", async () => {
  await withFolder(async (folder) => {
    assert.equal(await folder.read(file), null);
    await folder.put(file.sha256, tiny.gzip.testImages);
    const bytes = await folder.read(file);
    assert(bytes?.buffer instanceof SharedArrayBuffer);
    assert.deepEqual(Uint8Array.from(bytes), tiny.plain.testImages);
  });
});

Deno.test("datasetFolder.read refuses a damaged file and a file of another length", async () => {
  await withFolder(async (folder) => {
    await folder.put(file.sha256, tiny.gzip.testLabels);
    await assert.rejects(folder.read(file), WrongFileError);
    await folder.put(file.sha256, tiny.gzip.testImages);
    for (const bytes of [file.bytes - 1, file.bytes + 1]) {
      await assert.rejects(folder.read({ ...file, bytes }), WrongFileError);
    }
  });
});
