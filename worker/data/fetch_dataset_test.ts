import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import type { Sha256 } from "../../protocol/ids.ts";
import type { DatasetManifest } from "../../protocol/study.ts";
import { tinyDataset } from "../../testing/worker/tiny_dataset.ts";
import { type DatasetStore, fetchDataset, unpack } from "./fetch_dataset.ts";
import { canShareMemory } from "./dataset.ts";

const tiny = tinyDataset();
const { files } = tiny.manifest;
const gzipBySum = new Map([
  [files.trainImages.sha256, tiny.gzip.trainImages],
  [files.trainLabels.sha256, tiny.gzip.trainLabels],
  [files.testImages.sha256, tiny.gzip.testImages],
  [files.testLabels.sha256, tiny.gzip.testLabels],
]);

/** A store in memory, a coordinator with the files, and a list of requests. */
function sources() {
  const kept = new Map<Sha256, Uint8Array<ArrayBuffer>>();
  const downloads: string[] = [];
  const progress: number[] = [];
  const store: DatasetStore = {
    read: async (file) => {
      const compressed = kept.get(file.sha256);
      return compressed === undefined ? null : await unpack(file, compressed);
    },
    put: (sha256, bytes) => {
      kept.set(sha256, bytes);
      return Promise.resolve();
    },
  };
  const options = {
    store,
    signal: new AbortController().signal,
    onProgress: ({ receivedBytes, totalBytes }: {
      receivedBytes: number;
      totalBytes: number;
    }) => progress.push(receivedBytes / totalBytes),
    download: (
      { path, sha256 }: { path: string; sha256: Sha256 },
      onBytes: (received: number) => void,
    ): Promise<Uint8Array<ArrayBuffer>> => {
      downloads.push(path);
      const bytes = gzipOf(sha256);
      onBytes(bytes.length >> 1);
      onBytes(bytes.length);
      return Promise.resolve(bytes.slice());
    },
  };
  return { kept, downloads, progress, options };
}

function gzipOf(sha256: Sha256): Uint8Array<ArrayBuffer> {
  const bytes = gzipBySum.get(sha256);
  assert.ok(bytes !== undefined);
  return bytes;
}

Deno.test("fetchDataset: downloads the four files into shared memory and stores them", async () => {
  const { kept, downloads, options } = sources();
  const dataset = await fetchDataset(tiny.manifest, options);
  assert.deepEqual(
    [dataset.train.images.count, dataset.train.images.size],
    [40, 784],
  );
  assert.equal(dataset.test.images.count, 20);
  assert.deepEqual(
    Uint8Array.from(dataset.train.images.bytes),
    tiny.plain.trainImages.subarray(16),
  );
  assert.deepEqual([...dataset.test.labels.subarray(0, 3)], [0, 1, 2]);
  assert.ok(canShareMemory());
  for (const { images, labels } of [dataset.train, dataset.test]) {
    assert.ok(images.bytes.buffer instanceof SharedArrayBuffer);
    assert.ok(labels.buffer instanceof SharedArrayBuffer);
  }
  assert.equal(downloads.length, 4);
  assert.equal(kept.size, 4);
});

Deno.test("fetchDataset: does not download files that the store has", async () => {
  const { downloads, progress, options } = sources();
  await fetchDataset(tiny.manifest, options);
  downloads.length = progress.length = 0;
  const again = await fetchDataset(tiny.manifest, options);
  assert.deepEqual(downloads, []);
  assert.deepEqual(progress, []);
  assert.equal(again.train.labels.length, 40);
});

Deno.test("fetchDataset: downloads and replaces a damaged file in the store", async () => {
  const { kept, downloads, options } = sources();
  await fetchDataset(tiny.manifest, options);
  downloads.length = 0;
  const { sha256, path } = tiny.manifest.files.trainImages;
  kept.get(sha256)?.fill(7, 20, 40);
  await fetchDataset(tiny.manifest, options);
  assert.deepEqual(downloads, [path]);
  assert.deepEqual(kept.get(sha256), tiny.gzip.trainImages);
});

Deno.test("fetchDataset: a failing store only costs downloads", async () => {
  const { downloads, options } = sources();
  const broken = () => Promise.reject(new Error("quota exceeded"));
  const store = { read: broken, put: broken };
  const dataset = await fetchDataset(tiny.manifest, { ...options, store });
  assert.equal(dataset.test.labels.length, 20);
  assert.equal(downloads.length, 4);
});

Deno.test("fetchDataset: progress rises from the first byte to all", async () => {
  const { progress, options } = sources();
  await fetchDataset(tiny.manifest, options);
  assert.ok(progress.length >= 8);
  assert.deepEqual(progress, progress.toSorted((a, b) => a - b));
  assert.equal(progress.at(-1), 1);
});

Deno.test("fetchDataset: progress rises to all if files come in other sizes than the manifest says", async () => {
  for (const more of [-20, 20]) {
    const { progress, options } = sources();
    const resized = (file: typeof files.testImages) => ({
      ...file,
      compressedBytes: file.compressedBytes + more,
    });
    const manifest = {
      ...tiny.manifest,
      files: {
        trainImages: resized(files.trainImages),
        trainLabels: resized(files.trainLabels),
        testImages: resized(files.testImages),
        testLabels: resized(files.testLabels),
      },
    };
    await fetchDataset(manifest, options);
    assert.deepEqual(progress, progress.toSorted((a, b) => a - b));
    assert.equal(progress.at(-1), 1);
  }
});

Deno.test("fetchDataset: refuses data that differ from the manifest and does not store them", async () => {
  const other = tinyDataset({ train: 41 });
  for (
    const [bytes, message] of [
      [
        tinyDataset({ test: 19 }).gzip.testLabels,
        /decompresses to 27 bytes, not 28/,
      ],
      [tiny.gzip.testLabels.subarray(0, 20), /is damaged/],
      [new Uint8Array([1, 2, 3]), /is damaged/],
      [swapped(), /has a SHA-256 that differs from its name/],
      [other.gzip.trainImages, /decompresses to more than 28 bytes/],
    ] as const
  ) {
    const { kept, options } = sources();
    const { sha256 } = tiny.manifest.files.testLabels;
    await assert.rejects(
      fetchDataset(tiny.manifest, {
        ...options,
        download: (file, onBytes) =>
          file.sha256 === sha256
            ? Promise.resolve(new Uint8Array(bytes))
            : options.download(file, onBytes),
      }),
      { name: "DamagedDataError", message },
    );
    assert.equal(kept.has(sha256), false);
  }
});

/** The test labels' file with another label, of the same size. */
function swapped(): Uint8Array {
  const bytes = tiny.plain.testLabels.slice();
  bytes[8] = 9;
  return gzipSync(bytes);
}

Deno.test("fetchDataset: refuses a manifest larger than the memory limit before any download", async () => {
  const { downloads, options } = sources();
  const { trainImages } = files;
  const huge: DatasetManifest = {
    ...tiny.manifest,
    files: {
      ...files,
      trainImages: { ...trainImages, bytes: 2 ** 40 },
    },
  };
  await assert.rejects(fetchDataset(huge, options), /larger than 1073741824/);
  assert.deepEqual(downloads, []);
});

Deno.test("fetchDataset: refuses files that are not a data set", async () => {
  const { options } = sources();
  const mixed: DatasetManifest = {
    ...tiny.manifest,
    files: { ...files, testLabels: files.trainLabels },
  };
  await assert.rejects(fetchDataset(mixed, options), {
    name: "IdxError",
    message: /40 labels for the 20 images/,
  });
});
