import { join } from "node:path";
import { isServer } from "../../coordinator/storage/server_address.ts";
import { type Ledger, readFileLedger } from "./ledger.ts";
import { openSchema } from "./postgres.ts";
import type { Accepted } from "./volunteer.ts";

/** A new database, for what coordinators are measured on. */
export interface Database {
  /** Its kind, for people. */
  readonly kind: string;
  /** Settings that its speed depends on, in words; null: none to choose. */
  readonly settings: string | null;
  /** What a coordinator's `--db` is given. */
  readonly address: string;
  readLedger(told: readonly Accepted[]): Promise<Ledger>;
  /** Seconds that a server's processes have run; null: none, or not known. */
  cpuSeconds(): Promise<number | null>;
  /** Clears away what nobody asked to keep. */
  close(): Promise<void>;
}

/**
 * @param given A server's address, for a schema of its own there; or the path
 * of a new file, which is kept.
 * @param folder Thrown away: for the file, where no path is given.
 */
export async function newDatabase(
  given: string | undefined,
  folder: string,
): Promise<Database> {
  if (given !== undefined && isServer(given)) return await openSchema(given);
  const path = given ?? join(folder, "swarm.db");
  return {
    kind: "SQLite",
    settings: null,
    address: path,
    readLedger: (told) => readFileLedger(path, told),
    cpuSeconds: () => Promise.resolve(null),
    close: () => Promise.resolve(),
  };
}
