import * as Comlink from "comlink";
import { DatabaseSync } from "node:sqlite";
import { stepBack } from "../thread_priority.ts";

/** What the thread does; `sqlite_checkpoints.ts` is the other side. */
export interface Checkpointer {
  /** Copies what was committed into the database file. */
  checkpoint(path: string): void;
  close(): void;
}

stepBack();
let db: DatabaseSync | undefined;

const checkpointer: Checkpointer = {
  checkpoint(path) {
    if (db === undefined) {
      db = new DatabaseSync(path);
      // Syncs the file before the log may be written over.
      db.exec("PRAGMA synchronous = FULL");
    }
    // The second one is short. Where nothing was committed meanwhile, SQLite
    // begins its log anew, and the file of the log does not grow.
    db.exec("PRAGMA wal_checkpoint(PASSIVE); PRAGMA wal_checkpoint(PASSIVE)");
  },
  close() {
    db?.close();
    db = undefined;
  },
};

Comlink.expose(checkpointer);
