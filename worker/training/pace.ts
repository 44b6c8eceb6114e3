/** Milliseconds of training between two pauses. */
export const PAUSE_EVERY = 100;

/** Factor by which a device's queue may grow from one pause to the next. */
const FASTEST_GROWTH = 4;

/** Functions that a pace needs from its thread. */
export interface PaceOptions {
  /** Milliseconds on a clock that never goes back. */
  now(): number;
  /** Lets the thread's other work run: messages, timers. */
  pause(): Promise<void>;
  /**
   * Resolves when a device has done all work queued so far; null if work is
   * done when its call returns.
   */
  finished(): Promise<void> | null;
}

/** Alternates between training, the device and the thread's other work. */
export interface Pace {
  /**
   * Call after each step. If it returns a promise, await it and then check
   * whether to stop.
   *
   * @param report called when the device has done this step, unless a later
   * step is reported first
   */
  step(report: () => void): Promise<void> | null;
  /** All queued work is done: pending reports are dropped. */
  caughtUp(): void;
}

/** Work that was queued on a device up to a pause. */
interface Queued {
  /** Steps since the previous pause. */
  readonly steps: number;
  readonly done: Promise<void>;
  readonly report: () => void;
}

/**
 * Pauses about every 100 ms. Calls to a device return long before the work is
 * done, so without a bound minutes of work would queue up. Between two pauses
 * the device gets as many steps as it does in 100 ms, and each pause waits for
 * the steps queued before the previous pause. So the device is never idle and
 * at most two pauses behind, and nothing is read back.
 */
export function createPace({ now, pause, finished }: PaceOptions): Pace {
  let last = now();
  let queued = 0;
  let most = 1;
  let before: Queued | undefined;

  const turn = async (done: Promise<void> | null, report: () => void) => {
    const earlier = before;
    if (done === null) report();
    else {
      // It may fail before it is awaited, which would be unhandled.
      done.catch(() => {});
      before = { steps: queued, done, report };
      await earlier?.done;
      earlier?.report();
    }
    await pause();
    const start = last;
    last = now();
    if (earlier !== undefined) {
      const { steps } = earlier;
      const fitting = Math.round(steps * PAUSE_EVERY / (last - start));
      most = Math.max(1, Math.min(fitting, steps * FASTEST_GROWTH));
    }
    queued = 0;
  };

  return {
    step(report) {
      queued++;
      if (now() - last >= PAUSE_EVERY) return turn(finished(), report);
      if (queued < most) return null;
      const done = finished();
      return done === null ? null : turn(done, report);
    },
    caughtUp() {
      before = undefined;
      queued = 0;
    },
  };
}
