import assert from "node:assert/strict";
import { notIdx } from "./file_kind.ts";
import { type IdxFile, parseIdxDataset, scanIdx } from "./idx.ts";

function idx(name: string, sizes: number[], elements: number[]): IdxFile {
  const header = new DataView(new ArrayBuffer(4 + 4 * sizes.length));
  header.setUint32(0, 0x0800 | sizes.length);
  sizes.forEach((size, i) => header.setUint32(4 + 4 * i, size));
  return {
    name,
    bytes: Uint8Array.from([...new Uint8Array(header.buffer), ...elements]),
  };
}

const good = {
  trainImages: idx("train-images", [2, 1, 3], [0, 128, 255, 1, 2, 3]),
  trainLabels: idx("train-labels", [2], [1, 0]),
  testImages: idx("test-images", [1, 3, 1], [9, 8, 7]),
  testLabels: idx("test-labels", [1], [1]),
};

const parse = (files: Partial<typeof good> = {}, classes = 2) =>
  parseIdxDataset("tiny", classes, { ...good, ...files });

Deno.test("parseIdxDataset gives views of the four files' bytes", () => {
  const { name, classes, train, test } = parse();
  assert.deepEqual([name, classes], ["tiny", 2]);
  assert.deepEqual([train.images.count, train.images.size], [2, 3]);
  assert.deepEqual([...train.images.bytes], [0, 128, 255, 1, 2, 3]);
  assert.equal(train.images.bytes.buffer, good.trainImages.bytes.buffer);
  assert.deepEqual([...train.labels], [1, 0]);
  assert.equal(test.images.count, 1);
  assert.deepEqual([...test.labels], [1]);
});

Deno.test("parseIdxDataset reads a file inside a larger, shared buffer", () => {
  const { bytes } = good.trainImages;
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length + 7));
  shared.set(bytes, 5);
  const trainImages = {
    name: "train-images",
    bytes: shared.subarray(5, 5 + bytes.length),
  };
  assert.deepEqual(
    [...parse({ trainImages }).train.images.bytes],
    [0, 128, 255, 1, 2, 3],
  );
});

Deno.test("scanIdx finds the first label of each value, however the file is cut", () => {
  const { bytes } = idx("labels", [5], [7, 3, 7, 0, 3]);
  for (const size of [1, 3, 8, 9, 100]) {
    const scan = scanIdx();
    for (let at = 0; at < bytes.length; at += size) {
      scan.see(bytes.subarray(at, at + size));
    }
    const { bytes: length, head, firstOf } = scan.facts();
    assert.equal(length, bytes.length);
    assert.deepEqual(head, bytes);
    assert.deepEqual(
      [0, 1, 3, 7].map((label) => firstOf[label]),
      [3, -1, 1, 0],
    );
  }
});

Deno.test("parseIdxDataset names the file, what is wrong with it and what is needed", () => {
  const { trainImages } = good;
  const cut = (length: number) => ({
    trainImages: {
      name: "train-images",
      bytes: trainImages.bytes.subarray(0, length),
    },
  });
  const images = "needed are images as unsigned bytes in " +
    "[images, rows, columns]";
  for (
    const [files, message] of [
      [
        cut(15),
        `train-images ends within its header, after 15 bytes; ${images}`,
      ],
      [
        cut(21),
        "train-images has 21 bytes, but its header says unsigned bytes in " +
        "[2, 1, 3], which take 22: it is cut off",
      ],
      [
        { testImages: idx("empty", [2, 0, 5], []) },
        "empty has images without pixels: unsigned bytes in [2, 0, 5]; " +
        images,
      ],
      [
        { trainLabels: idx("labels", [3], [0, 1, 0]) },
        "labels: 3 labels for the 2 images of train-images; each image " +
        "needs one",
      ],
      [
        { testImages: idx("test", [1, 2, 2], [0, 0, 0, 0]) },
        "test: its images have 2 x 2 pixels, those of train-images have 1 x 3",
      ],
    ] as const
  ) {
    assert.throws(() => parse(files), { name: "IdxError", message });
  }
});

Deno.test("notIdx tells an IDX file from others", () => {
  assert.equal(notIdx(good.trainImages.bytes), null);
  assert.equal(notIdx(new Uint8Array()), "is empty");
  assert.match(
    notIdx(Uint8Array.of(1, 8, 0, 0, 2, 0, 0, 0)) ?? "",
    /wrong order/,
  );
  assert.match(notIdx(Uint8Array.of(0xff, 1, 2, 3)) ?? "", /ff 01 02 03/);
});
