import * as Comlink from "comlink";
import os from "node:os";
import type { Schedule } from "../service/event_hub.ts";

/** Niceness on Linux: about a third of the processor time of a thread at 0. */
const NICE = 5;

/**
 * Lowers the priority of the calling thread: a leaderboard and a verdict can
 * wait a moment, a worker's call cannot. Only on Linux, where each thread has
 * its own priority; elsewhere it would affect the whole process.
 */
export function lowerPriority(niceness: number = NICE): void {
  if (Deno.build.os !== "linux") return;
  try {
    os.setPriority(niceness);
  } catch {
    // Not permitted; the priority is optional.
  }
}

export { expose, transfer } from "comlink";

export interface ThreadHostOptions {
  /** The thread's program, which calls `expose` with its API. */
  readonly url: URL;
  readonly name: string;
  /** Its permissions; default: those of the process. */
  readonly permissions?: Deno.PermissionOptionsObject;
  /** Creates the error for a question that the thread did not answer. */
  readonly error: (message: string) => Error;
}

/** A time limit for an answer. */
export interface TimeLimit {
  readonly milliseconds: number;
  readonly schedule: Schedule;
}

/** A thread that answers questions. */
export interface ThreadHost<Api> {
  /**
   * Asks the thread; starts one first if none is running. Rejects if the thread
   * dies or is ended before its answer, or exceeds the limit, which ends it.
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
 * Hosts a thread that starts with the first question and again after it died.
 * Comlink's calls never settle after the thread died, so each of them also
 * waits for the thread's end.
 */
export function createThreadHost<Api>(
  { url, name, permissions, error }: ThreadHostOptions,
): ThreadHost<Api> {
  let worker: Worker | null = null;
  let api: Comlink.Remote<Api> | null = null;
  let closed = false;
  // Not `Promise.race` with one promise for all questions: that would keep
  // every answer, such as whole leaderboards, in memory as long as the thread
  // lives.
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
      // An unhandled error would end the whole process.
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
          () => end(`the ${name} did not answer in time`),
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
 * Permissions of a thread that only computes and lowers its priority, limited
 * by those of the process. Needs Deno's `--unstable-worker-options`.
 *
 * @param read Files that it may read; default: none.
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
