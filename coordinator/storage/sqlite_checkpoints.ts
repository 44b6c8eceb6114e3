import * as Comlink from "comlink";
import { resolve } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { confined } from "../thread_priority.ts";
import type { Checkpointer } from "./sqlite_checkpoint_thread.ts";

/** Who copies what was committed from SQLite's log into the database file. */
export interface Checkpoints {
  /** A transaction is on the disk. */
  committed(): void;
  /** Whether a thread does it. */
  inThread(): boolean;
  close(): Promise<void>;
}

/** Commits in so many milliseconds that make a thread worth its memory. */
const MANY = 200;
const LATELY = 10_000;

/** Milliseconds between checkpoints in the thread. */
const EVERY = 400;

/** Pages in the log at which the committing connection copies them itself. */
const USUAL = 1000;
/** The same beside the thread, should that not keep up: 64 MB. */
const LATE = 16_000;

/** Milliseconds that a thread has to close its connection. */
const GRACE = 1000;

const url = new URL("./sqlite_checkpoint_thread.ts", import.meta.url);

/**
 * SQLite copies a thousand pages as part of the commit that filled its log with
 * them: nobody is answered for some twenty milliseconds. Under thousands of
 * workers that happens several times a second, and is what the slowest of a
 * hundred calls wait for. So from then on a thread with a connection of its own
 * does it beside the commits.
 *
 * @param confine Whether the thread may use that file and nothing else, which
 * takes Deno's `--unstable-worker-options`.
 * @param now Milliseconds of any clock that only goes forward.
 */
export function createCheckpoints(
  db: DatabaseSync,
  path: string,
  confine: boolean,
  now: () => number = () => performance.now(),
): Checkpoints {
  let thread: {
    readonly worker: Worker;
    readonly api: Comlink.Remote<Checkpointer>;
  } | null = null;
  /** In memory there is no log, and what failed once would fail again. */
  let possible = path !== ":memory:";
  let [commits, countedFrom] = [0, now()];
  let [underWay, due] = [false, 0];

  function start(): void {
    const file = [pathToFileURL(resolve(path))];
    const worker = new Worker(url, {
      type: "module",
      name: "checkpoints",
      ...confine && { deno: { permissions: confined(file, file) } },
    });
    worker.addEventListener("error", (event) => {
      // Unhandled, it would end the whole process with the thread.
      event.preventDefault();
      giveUp();
    });
    thread = { worker, api: Comlink.wrap<Checkpointer>(worker) };
    db.exec(`PRAGMA wal_autocheckpoint = ${LATE}`);
  }

  function giveUp(): void {
    possible = false;
    thread?.worker.terminate();
    thread = null;
    if (db.isOpen) db.exec(`PRAGMA wal_autocheckpoint = ${USUAL}`);
  }

  return {
    inThread: () => thread !== null,
    committed() {
      if (!possible) return;
      const at = now();
      if (thread === null) {
        if (at - countedFrom > LATELY) [commits, countedFrom] = [0, at];
        commits += 1;
        if (commits < MANY) return;
        start();
      }
      if (thread === null || underWay || at < due) return;
      [underWay, due] = [true, at + EVERY];
      thread.api.checkpoint(path).then(() => underWay = false, giveUp);
    },
    async close() {
      possible = false;
      if (thread === null) return;
      const { worker, api } = thread;
      thread = null;
      let timer: ReturnType<typeof setTimeout> | undefined;
      await Promise.race([
        api.close().catch(() => {}),
        new Promise((resolve) => timer = setTimeout(resolve, GRACE)),
      ]);
      clearTimeout(timer);
      worker.terminate();
    },
  };
}
