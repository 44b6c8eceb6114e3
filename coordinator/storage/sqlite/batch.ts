import type { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers";
import type { Storage } from "../storage.ts";
import type { Sql } from "./statements.ts";

/** Runs units of work, each all or nothing, and resolves once on the disk. */
export interface Batcher {
  run<T>(work: () => T): Promise<T>;
  /** Runs what is waiting. */
  flush(): void;
}

interface Unit {
  run(): void;
  /** Tells the caller; not before what was done is on the disk. */
  settle(): void;
  fail(error: unknown): void;
}

/** Units in one transaction: what waits for one more is soon answered. */
const MAX_BATCH = 256;

/** Milliseconds from one commit to the next while calls come together. */
const GATHER = 8;

/**
 * Group commit: the work that came in one turn of the event loop goes into one
 * transaction, each unit in a savepoint of its own, because a small transaction
 * spends nearly all of its time waiting for the disk. After a transaction of
 * several units the next one waits a few milliseconds for more: about a hundred
 * commits a second instead of a thousand. A single call never waits. No call is
 * answered before the commit, so nothing that was answered is lost.
 *
 * @param explain Makes callers' errors of SQLite's.
 * @param told Of each transaction that is on the disk: its calls and its time;
 * and that a unit, or all of a transaction, was taken back.
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
  // Without a file there is no disk to wait for.
  const gather = db.location() === null ? 0 : GATHER;
  let waiting: Unit[] = [];
  let scheduled = false;
  /** When the next commit may be, by `performance.now()`. */
  let gatherUntil = 0;

  /** Runs the first units that wait. */
  function commit(): void {
    scheduled = false;
    const batch = waiting.slice(0, MAX_BATCH);
    // Flushed meanwhile, for one: the database may even be closed.
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
      // Once closed, it does not even say whether it is in one.
      if (db.isOpen && db.isTransaction) sql("ROLLBACK").run();
      onUndone();
      for (const unit of batch) unit.fail(explain(error));
    }
    if (stored) {
      onBatch(batch.length, performance.now() - start);
      for (const unit of batch) unit.settle();
    }
    gatherUntil = batch.length > 1 ? performance.now() + gather : 0;
    // Whoever was settled is answered first.
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
            // A full disk, for one, has rolled back the whole transaction.
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
