import type { SessionClock } from "../session/session_types.ts";
import type { ClockRequest } from "./clock_thread.ts";

/** A clock that a hidden tab does not slow down. */
export interface ThreadClock extends SessionClock {
  /** Ends its thread; who sleeps sleeps on. */
  close(): void;
}

/** @param spawn makes a worker that runs `clock_thread.ts` */
export function createThreadClock(spawn: () => Worker): ThreadClock {
  const worker = spawn();
  const waiting = new Map<number, () => void>();
  let ids = 0;
  const ask = (request: ClockRequest) => worker.postMessage(request);
  worker.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
    if (typeof data !== "number") return;
    waiting.get(data)?.();
    waiting.delete(data);
  });
  return {
    get now() {
      return performance.now();
    },
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const id = ids++;
        const abort = () => {
          waiting.delete(id);
          ask({ id, milliseconds: null });
          reject(signal.reason);
        };
        signal.addEventListener("abort", abort, { once: true });
        waiting.set(id, () => {
          signal.removeEventListener("abort", abort);
          resolve();
        });
        ask({ id, milliseconds });
      }),
    close: () => worker.terminate(),
  };
}
