/**
 * A thread that only waits. Browsers slow the timers of a hidden tab down to
 * one a minute, but not those of its threads: heartbeats go out in time.
 */

/** Asks to be told after so many milliseconds, or no more. */
export type ClockRequest =
  | { readonly id: number; readonly milliseconds: number }
  | { readonly id: number; readonly milliseconds: null };

interface ThreadScope {
  onmessage: ((message: MessageEvent<ClockRequest>) => void) | null;
  postMessage(id: number): void;
}

/** Makes a thread's global scope wait for those who ask. */
export function serveClock(scope: ThreadScope): void {
  const timers = new Map<number, ReturnType<typeof setTimeout>>();
  scope.onmessage = ({ data: { id, milliseconds } }) => {
    if (milliseconds === null) {
      clearTimeout(timers.get(id));
      timers.delete(id);
      return;
    }
    const ring = () => {
      timers.delete(id);
      scope.postMessage(id);
    };
    timers.set(id, setTimeout(ring, milliseconds));
  };
}

declare const self: ThreadScope;
serveClock(self);
