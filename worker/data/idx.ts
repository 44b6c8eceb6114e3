import type { DatasetFileName } from "../../protocol/study.ts";
import { MOST_EXAMPLES } from "../random/draws.ts";
import type { Dataset, LabelledImages } from "./dataset.ts";
import { HEAD, notIdx } from "./file_kind.ts";

/**
 * IDX, the format of MNIST's files: two zero bytes, a byte for the type of the
 * elements, a byte for the number of dimensions, each dimension as a big-endian
 * uint32, then the elements, rows first.
 *
 * Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten
 * digits", section "File formats for the MNIST database".
 */

/** Type code of unsigned bytes, the only type that is trained on. */
const UNSIGNED_BYTE = 0x08;

const TYPES: Readonly<Record<number, string>> = {
  [UNSIGNED_BYTE]: "unsigned bytes",
  0x09: "signed bytes",
  0x0b: "16-bit integers",
  0x0c: "32-bit integers",
  0x0d: "32-bit floats",
  0x0e: "64-bit floats",
};

/** Bytes of a label file before its labels. */
const LABELS_HEADER = 8;

/** A decompressed file; `name` is for error messages. */
export interface IdxFile {
  readonly name: string;
  /** Its contents, possibly shared. Results are views of it, not copies. */
  readonly bytes: Uint8Array;
}

/** The file is not the expected IDX file; the message names it. */
export class IdxError extends Error {
  /** The error's name, which identifies it across threads. */
  override readonly name = "IdxError";
}

/** All that has to be known of a file to check it, without its contents. */
export interface IdxFacts {
  readonly bytes: number;
  /** Its first bytes. */
  readonly head: Uint8Array;
  /** Place of the first label of each value, from 0; -1: no such label. */
  readonly firstOf: Int32Array;
}

/** Gathers a file's facts from its chunks, in order. */
export function scanIdx(): {
  readonly see: (chunk: Uint8Array) => void;
  readonly facts: () => IdxFacts;
} {
  const head = new Uint8Array(HEAD);
  const firstOf = new Int32Array(256).fill(-1);
  let bytes = 0;
  return {
    see(chunk) {
      if (bytes < HEAD) head.set(chunk.subarray(0, HEAD - bytes), bytes);
      // Images are many and say nothing; labels are few.
      if (bytes + chunk.length > LABELS_HEADER && isLabels(head)) {
        const start = Math.max(0, LABELS_HEADER - bytes);
        for (let i = start; i < chunk.length; i++) {
          const label = chunk[i] ?? 0;
          if (firstOf[label] === -1) firstOf[label] = bytes + i - LABELS_HEADER;
        }
      }
      bytes += chunk.length;
    },
    facts: () => ({ bytes, head: head.subarray(0, bytes), firstOf }),
  };
}

const isLabels = (head: Uint8Array) =>
  head[0] === 0 && head[1] === 0 && head[2] === UNSIGNED_BYTE && head[3] === 1;

/** A file's name for messages, and its facts. */
export interface ScannedFile {
  readonly name: string;
  readonly facts: IdxFacts;
}

/** Numbers of images, and pixels of each image. */
export interface IdxCounts {
  readonly train: number;
  readonly test: number;
  readonly pixels: number;
}

/**
 * Checks that four files are a data set that can be trained on: what a
 * coordinator does before it serves them, and a worker before it trains.
 *
 * @throws {IdxError} with one line: which file, what was found, what is needed.
 */
export function checkIdxDataset(
  classes: number,
  files: Readonly<Record<DatasetFileName, ScannedFile>>,
): IdxCounts {
  const { trainImages, trainLabels, testImages, testLabels } = files;
  for (const [images, labels] of pairsOf(files)) {
    if (holds(images) === "labels" && holds(labels) === "images") {
      throw new IdxError(
        `${images.name} and ${labels.name} are exchanged: the first holds ` +
          "labels, the second images",
      );
    }
  }
  const train = sizesOf(trainImages, "images");
  const trainCount = sizesOf(trainLabels, "labels")[0] ?? 0;
  const test = sizesOf(testImages, "images");
  const testCount = sizesOf(testLabels, "labels")[0] ?? 0;
  if (
    train[0] !== trainCount && train[0] === testCount && test[0] === trainCount
  ) {
    throw new IdxError(
      `${trainLabels.name} and ${testLabels.name} are exchanged: they have ` +
        `${trainCount} and ${testCount} labels, for ${train[0]} and ` +
        `${test[0]} images`,
    );
  }
  for (const [images, labels] of pairsOf(files)) {
    const [count] = sizesOf(images, "images");
    const [labelled] = sizesOf(labels, "labels");
    if (count === labelled) continue;
    throw new IdxError(
      `${labels.name}: ${labelled} labels for the ${count} images of ` +
        `${images.name}; each image needs one`,
    );
  }
  if (trainCount > MOST_EXAMPLES) {
    throw new IdxError(
      `${trainImages.name}: ${trainCount} images; at most ${MOST_EXAMPLES} ` +
        "can be trained on",
    );
  }
  const [, rows = 0, columns = 0] = train;
  const pixels = rows * columns;
  if ((test[1] ?? 0) * (test[2] ?? 0) !== pixels) {
    throw new IdxError(
      `${testImages.name}: its images have ${test[1]} x ${test[2]} pixels, ` +
        `those of ${trainImages.name} have ${rows} x ${columns}`,
    );
  }
  checkLabels([trainLabels, testLabels], classes);
  return { train: trainCount, test: testCount, pixels };
}

/**
 * Builds a data set from its four files, as views of their bytes.
 *
 * @throws {IdxError} if a file is broken or two files do not match
 */
export function parseIdxDataset(
  name: string,
  classes: number,
  files: Readonly<Record<DatasetFileName, IdxFile>>,
): Dataset {
  const scanned = ({ name, bytes }: IdxFile): ScannedFile => {
    const scan = scanIdx();
    scan.see(bytes);
    return { name, facts: scan.facts() };
  };
  const { train, test, pixels } = checkIdxDataset(classes, {
    trainImages: scanned(files.trainImages),
    trainLabels: scanned(files.trainLabels),
    testImages: scanned(files.testImages),
    testLabels: scanned(files.testLabels),
  });
  const labelled = (
    images: IdxFile,
    labels: IdxFile,
    count: number,
  ): LabelledImages => ({
    images: { bytes: images.bytes.subarray(16), count, size: pixels },
    labels: labels.bytes.subarray(LABELS_HEADER),
  });
  return {
    name,
    classes,
    train: labelled(files.trainImages, files.trainLabels, train),
    test: labelled(files.testImages, files.testLabels, test),
  };
}

type Content = "images" | "labels";

const DIMENSIONS: Readonly<Record<Content, number>> = { images: 3, labels: 1 };
const SHAPES: Readonly<Record<Content, string>> = {
  images: "images as unsigned bytes in [images, rows, columns]",
  labels: "labels as unsigned bytes in [labels]",
};

const pairsOf = (files: Readonly<Record<DatasetFileName, ScannedFile>>) =>
  [
    [files.trainImages, files.trainLabels],
    [files.testImages, files.testLabels],
  ] as const;

/** What a file's header says that it holds; null: something else. */
function holds({ facts: { head } }: ScannedFile): Content | null {
  if (head[0] !== 0 || head[1] !== 0 || head[2] !== UNSIGNED_BYTE) return null;
  return head[3] === 3 ? "images" : head[3] === 1 ? "labels" : null;
}

/** Checks one file by itself. Returns its dimensions. */
function sizesOf({ name, facts }: ScannedFile, content: Content): number[] {
  const { head, bytes } = facts;
  const wrong = (found: string) =>
    new IdxError(`${name} ${found}; needed are ${SHAPES[content]}`);
  const foreign = notIdx(head);
  if (foreign !== null) throw wrong(foreign);
  const dimensions = head[3] ?? 0;
  const header = 4 + 4 * dimensions;
  if (dimensions > 8) throw wrong(`has ${dimensions} dimensions`);
  if (bytes < header) {
    throw wrong(`ends within its header, after ${bytes} bytes`);
  }
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const sizes = Array.from(
    { length: dimensions },
    (_, i) => view.getUint32(4 + 4 * i),
  );
  const type = TYPES[head[2] ?? 0] ?? `elements of unknown type ${head[2]}`;
  const shape = `${type} in [${sizes.join(", ")}]`;
  if (head[2] !== UNSIGNED_BYTE) {
    throw wrong(
      `holds ${shape}` +
        (content === "images"
          ? "; write the pixels as bytes from 0 to 255"
          : (dimensions === 2
            ? ", as QMNIST's label files do, with the class first"
            : "") + "; docs/studies.md has a program that converts labels"),
    );
  }
  if (dimensions !== DIMENSIONS[content]) {
    const instead = dimensions === 3
      ? "images, "
      : dimensions === 1
      ? "labels, "
      : "";
    throw wrong(`holds ${instead}${shape}`);
  }
  const needed = header + sizes.reduce((product, size) => product * size, 1);
  if (bytes !== needed) {
    throw new IdxError(
      `${name} has ${bytes} bytes, but its header says ${shape}, which take ` +
        `${needed}: ${bytes < needed ? "it is cut off" : "it is too long"}`,
    );
  }
  if (sizes[0] === 0) throw wrong(`has no ${content}: its header says 0`);
  if (sizes.includes(0)) throw wrong(`has images without pixels: ${shape}`);
  return sizes;
}

function checkLabels(files: readonly ScannedFile[], classes: number): void {
  const used = Array.from({ length: 256 }, (_, label) => label)
    .filter((label) => files.some(({ facts }) => facts.firstOf[label] !== -1));
  const lowest = used[0] ?? 0;
  const highest = used.at(-1) ?? 0;
  if (highest < classes) return;
  for (const { name, facts: { firstOf } } of files) {
    const [first] = used.filter((label) =>
      label >= classes && firstOf[label] !== -1
    ).map((label) => ({ label, at: firstOf[label] ?? 0 }))
      .toSorted((a, b) => a.at - b.at);
    if (first === undefined) continue;
    throw new IdxError(
      `${name} holds the label ${first.label} (the first at position ` +
        `${first.at}), but "classes": ${classes} allows only 0 to ` +
        `${classes - 1}; this data set's labels are ${lowest} to ${highest}: ` +
        `"classes": ${highest + 1} in the study file fits them` +
        (lowest === 1 ? ", or subtract 1 from each label" : ""),
    );
  }
}
