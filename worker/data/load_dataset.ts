import type {
  DatasetFileName,
  DatasetManifest,
} from "../../coordinator/protocol/study.ts";
import type { Dataset } from "./dataset.ts";
import { parseIdxDataset } from "./idx.ts";

/** Decompressed and checked, by what they are. */
export type DatasetBytes = Readonly<Record<DatasetFileName, Uint8Array>>;

/** Whether threads of this page or process can share memory. */
export function canShareMemory(): boolean {
  // A page must be cross-origin isolated; Deno knows no such thing.
  const { crossOriginIsolated }: { crossOriginIsolated?: boolean } = globalThis;
  return typeof SharedArrayBuffer === "function" &&
    crossOriginIsolated !== false;
}

/**
 * A copy in shared memory, which all threads see instead of copying it again;
 * the bytes themselves where there is none.
 */
export function shareBytes(bytes: Uint8Array): Uint8Array {
  if (!canShareMemory()) return bytes;
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
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
