import type { Storage } from "./storage.ts";

/** `Storage.exclusively` where one process has the storage to itself. */
export function createLocalLock(): Storage["exclusively"] {
  const busy = new Set<string>();
  return async (name, work) => {
    if (busy.has(name)) return null;
    busy.add(name);
    try {
      return await work();
    } finally {
      busy.delete(name);
    }
  };
}
