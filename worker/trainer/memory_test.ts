import assert from "node:assert/strict";
import { Recipe } from "../../protocol/recipe.ts";
import { DatasetManifest } from "../../protocol/study.ts";
import { manifest } from "../../testing/worker/fixtures.ts";
import {
  checkDataset,
  checkTraining,
  TooLargeError,
  trainingBytes,
  trainingLimit,
  usualMemory,
} from "./memory.ts";

const MB = 2 ** 20;
const GB = 2 ** 30;
const fashion = { pixels: 784, classes: 10, images: 60_000 };
const emnist = { pixels: 784, classes: 62, images: 697_932 };

/** A manifest with files of these sizes, compressed by a third. */
function dataset(images: number, pixels = 784): DatasetManifest {
  const { files, ...rest } = manifest();
  const sized = (file: typeof files.trainImages, bytes: number) => ({
    ...file,
    bytes,
    compressedBytes: Math.ceil(bytes * 0.67),
  });
  return DatasetManifest.parse({
    ...rest,
    files: {
      trainImages: sized(files.trainImages, images * pixels + 16),
      trainLabels: sized(files.trainLabels, images + 8),
      testImages: sized(files.testImages, images / 6 * pixels + 16),
      testLabels: sized(files.testLabels, images / 6 + 8),
    },
  });
}

Deno.test("trainingBytes is near what training was measured to take on simd", () => {
  // Peak of the resident memory above an idle process, in MB: one epoch in
  // Deno 2.9.6 on x86-64, with the thread's own 64 MB.
  for (
    const [recipe, shape, measured] of [
      [{}, { ...fashion, images: 2000 }, 25 + 64],
      [{ hiddenSizes: [2048, 2048] }, fashion, 131 + 64],
      [{ hiddenSizes: [4096, 4096] }, fashion, 377 + 64],
      [{ batchSize: 8192 }, fashion, 93 + 64],
      [{ batchSize: 4096, network: "layers" }, fashion, 102 + 64],
      [{ batchSize: 4096, network: "scratch" }, fashion, 260 + 64],
      [{}, { ...fashion, classes: 1000 }, 40 + 64],
      [
        { hiddenSizes: [64, 64] },
        { pixels: 262_144, classes: 10, images: 1000 },
        1518 + 64,
      ],
    ] as const
  ) {
    const bytes = trainingBytes(Recipe.parse(recipe), shape) / MB;
    const say = `${JSON.stringify(recipe)}: ${bytes} for ${measured}`;
    assert.ok(bytes > 0.85 * measured && bytes < 1.6 * measured, say);
  }
});

Deno.test("checkTraining lets honest studies pass on ordinary devices", () => {
  for (
    const [device, threads] of [[1, 4], [2, 7], [4, 7], [8, 8], [
      16,
      16,
    ]] as const
  ) {
    const bytes = usualMemory(device * GB, threads);
    const limits = { bytes, threads, shared: true };
    const small = dataset(60_000);
    checkDataset(small, limits);
    const limit = (bytes - 55 * MB) / threads;
    for (const network of ["fused", "layers", "scratch"] as const) {
      checkTraining(fashion, limit, Recipe.parse({ network }));
    }
    checkTraining(emnist, limit, Recipe.parse({}));
  }
  // EMNIST's largest part, on a browser that does not tell its memory.
  const bytes = usualMemory(4 * GB, 3);
  const limits = { bytes, threads: 3, shared: true };
  checkDataset(dataset(697_932), limits);
  // The largest network of docs/studies.md on a laptop.
  checkTraining(
    fashion,
    (usualMemory(8 * GB, 7) - 55 * MB) / 7,
    Recipe.parse({ hiddenSizes: [4096, 4096] }),
  );
});

Deno.test("checkTraining refuses what the device does not allow, and says what to do", () => {
  const largest = Recipe.parse({
    hiddenSizes: [4096, 4096],
    batchSize: 65_536,
    network: "scratch",
  });
  const limit = usualMemory(16 * GB, 8) / 8;
  assert.throws(() => checkTraining(fashion, limit, largest), (error) => {
    assert.ok(error instanceof TooLargeError);
    assert.match(
      error.message,
      /^a network of 784x4096x4096x10 with batches of 65536 needs \d+\.\d GB of memory, and each thread may use 1\.1 GB on this device: use fewer threads, or allow more memory$/,
    );
    return true;
  });
  // Two pictures of a quarter of a billion pixels are a small data set, and
  // even the steps which are measured would need hundreds of gigabytes.
  const vast = { pixels: 2 ** 28, classes: 10, images: 2 };
  assert.throws(() => checkTraining(vast, 64 * GB), TooLargeError);
});

Deno.test("checkDataset counts a copy for each thread without shared memory", () => {
  const large = dataset(600_000);
  const bytes = 3 * GB;
  checkDataset(large, { bytes, threads: 8, shared: true });
  assert.throws(
    () => checkDataset(large, { bytes, threads: 8, shared: false }),
    /^TooLargeError: data set tiny needs 5\.2 GB of memory, and training may use 3\.2 GB on this device: allow more, or join with another device$/,
  );
});

Deno.test("trainingLimit shares what the data set leaves among the threads", () => {
  const bytes = new Uint8Array(100);
  const part = {
    images: { bytes, count: 1, size: 100 },
    labels: new Uint8Array(1),
  };
  const data = { name: "none", classes: 10, train: part, test: part };
  const limits = { bytes: 1000, threads: 4 };
  assert.equal(trainingLimit(data, { ...limits, shared: true }), 200);
  assert.equal(trainingLimit(data, { ...limits, shared: false }), 50);
});
