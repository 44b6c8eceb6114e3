import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
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

Deno.test("datasetFolder.add and put replace no right file, whichever of two is first, but a damaged one", async () => {
  const compressed = [1, 6, 9].map((level) =>
    Uint8Array.from(gzipSync(tiny.plain.testImages, { level }))
  );
  const sizes = compressed.map(({ length }) => length);
  assert.equal(new Set(sizes).size, 3);
  await withFolder(async (folder) => {
    const path = folder.path(file.sha256);
    const size = async () => (await Deno.stat(path)).size;
    const add = (bytes: Uint8Array<ArrayBuffer>) =>
      folder.add(new Blob([bytes]).stream(), file.sha256);
    // At once.
    const added = await Promise.all(compressed.map(add));
    const first = await size();
    assert.ok(sizes.includes(first));
    for (const { compressedBytes, bytes } of added) {
      assert.deepEqual([compressedBytes, bytes], [first, file.bytes]);
    }
    for (const bytes of compressed) {
      assert.equal((await add(bytes)).compressedBytes, first);
      await folder.put(file.sha256, bytes);
      assert.equal(await size(), first);
    }
    await Deno.writeTextFile(path, "damaged");
    await folder.put(file.sha256, tiny.gzip.testImages);
    assert.equal(await size(), tiny.gzip.testImages.length);
    const names = [...Deno.readDirSync(folder.directory)].map((e) => e.name);
    assert.deepEqual(names, [`${file.sha256}.gz`]);
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
