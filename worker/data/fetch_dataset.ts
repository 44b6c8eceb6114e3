import { messageOf } from "../../protocol/error_text.ts";
import type { Sha256 } from "../../protocol/ids.ts";
import {
  type DatasetManifest,
  MOST_DATASET_BYTES,
  type ServedFile,
} from "../../protocol/study.ts";
import type { Dataset } from "./dataset.ts";
import { gunzip, sha256Hex } from "./gzip.ts";
import { loadDataset, shareBytes } from "./dataset.ts";

/** Stores compressed files between visits, by the hash of their content. */
export interface DatasetStore {
  /**
   * A file's decompressed and checked bytes. Null if it is missing; an error if
   * it is damaged.
   */
  read(file: ServedFile): Promise<Uint8Array | null>;
  put(sha256: Sha256, compressed: Uint8Array<ArrayBuffer>): Promise<void>;
}

export interface FetchProgress {
  /** Compressed bytes of all files. Files from the store count as received. */
  readonly receivedBytes: number;
  readonly totalBytes: number;
}

export interface FetchDatasetOptions {
  /** Gets a file's compressed bytes from the coordinator. */
  readonly download: (
    file: ServedFile,
    onBytes: (received: number) => void,
    signal: AbortSignal,
  ) => Promise<Uint8Array<ArrayBuffer>>;
  readonly store: DatasetStore;
  /** Called only during downloads. */
  readonly onProgress?: (progress: FetchProgress) => void;
  readonly signal: AbortSignal;
}

/** The coordinator sent data that differ from its manifest. */
export class DamagedDataError extends Error {
  override readonly name = "DamagedDataError";
}

/**
 * Loads the data set of a manifest: each file from the store, or from the
 * coordinator and then into the store. Every file is checked, whatever its
 * source, and put into shared memory if possible.
 *
 * @throws {DamagedDataError} if a file differs from the manifest.
 * @throws {IdxError} if the files are not a data set.
 * @throws what `download` throws.
 */
export async function fetchDataset(
  manifest: DatasetManifest,
  options: FetchDatasetOptions,
): Promise<Dataset> {
  const { trainImages, trainLabels, testImages, testLabels } = manifest.files;
  const files = [trainImages, trainLabels, testImages, testLabels];
  const size = files.reduce((sum, { bytes }) => sum + bytes, 0);
  if (size > MOST_DATASET_BYTES) {
    throw new DamagedDataError(
      `data set ${manifest.name} is larger than ${MOST_DATASET_BYTES} bytes: ${size}`,
    );
  }
  const totalBytes = files.reduce((sum, file) => sum + file.compressedBytes, 0);
  let before = 0;
  // One after another, so that at most one file is in memory twice.
  const get = async (file: ServedFile): Promise<Uint8Array> => {
    const { compressedBytes } = file;
    let reported = 0;
    // Files can be of another size than the manifest says.
    const report = (received: number) => {
      reported = Math.min(received, compressedBytes);
      options.onProgress?.({ receivedBytes: before + reported, totalBytes });
    };
    const bytes = await fromStore(file, options.store) ??
      await fromCoordinator(file, report, options);
    if (reported > 0 && reported < compressedBytes) report(compressedBytes);
    before += compressedBytes;
    return shareBytes(bytes);
  };
  return loadDataset(manifest, {
    trainLabels: await get(trainLabels),
    testLabels: await get(testLabels),
    testImages: await get(testImages),
    trainImages: await get(trainImages),
  });
}

/** Null if the store has no such file or a damaged one. */
async function fromStore(
  file: ServedFile,
  store: DatasetStore,
): Promise<Uint8Array | null> {
  try {
    return await store.read(file);
  } catch {
    // A failing store only costs a download.
    return null;
  }
}

async function fromCoordinator(
  file: ServedFile,
  onBytes: (received: number) => void,
  { download, store, signal }: FetchDatasetOptions,
): Promise<Uint8Array> {
  const compressed = await download(file, onBytes, signal);
  const bytes = await unpack(file, compressed);
  try {
    await store.put(file.sha256, compressed);
  } catch {
    // No space or no permission: the next visit downloads again.
  }
  return bytes;
}

/**
 * Decompresses and checks a file.
 *
 * @throws {DamagedDataError} if it differs from the manifest.
 */
export async function unpack(
  file: ServedFile,
  compressed: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = await gunzip(compressed, file.bytes);
  } catch (error) {
    const why = messageOf(error);
    throw new DamagedDataError(`${file.path} is damaged: ${why}`);
  }
  const sum = await sha256Hex(bytes);
  if (sum === file.sha256) return bytes;
  throw new DamagedDataError(
    `${file.path} has a SHA-256 that differs from its name: ${sum}`,
  );
}
