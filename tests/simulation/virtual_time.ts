import { setImmediate } from "node:timers/promises";
import type { SessionClock } from "../../worker/session/session_types.ts";

interface Timer {
  readonly at: number;
  /** Breaks ties: the earlier request comes first. */
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

/**
 * The time of a simulated world: it stands still while there is work and then
 * jumps to the next scheduled event.
 */
export class VirtualTime {
  #now = 0;
  #order = 0;
  #heap: Timer[] = [];

  /** Milliseconds since the world began. */
  get now(): number {
    return this.#now;
  }

  /** Runs something later; call to cancel. */
  after = (milliseconds: number, run: () => void): () => void => {
    const timer: Timer = {
      at: this.#now + Math.max(0, milliseconds),
      order: this.#order++,
      run,
      cancelled: false,
    };
    this.#push(timer);
    return () => {
      timer.cancelled = true;
    };
  };

  /** Goes to the next thing due and does it; false: there is none. */
  next(): boolean {
    for (;;) {
      const timer = this.#pop();
      if (timer === undefined) return false;
      if (timer.cancelled) continue;
      this.#now = timer.at;
      timer.run();
      return true;
    }
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let at = heap.push(timer) - 1;
    for (;;) {
      const up = (at - 1) >> 1;
      const above = heap[up];
      if (at === 0 || above === undefined || !before(timer, above)) break;
      heap[at] = above;
      at = up;
    }
    heap[at] = timer;
  }

  #pop(): Timer | undefined {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (last === undefined || last === first) return first;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      const [left, right] = [heap[down], heap[down + 1]];
      if (left === undefined) break;
      let least = left;
      if (right !== undefined && before(right, left)) {
        down++;
        least = right;
      }
      if (!before(least, last)) break;
      heap[at] = least;
      at = down;
    }
    heap[at] = last;
    return first;
  }
}

function before(a: Timer, b: Timer): boolean {
  return a.at < b.at || a.at === b.at && a.order < b.order;
}

/** One turn of the event loop: every promise that can settle has, after it. */
export const turn = (): Promise<void> => setImmediate();

/**
 * A process of the simulated world: it can be killed, and it can be frozen as
 * by the lid of a laptop, after which all that was due happens at once.
 */
export class Process {
  #dead = false;
  #frozenUntil = 0;
  readonly #time: VirtualTime;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  get alive(): boolean {
    return !this.#dead;
  }

  /** From now on nothing happens in it any more. */
  kill(): void {
    this.#dead = true;
  }

  freeze(milliseconds: number): void {
    this.#frozenUntil = this.#time.now + milliseconds;
  }

  /** Runs something in the process, when it can. */
  after = (milliseconds: number, run: () => void): () => void => {
    let cancel = this.#time.after(milliseconds, () => {
      if (this.#dead) return;
      const frozen = this.#frozenUntil - this.#time.now;
      if (frozen <= 0) run();
      else cancel = this.after(frozen, run);
    });
    return () => cancel();
  };

  readonly clock: SessionClock = ((now: () => number): SessionClock => ({
    get now() {
      return now();
    },
    sleep: (milliseconds, signal) => {
      if (signal.aborted) return Promise.reject(signal.reason);
      return new Promise((resolve, reject) => {
        const cancel = this.after(milliseconds, () => {
          signal.removeEventListener("abort", abort);
          resolve();
        });
        const abort = () => {
          cancel();
          reject(signal.reason);
        };
        signal.addEventListener("abort", abort, { once: true });
      });
    },
  }))(() => this.#time.now);

  /** What `AbortSignal.timeout` is in real time. */
  timeLimit = (milliseconds: number): AbortSignal => {
    const limit = new AbortController();
    this.after(
      milliseconds,
      () => limit.abort(new DOMException("too late", "TimeoutError")),
    );
    return limit.signal;
  };
}
