import type { DatasetFileName } from "../../protocol/study.ts";
import type { ByteImages, Dataset, LabelledImages } from "./dataset.ts";

/**
 * IDX, the format of MNIST's files: two zero bytes, a byte for the type of the
 * elements, a byte for the number of dimensions, each dimension as a big-endian
 * uint32, then the elements, rows first.
 *
 * Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten
 * digits", section "File formats for the MNIST database".
 */

/** Type code of unsigned bytes, the only type in MNIST-like sets. */
const UNSIGNED_BYTE = 0x08;

/** A decompressed file; `name` is for error messages. */
export interface IdxFile {
  readonly name: string;
  /** Its contents, possibly shared. Results are views of it, not copies. */
  readonly bytes: Uint8Array;
}

/** The file is not the expected IDX file; the message names it. */
export class IdxError extends Error {
  override readonly name = "IdxError";
}

/**
 * Reads an image file, [count, rows, columns] of bytes.
 *
 * @throws {IdxError} if the file is not valid
 */
export function parseIdxImages(file: IdxFile): ByteImages {
  const { sizes: [count = 0, rows = 0, columns = 0], elements } = parse(
    file,
    3,
    "images",
  );
  if (rows * columns === 0) {
    throw new IdxError(
      `${file.name}: images without pixels: ${rows} x ${columns}`,
    );
  }
  return { bytes: elements, count, size: rows * columns };
}

/**
 * Reads a label file, [count] of bytes below `classes`.
 *
 * @throws {IdxError} if the file is not valid
 */
export function parseIdxLabels(file: IdxFile, classes: number): Uint8Array {
  const { elements } = parse(file, 1, "labels");
  const wrong = elements.findIndex((label) => label >= classes);
  if (wrong !== -1) {
    throw new IdxError(
      `${file.name}: label ${wrong} is not below ${classes}: ${
        elements[wrong]
      }`,
    );
  }
  return elements;
}

/**
 * Builds a data set from its four files.
 *
 * @throws {IdxError} if a file is broken or two files do not match
 */
export function parseIdxDataset(
  name: string,
  classes: number,
  files: Readonly<Record<DatasetFileName, IdxFile>>,
): Dataset {
  const train = labelled(files.trainImages, files.trainLabels, classes);
  const test = labelled(files.testImages, files.testLabels, classes);
  if (train.images.size !== test.images.size) {
    throw new IdxError(
      `${files.testImages.name}: its images have ${test.images.size} pixels, ` +
        `those of ${files.trainImages.name} have ${train.images.size}`,
    );
  }
  return { name, classes, train, test };
}

function labelled(
  imageFile: IdxFile,
  labelFile: IdxFile,
  classes: number,
): LabelledImages {
  const images = parseIdxImages(imageFile);
  const labels = parseIdxLabels(labelFile, classes);
  if (labels.length !== images.count) {
    throw new IdxError(
      `${labelFile.name}: ${labels.length} labels for the ${images.count} ` +
        `images of ${imageFile.name}`,
    );
  }
  return { images, labels };
}

function parse(
  { name, bytes }: IdxFile,
  dimensions: number,
  what: string,
): { sizes: number[]; elements: Uint8Array } {
  const header = 4 + 4 * dimensions;
  if (bytes.length < header) {
    throw new IdxError(
      `${name}: an IDX file of ${what} begins with ${header} bytes, ` +
        `this one ends after ${bytes.length}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0);
  const expected = (UNSIGNED_BYTE << 8) | dimensions;
  if (magic !== expected) {
    throw new IdxError(
      `${name}: an IDX file of ${what} begins with ${hex(expected)}, ` +
        `this one with ${hex(magic)}`,
    );
  }
  const sizes: number[] = [];
  for (let i = 0; i < dimensions; i++) sizes.push(view.getUint32(4 + 4 * i));
  const length = sizes.reduce((product, size) => product * size, 1);
  if (bytes.length !== header + length) {
    throw new IdxError(
      `${name}: [${sizes.join(", ")}] ${what} take ${header + length} bytes, ` +
        `the file has ${bytes.length}`,
    );
  }
  return { sizes, elements: bytes.subarray(header) };
}

function hex(word: number): string {
  return `0x${word.toString(16).padStart(8, "0")}`;
}
