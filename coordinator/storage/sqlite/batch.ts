import type { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers";
import type { Storage } from "../storage.ts";
import type { Sql } from "./statements.ts";

/** Runs units of work, each atomically, and resolves after the commit. */
export interface Batcher {
  run<T>(work: () => T): Promise<T>;
  /** Runs the waiting units. */
  flush(): void;
}

interface Unit {
  run(): void;
  /** Settles the caller's promise, after the commit. */
  settle(): void;
  fail(error: unknown): void;
}

/** Most units in one transaction, so that waiting calls are answered soon. */
const MAX_BATCH = 256;

/** Milliseconds between commits while there are several calls at once. */
const GATHER = 8;

/**
 * Group commit: work that arrives in one turn of the event loop shares one
 * transaction, each unit in its own savepoint, because a small transaction
 * spends nearly all of its time waiting for the disk. After a transaction with
 * several units the next one waits a few milliseconds for more: about a hundred
 * commits per second instead of a thousand. A single call never waits. Calls
 * are answered after the commit, so no answered call is lost.
 *
 * @param explain Converts SQLite's errors for callers.
 * @param told Called after each commit with the number of calls and the
 * duration, and after a rollback of a unit or a transaction.
 */
export function createBatcher(
  db: DatabaseSync,
  sql: Sql,
  explain: (error: unknown) => unknown,
  told: {
    readonly onBatch?: (calls: number, milliseconds: number) => void;
    readonly onUndone: () => void;
  },
): Batcher {
  const { onBatch = () => {}, onUndone } = told;
  // A database in memory does not wait for a disk.
  const gather = db.location() === null ? 0 : GATHER;
  let waiting: Unit[] = [];
  let scheduled = false;
  /** Earliest time of the next commit, by `performance.now()`. */
  let gatherUntil = 0;

  /** Runs the first waiting units. */
  function commit(): void {
    scheduled = false;
    const batch = waiting.slice(0, MAX_BATCH);
    // Units may have been flushed meanwhile, and the database closed.
    if (batch.length === 0) return;
    waiting = waiting.slice(MAX_BATCH);
    const start = performance.now();
    let stored = true;
    try {
      sql("BEGIN IMMEDIATE").run();
      for (const unit of batch) {
        sql("SAVEPOINT unit").run();
        unit.run();
        sql("RELEASE unit").run();
      }
      sql("COMMIT").run();
    } catch (error) {
      stored = false;
      // A closed database throws when asked whether it is in a transaction.
      if (db.isOpen && db.isTransaction) sql("ROLLBACK").run();
      onUndone();
      for (const unit of batch) unit.fail(explain(error));
    }
    if (stored) {
      onBatch(batch.length, performance.now() - start);
      for (const unit of batch) unit.settle();
    }
    gatherUntil = batch.length > 1 ? performance.now() + gather : 0;
    // Callers of settled units are answered first.
    if (waiting.length > 0) schedule(0);
  }

  function schedule(wait: number): void {
    if (scheduled) return;
    scheduled = true;
    if (wait > 0) setTimeout(commit, wait);
    else setImmediate(commit);
  }

  function flush(): void {
    while (waiting.length > 0) commit();
  }

  function run<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let settle = () => {};
      waiting.push({
        run() {
          try {
            const value = work();
            settle = () => resolve(value);
          } catch (error) {
            // For example, a full disk rolls back the whole transaction.
            if (!db.isTransaction) throw error;
            sql("ROLLBACK TO unit").run();
            onUndone();
            settle = () => reject(explain(error));
          }
        },
        settle: () => settle(),
        fail: reject,
      });
      schedule(gatherUntil - performance.now());
    });
  }

  return { run, flush };
}

/** `Storage.exclusively` for a storage that only one process uses. */
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
