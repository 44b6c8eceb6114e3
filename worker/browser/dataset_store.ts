import { createStore, get, set } from "idb-keyval";
import { type DatasetStore, unpack } from "../data/fetch_dataset.ts";

/** Milliseconds for any one answer of IndexedDB; reading a file takes far less. */
const PATIENCE = 10_000;

/** What is kept, by name, as IndexedDB keeps it. */
interface KeptFiles {
  get(name: string): Promise<unknown>;
  set(name: string, content: ArrayBuffer): Promise<void>;
}

/**
 * Keeps data files in the browser's IndexedDB: unlike the Cache API it is also
 * there on pages that came over plain HTTP from another machine. Coordinators
 * under different paths of an origin share it: a file is public, named by its
 * hash and checked when it is read.
 *
 * Browsers were seen to never answer a request to IndexedDB. After the first
 * such request the store is not asked again: the page downloads the files.
 *
 * @param kept Default: the browser's IndexedDB
 */
export function browserDatasetStore(
  kept: KeptFiles = indexedFiles(),
  patience = PATIENCE,
): DatasetStore {
  let silent = false;
  const answered = async <T>(ask: () => Promise<T>): Promise<T> => {
    if (silent) throw new Error("IndexedDB did not answer before");
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        silent = true;
        reject(new Error(`IndexedDB did not answer within ${patience} ms`));
      }, patience);
    });
    try {
      return await Promise.race([ask(), late]);
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    async read(file) {
      const content = await answered(() => kept.get(file.sha256));
      return content instanceof ArrayBuffer
        ? await unpack(file, new Uint8Array(content))
        : null;
    },
    put: (sha256, compressed) =>
      answered(() =>
        kept.set(
          sha256,
          compressed.buffer.slice(
            compressed.byteOffset,
            compressed.byteOffset + compressed.byteLength,
          ),
        )
      ),
  };
}

function indexedFiles(): KeptFiles {
  // Opened at first use: where storage is blocked, each call fails alone.
  let opened: ReturnType<typeof createStore> | undefined;
  const store = () => opened ??= createStore("dropout-swarm", "data-files");
  return {
    get: async (name) => await get(name, store()),
    set: async (name, content) => await set(name, content, store()),
  };
}
