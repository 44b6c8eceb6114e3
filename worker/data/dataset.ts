import type { DatasetFileName, DatasetManifest } from "../../protocol/study.ts";
import { parseIdxDataset } from "./idx.ts";

/** Greyscale images as bytes, one after another, row by row. */
export interface ByteImages {
  /** `count * size` bytes, 0 to 255; may be in shared memory. */
  readonly bytes: Uint8Array;
  /** Number of images. */
  readonly count: number;
  /** Pixels per image: 784 for Fashion-MNIST. */
  readonly size: number;
}

/** Images with their classes. */
export interface LabelledImages {
  /** The images. */
  readonly images: ByteImages;
  /** `images.count` bytes, each below `Dataset.classes`. */
  readonly labels: Uint8Array;
}

/**
 * A data set in MNIST's format, as bytes. Each batch is converted to floats
 * when it is used, so all threads of a process share one copy.
 */
export interface Dataset {
  /** The name in its definition. */
  readonly name: string;
  /** Labels are 0 to `classes - 1`. */
  readonly classes: number;
  /** For training. */
  readonly train: LabelledImages;
  /** For testing. */
  readonly test: LabelledImages;
}

/** Decompressed and checked files. */
export type DatasetBytes = Readonly<Record<DatasetFileName, Uint8Array>>;

/** Whether threads of this page or process can share memory. */
export function canShareMemory(): boolean {
  // A page must be cross-origin isolated for this; Deno always allows it.
  const { crossOriginIsolated }: { crossOriginIsolated?: boolean } = globalThis;
  return typeof SharedArrayBuffer === "function" &&
    crossOriginIsolated !== false;
}

/** Zeroed memory, shared between threads if possible. */
export function sharedBytes(length: number): Uint8Array {
  return new Uint8Array(
    canShareMemory() ? new SharedArrayBuffer(length) : new ArrayBuffer(length),
  );
}

/** The bytes in shared memory if possible; copied only if necessary. */
export function shareBytes(bytes: Uint8Array): Uint8Array {
  if (!canShareMemory() || bytes.buffer instanceof SharedArrayBuffer) {
    return bytes;
  }
  const shared = sharedBytes(bytes.length);
  shared.set(bytes);
  return shared;
}

/**
 * Reads a data set from its four decompressed files, as views without copying.
 *
 * @throws {IdxError} if a file is broken or two files do not match.
 */
export function loadDataset(
  { name, classes }: Pick<DatasetManifest, "name" | "classes">,
  bytes: DatasetBytes,
): Dataset {
  const file = (part: DatasetFileName) => ({
    name: `data set ${name}: ${part}`,
    bytes: bytes[part],
  });
  return parseIdxDataset(name, classes, {
    trainImages: file("trainImages"),
    trainLabels: file("trainLabels"),
    testImages: file("testImages"),
    testLabels: file("testLabels"),
  });
}
