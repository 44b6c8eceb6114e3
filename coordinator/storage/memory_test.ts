import { storageConformance } from "../../testing/storage/conformance.ts";
import { openMemory } from "./memory.ts";

storageConformance("openMemory", (clock) => {
  const storage = openMemory(clock.now);
  return Promise.resolve({ storage, end: () => storage.close() });
});
