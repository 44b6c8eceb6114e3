import * as Comlink from "comlink";
import os from "node:os";
import type { Schedule } from "../service/event_hub.ts";

/** Linux's niceness: a third of the time that a thread gets at 0. */
const NICE = 5;

/**
 * Lowers the priority of the thread that calls this: a leaderboard and a verdict
 * can wait a moment, a worker's call cannot. On Linux alone, where each thread
 * has a priority of its own; elsewhere it would be the whole process's.
 */
export function lowerPriority(niceness: number = NICE): void {
  if (Deno.build.os !== "linux") return;
  try {
    os.setPriority(niceness);
  } catch {
    // Not permitted; nothing depends on it.
  }
}

export { expose, transfer } from "comlink";

export interface ThreadHostOptions {
  /** The thread's program, which calls `expose` with its API. */
  readonly url: URL;
  readonly name: string;
  /** What it may do; absent: what its process may. */
  readonly permissions?: Deno.PermissionOptionsObject;
  /** Makes the error of a question that the thread did not answer. */
  readonly error: (message: string) => Error;
}

/** A limit to the time that an answer may take. */
export interface TimeLimit {
  readonly milliseconds: number;
  readonly schedule: Schedule;
}

/** A thread of this process that answers questions. */
export interface ThreadHost<Api> {
  /**
   * Asks the thread, and starts one first where none runs. Rejects when the
   * thread dies or ends before its answer, or takes longer than the limit, which
   * ends it.
   */
  ask<T>(
    question: (api: Comlink.Remote<Api>) => Promise<T>,
    limit?: TimeLimit,
  ): Promise<T>;
  isRunning(): boolean;
  /** Ends the thread; the next question starts another. */
  end(): void;
  /** Ends the thread for good. */
  close(): void;
}

/**
 * Hosts a thread, which starts with the first question and again after it died.
 * Comlink's calls never settle once the thread is gone, so each of them waits
 * for the thread's end too.
 */
export function createThreadHost<Api>(
  { url, name, permissions, error }: ThreadHostOptions,
): ThreadHost<Api> {
  let worker: Worker | null = null;
  let api: Comlink.Remote<Api> | null = null;
  let closed = false;
  // Not a race with one promise for all questions: that would keep every
  // answer, whole leaderboards among them, as long as the thread lives.
  const waiting = new Set<(error: Error) => void>();

  function end(why: string): void {
    worker?.terminate();
    worker = api = null;
    for (const reject of waiting) reject(error(why));
    waiting.clear();
  }

  function start(): Comlink.Remote<Api> {
    const started = new Worker(url, {
      type: "module",
      name,
      ...permissions && { deno: { permissions } },
    });
    started.addEventListener("error", (event) => {
      // Unhandled, it would end the whole process with the thread.
      event.preventDefault();
      if (worker === started) end(`the ${name} died: ${event.message}`);
    });
    worker = started;
    return Comlink.wrap<Api>(started);
  }

  return {
    ask: (question, limit) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(error(`the ${name} was closed`));
        api ??= start();
        const cancel = limit?.schedule(
          limit.milliseconds,
          () => end(`the ${name} gave no answer in time`),
        );
        waiting.add(reject);
        question(api).finally(() => {
          waiting.delete(reject);
          cancel?.();
        }).then(resolve, reject);
      }),
    isRunning: () => worker !== null,
    end: () => end(`the ${name} was stopped`),
    close() {
      closed = true;
      end(`the ${name} was closed`);
    },
  };
}

/**
 * What a thread may do that only computes and lowers its priority, as far as its
 * process may. It takes Deno's `--unstable-worker-options`.
 *
 * @param read The files that it reads; default: none.
 */
export function confined(read: (URL | string)[] | false = false) {
  const { state } = Deno.permissions.querySync({
    name: "sys",
    kind: "setPriority",
  });
  return {
    read,
    net: false,
    write: false,
    env: false,
    sys: state === "granted" ? ["setPriority" as const] : false,
    run: false,
    ffi: false,
    import: false,
  } satisfies Deno.PermissionOptionsObject;
}
