import { createStore, get, set } from "idb-keyval";
import { type DatasetStore, unpack } from "../data/fetch_dataset.ts";

/**
 * Keeps data files in the browser's IndexedDB: unlike the Cache API it is also
 * there on pages that came over plain HTTP from another machine.
 */
export function browserDatasetStore(): DatasetStore {
  // Opened at first use: where storage is blocked, each call fails alone.
  let opened: ReturnType<typeof createStore> | undefined;
  const store = () => opened ??= createStore("dropout-swarm", "data-files");
  return {
    async read(file) {
      const kept: unknown = await get(file.sha256, store());
      return kept instanceof ArrayBuffer
        ? await unpack(file, new Uint8Array(kept))
        : null;
    },
    put: (sha256, compressed) =>
      set(
        sha256,
        compressed.buffer.slice(
          compressed.byteOffset,
          compressed.byteOffset + compressed.byteLength,
        ),
        store(),
      ),
  };
}
