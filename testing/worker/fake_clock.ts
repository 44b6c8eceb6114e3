import { setImmediate } from "node:timers/promises";
import type { SessionClock } from "../../worker/session/session_types.ts";

interface Timer {
  readonly at: number;
  readonly wake: () => void;
}

/**
 * Time that passes only while a test waits: when nothing else can continue, it
 * jumps to the next sleeper. So a day of waiting takes a moment, and a test
 * takes the same steps each time.
 */
export class FakeClock implements SessionClock {
  #now = 0;
  #timers: Timer[] = [];

  /** Milliseconds since the start. */
  get now(): number {
    return this.#now;
  }

  sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
        reject(signal.reason);
      };
      const timer: Timer = {
        at: this.#now + milliseconds,
        wake: () => {
          signal.removeEventListener("abort", abort);
          resolve();
        },
      };
      signal.addEventListener("abort", abort, { once: true });
      this.#timers.push(timer);
    });
  }

  /** Calls `action` at a time, in milliseconds since the start. */
  at(milliseconds: number, action: () => void): void {
    this.#timers.push({ at: milliseconds, wake: action });
  }

  /** Advances time until the promise settles. */
  async run<Result>(
    promise: Promise<Result>,
    limitMilliseconds = 86_400_000,
  ): Promise<Result> {
    let settled = false;
    const done = () => {
      settled = true;
    };
    promise.then(done, done);
    while (true) {
      // After a turn of the event loop, every promise that can has settled.
      await setImmediate();
      if (settled) return await promise;
      const next = this.#timers.reduce<Timer | undefined>(
        (first, timer) =>
          first === undefined || timer.at < first.at ? timer : first,
        undefined,
      );
      if (next === undefined) {
        throw new Error("deadlock: everything waits, but nothing sleeps");
      }
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = Math.max(this.#now, next.at);
      if (this.#now > limitMilliseconds) {
        throw new Error(`still waiting after ${limitMilliseconds} ms`);
      }
      next.wake();
    }
  }
}
