import { join } from "node:path";
import { openSqlite } from "../../coordinator/storage/sqlite/sqlite.ts";
import type { Storage } from "../../coordinator/storage/storage.ts";
import type { Disk } from "./host.ts";

/** SQLite without a file: what it was told is there after a crash. */
export function memoryDisk(): Disk {
  let storage: Storage | null = null;
  let clock = () => 0;
  let latest = 0;
  let ahead = 0;
  return {
    open(now) {
      clock = now;
      ahead = Math.max(0, latest - clock());
      storage ??= openSqlite(":memory:", () => latest = clock() + ahead);
      return storage;
    },
    crash() {},
    async close() {
      await storage?.close();
    },
  };
}

/**
 * The real SQLite storage. A crash takes the files as they lie at that moment,
 * before the process that had them open can write anything more.
 */
export function sqliteDisk(): Disk {
  const folder = Deno.makeTempDirSync({ prefix: "simulation-" });
  const path = (n: number) => join(folder, `${n}.db`);
  const opened: Storage[] = [];
  let generation = 0;
  return {
    open(now) {
      const storage = openSqlite(path(generation), now);
      opened.push(storage);
      return storage;
    },
    crash() {
      const from = path(generation);
      generation++;
      for (const end of ["", "-wal"]) {
        try {
          Deno.copyFileSync(`${from}${end}`, `${path(generation)}${end}`);
        } catch (error) {
          if (!(error instanceof Deno.errors.NotFound)) throw error;
        }
      }
    },
    async close() {
      // What was still waiting when a process died is of no interest.
      await Promise.allSettled(opened.map((storage) => storage.close()));
      Deno.removeSync(folder, { recursive: true });
    },
  };
}
