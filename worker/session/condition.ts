import type { SessionClock } from "./session_types.ts";

/** A condition variable: wakes callers that wait for something to become true. */
export interface Condition {
  /** Tells waiting callers to check their condition again. */
  notify(): void;
  /** Resolves when the condition holds, or at once; rejects when aborted. */
  until(holds: () => boolean, signal: AbortSignal): Promise<void>;
  /** The same, but also resolves after the given time. */
  within(
    milliseconds: number,
    holds: () => boolean,
    signal: AbortSignal,
  ): Promise<void>;
}

/** Abort reason for a race's loser; created once: errors capture a stack. */
const OVER = new Error("another promise settled first");

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
        // The loser rejects because of the abort, which is not an error.
        await Promise.allSettled([tooLate, soon]);
      }
    },
  };
}
