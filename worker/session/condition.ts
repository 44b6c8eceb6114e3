import type { SessionClock } from "./session_types.ts";

/** Wakes who waits for something to become true. */
export interface Bell {
  /** Something changed: whoever waits looks again. */
  ring(): void;
  /** Resolves when it holds, at once if it does; else rejects when aborted. */
  until(holds: () => boolean, signal: AbortSignal): Promise<void>;
  /** The same, or when the time is over. */
  within(
    milliseconds: number,
    holds: () => boolean,
    signal: AbortSignal,
  ): Promise<void>;
}

/** Why the loser of a race is over; made once, since an error costs its stack. */
const OVER = new Error("the other one was first");

export function createBell(clock: SessionClock): Bell {
  let wake: () => void = () => {};

  const rung = (signal: AbortSignal) =>
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
      await rung(signal);
    }
  }

  return {
    ring: () => wake(),
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
        // Whichever lost ends by the abort, which is no news.
        await Promise.allSettled([tooLate, soon]);
      }
    },
  };
}
