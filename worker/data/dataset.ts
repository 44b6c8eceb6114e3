import type { DatasetFileName, DatasetManifest } from "../../protocol/study.ts";
import { parseIdxDataset } from "./idx.ts";

/** Grey images as bytes, one after another, rows first. */
export interface ByteImages {
  /** `count * size` bytes, 0 to 255; may lie in shared memory. */
  readonly bytes: Uint8Array;
  /** How many images. */
  readonly count: number;
  /** Pixels an image: 784 for Fashion-MNIST. */
  readonly size: number;
}

/** Images with the number of each one's class. */
export interface LabelledImages {
  /** The images. */
  readonly images: ByteImages;
  /** `images.count` bytes, each below `Dataset.classes`. */
  readonly labels: Uint8Array;
}

/**
 * A data set in the shape of MNIST, as bytes: batches are converted to floats
 * one by one, so a process holds one copy whatever its number of threads.
 */
export interface Dataset {
  /** As its definition has it. */
  readonly name: string;
  /** Labels go from 0 to one less. */
  readonly classes: number;
  /** What networks learn from. */
  readonly train: LabelledImages;
  /** What they are measured on. */
  readonly test: LabelledImages;
}

/** Decompressed and checked, by what they are. */
export type DatasetBytes = Readonly<Record<DatasetFileName, Uint8Array>>;

/** Whether threads of this page or process can share memory. */
export function canShareMemory(): boolean {
  // A page must be cross-origin isolated; Deno knows no such thing.
  const { crossOriginIsolated }: { crossOriginIsolated?: boolean } = globalThis;
  return typeof SharedArrayBuffer === "function" &&
    crossOriginIsolated !== false;
}

/** Zeros in memory that all threads see without copying, where there is any. */
export function sharedBytes(length: number): Uint8Array {
  return new Uint8Array(
    canShareMemory() ? new SharedArrayBuffer(length) : new ArrayBuffer(length),
  );
}

/** The bytes in such memory: a copy, unless they are there already. */
export function shareBytes(bytes: Uint8Array): Uint8Array {
  if (!canShareMemory() || bytes.buffer instanceof SharedArrayBuffer) {
    return bytes;
  }
  const shared = sharedBytes(bytes.length);
  shared.set(bytes);
  return shared;
}

/**
 * Reads a data set from its four decompressed files, of which it keeps views.
 *
 * @throws {IdxError} if a file is broken or two do not belong together.
 */
export function loadDataset(
  { name, classes }: Pick<DatasetManifest, "name" | "classes">,
  bytes: DatasetBytes,
): Dataset {
  const file = (part: DatasetFileName) => ({
    name: `${name} ${part}`,
    bytes: bytes[part],
  });
  return parseIdxDataset(name, classes, {
    trainImages: file("trainImages"),
    trainLabels: file("trainLabels"),
    testImages: file("testImages"),
    testLabels: file("testLabels"),
  });
}
