import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import {
  DatasetDefinition,
  type DatasetFileName,
  type DatasetManifest,
} from "../../protocol/study.ts";

/** A data set of a few images with its files in both forms. */
export interface TinyDataset {
  readonly definition: DatasetDefinition;
  readonly manifest: DatasetManifest;
  /** Decompressed IDX files. */
  readonly plain: Readonly<Record<DatasetFileName, Uint8Array<ArrayBuffer>>>;
  readonly gzip: Readonly<Record<DatasetFileName, Uint8Array<ArrayBuffer>>>;
}

/** Images of [rows, 28] pixels in which a bright band shows the class. */
export function tinyDataset(
  { train = 40, test = 20, rows = 28, urls = () => [] }: {
    train?: number;
    test?: number;
    rows?: number;
    urls?: (fileName: string) => string[];
  } = {},
): TinyDataset {
  const plain = {
    trainImages: images(train, rows),
    trainLabels: labels(train),
    testImages: images(test, rows),
    testLabels: labels(test),
  };
  const gzip = {
    trainImages: compress(plain.trainImages),
    trainLabels: compress(plain.trainLabels),
    testImages: compress(plain.testImages),
    testLabels: compress(plain.testLabels),
  };
  const file = (part: DatasetFileName, name: string) => ({
    name,
    sha256: sha256(plain[part]),
    urls: urls(name),
  });
  const definition = DatasetDefinition.parse({
    name: "tiny",
    classes: 10,
    files: {
      trainImages: file("trainImages", "train-images-idx3-ubyte"),
      trainLabels: file("trainLabels", "train-labels-idx1-ubyte"),
      testImages: file("testImages", "t10k-images-idx3-ubyte"),
      testLabels: file("testLabels", "t10k-labels-idx1-ubyte"),
    },
  });
  const served = (part: DatasetFileName) => {
    const { sha256 } = definition.files[part];
    return {
      sha256,
      path: `/data/${sha256}.gz`,
      compressedBytes: gzip[part].length,
      bytes: plain[part].length,
    };
  };
  return {
    definition,
    manifest: {
      name: "tiny",
      classes: 10,
      files: {
        trainImages: served("trainImages"),
        trainLabels: served("trainLabels"),
        testImages: served("testImages"),
        testLabels: served("testLabels"),
      },
    },
    plain,
    gzip,
  };
}

function images(count: number, rows: number): Uint8Array<ArrayBuffer> {
  const size = rows * 28;
  const file = new Uint8Array(16 + count * size);
  const view = new DataView(file.buffer);
  [0x0803, count, rows, 28].forEach((word, i) => view.setUint32(4 * i, word));
  for (let i = 0; i < count; i++) {
    const band = Math.floor((i % 10) * size / 10);
    file.fill(200 + i % 50, 16 + i * size + band, 16 + i * size + band + 50);
  }
  return file;
}

function labels(count: number): Uint8Array<ArrayBuffer> {
  const file = new Uint8Array(8 + count);
  const view = new DataView(file.buffer);
  view.setUint32(0, 0x0801);
  view.setUint32(4, count);
  for (let i = 0; i < count; i++) file[8 + i] = i % 10;
  return file;
}

function compress(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(gzipSync(bytes));
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
