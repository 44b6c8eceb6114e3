import type { SessionClock } from "./session_types.ts";

/** A condition variable: wakes whoever waits for something to become true. */
export interface Condition {
  /** Something changed: whoever waits checks again. */
  notify(): void;
  /** Resolves when it holds, at once if it does; else rejects when aborted. */
  until(holds: () => boolean, signal: AbortSignal): Promise<void>;
  /** The same, or when the time is over. */
  within(
    milliseconds: number,
    holds: () => boolean,
    signal: AbortSignal,
  ): Promise<void>;
}

/** Reason given to the loser of a race. Made once: each error would capture a stack. */
const OVER = new Error("the other one was first");

export function createCondition(clock: SessionClock): Condition {
  let wake: () => void = () => {};

  const notified = (signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const abort = () => reject(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      wake = () => {
        signal.removeEventListener("abort", abort);
        resolve();
      };
    });

  async function until(
    holds: () => boolean,
    signal: AbortSignal,
  ): Promise<void> {
    while (!holds()) {
      signal.throwIfAborted();
      await notified(signal);
    }
  }

  return {
    notify: () => wake(),
    until,
    async within(milliseconds, holds, signal) {
      if (milliseconds <= 0 || holds()) return;
      const done = new AbortController();
      const either = AbortSignal.any([signal, done.signal]);
      const tooLate = clock.sleep(milliseconds, either);
      const soon = until(holds, either);
      try {
        await Promise.race([tooLate, soon]);
      } finally {
        done.abort(OVER);
        // The loser rejects with OVER, which is expected.
        await Promise.allSettled([tooLate, soon]);
      }
    },
  };
}
