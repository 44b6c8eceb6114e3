import assert from "node:assert/strict";
import {
  IdxError,
  type IdxFile,
  parseIdxDataset,
  parseIdxImages,
  parseIdxLabels,
} from "./idx.ts";

function idx(name: string, sizes: number[], elements: number[]): IdxFile {
  const header = new DataView(new ArrayBuffer(4 + 4 * sizes.length));
  header.setUint32(0, 0x0800 | sizes.length);
  sizes.forEach((size, i) => header.setUint32(4 + 4 * i, size));
  return {
    name,
    bytes: Uint8Array.from([...new Uint8Array(header.buffer), ...elements]),
  };
}

const images = idx("images", [2, 1, 3], [0, 128, 255, 1, 2, 3]);
const labels = idx("labels", [2], [1, 0]);

function changed(file: IdxFile, at: number, value: number): IdxFile {
  const bytes = file.bytes.slice();
  bytes[at] = value;
  return { name: file.name, bytes };
}

Deno.test("parseIdxImages gives count, pixels and a view of the bytes", () => {
  const parsed = parseIdxImages(images);
  assert.equal(parsed.count, 2);
  assert.equal(parsed.size, 3);
  assert.deepEqual([...parsed.bytes], [0, 128, 255, 1, 2, 3]);
  assert.equal(parsed.bytes.buffer, images.bytes.buffer);
});

Deno.test("parseIdxImages reads a file inside a larger, shared buffer", () => {
  const shared = new Uint8Array(
    new SharedArrayBuffer(images.bytes.length + 7),
  );
  shared.set(images.bytes, 5);
  const parsed = parseIdxImages({
    name: "images",
    bytes: shared.subarray(5, 5 + images.bytes.length),
  });
  assert.deepEqual([...parsed.bytes], [0, 128, 255, 1, 2, 3]);
});

Deno.test("parseIdxLabels gives the labels", () => {
  assert.deepEqual([...parseIdxLabels(labels, 2)], [1, 0]);
});

Deno.test("parseIdx… names the file and what is wrong with it", () => {
  const message = (act: () => unknown): string => {
    let text = "";
    assert.throws(act, (error) => {
      assert(error instanceof IdxError);
      text = error.message;
      return true;
    });
    return text;
  };
  const short = { name: "images", bytes: images.bytes.subarray(0, 15) };
  assert.equal(
    message(() => parseIdxImages(short)),
    "images: an IDX file of images begins with 16 bytes, this one ends after 15",
  );
  assert.equal(
    message(() => parseIdxImages(labels)),
    "labels: an IDX file of images begins with 16 bytes, this one ends after 10",
  );
  assert.equal(
    message(() => parseIdxLabels(images, 10)),
    "images: an IDX file of labels begins with 0x00000801, this one with 0x00000803",
  );
  // Type code 0x0d is float32.
  assert.equal(
    message(() => parseIdxImages(changed(images, 2, 0x0d))),
    "images: an IDX file of images begins with 0x00000803, this one with 0x00000d03",
  );
  const truncated = { name: "images", bytes: images.bytes.subarray(0, -1) };
  assert.equal(
    message(() => parseIdxImages(truncated)),
    "images: [2, 1, 3] images take 22 bytes, the file has 21",
  );
  assert.equal(
    message(() => parseIdxImages(changed(images, 7, 1))),
    "images: [1, 1, 3] images take 19 bytes, the file has 22",
  );
  assert.equal(
    message(() => parseIdxImages(idx("empty", [2, 0, 5], []))),
    "empty: images without pixels: 0 x 5",
  );
  assert.equal(
    message(() => parseIdxLabels(labels, 1)),
    "labels: label 0 is not below 1: 1",
  );
});

Deno.test("parseIdxDataset combines four files", () => {
  const data = parseIdxDataset("tiny", 2, {
    trainImages: images,
    trainLabels: labels,
    testImages: idx("test-images", [1, 3, 1], [9, 8, 7]),
    testLabels: idx("test-labels", [1], [1]),
  });
  assert.equal(data.name, "tiny");
  assert.equal(data.classes, 2);
  assert.equal(data.train.images.count, 2);
  assert.deepEqual([...data.test.labels], [1]);
});

Deno.test("parseIdxDataset refuses files that do not belong together", () => {
  const files = {
    trainImages: images,
    trainLabels: labels,
    testImages: images,
    testLabels: labels,
  };
  assert.throws(
    () =>
      parseIdxDataset("tiny", 2, {
        ...files,
        trainLabels: idx("labels", [3], [0, 1, 0]),
      }),
    { message: "labels: 3 labels for the 2 images of images" },
  );
  assert.throws(
    () =>
      parseIdxDataset("tiny", 2, {
        ...files,
        testImages: idx("test", [2, 2, 2], [0, 0, 0, 0, 0, 0, 0, 0]),
      }),
    {
      message: "test: its images have 4 pixels, those of images have 3",
    },
  );
});
