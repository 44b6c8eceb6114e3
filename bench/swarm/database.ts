import { join } from "node:path";
import { isServer } from "../../coordinator/storage/server_address.ts";
import { type Ledger, readFileLedger } from "./ledger.ts";
import { openSchema } from "./postgres.ts";
import type { Accepted } from "./volunteer.ts";

/** A new database for coordinators that are measured. */
export interface Database {
  /** Its kind, for people. */
  readonly kind: string;
  /** Settings that its speed depends on, in words; null: none to choose. */
  readonly settings: string | null;
  /** The value of a coordinator's `--db`. */
  readonly address: string;
  readLedger(told: readonly Accepted[]): Promise<Ledger>;
  /** Seconds that a server's processes have run; null: none, or unknown. */
  cpuSeconds(): Promise<number | null>;
  /** Deletes everything that was not asked to be kept. */
  close(): Promise<void>;
}

/**
 * @param given A server's address, where a new schema is used, or the path of a
 * new file, which is kept.
 * @param folder Temporary folder for the file if no path is given.
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
