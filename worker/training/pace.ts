/** Milliseconds of training between two pauses. */
export const PAUSE_EVERY = 100;

/** A device's queue may grow as much from one pause to the next. */
const FASTEST_GROWTH = 4;

/** What a pace needs from the thread that it is kept in. */
export interface PaceOptions {
  /** Milliseconds on a clock that never goes back. */
  now(): number;
  /** Lets the thread's other work run: messages, timers. */
  pause(): Promise<void>;
  /**
   * Resolves once a device did all that is queued by now; null where work is
   * done when its call returns.
   */
  finished(): Promise<void> | null;
}

/** Takes turns between training, the device and the thread's other work. */
export interface Pace {
  /**
   * To be awaited after each step, if it returns a promise; then whether to
   * stop is worth asking.
   *
   * @param report called when this step is done, unless training is further
   * by then
   */
  step(report: () => void): Promise<void> | null;
  /** All that was queued is done: what waits to be reported is old news. */
  caughtUp(): void;
}

/** What was queued on a device up to a pause. */
interface Queued {
  /** Since the pause before. */
  readonly steps: number;
  readonly done: Promise<void>;
  readonly report: () => void;
}

/**
 * A pause about every 100 ms. Calls to a device return long before it is done:
 * without a bound, minutes of work would pile up. So at each pause the device
 * is given as many steps as it does in 100 ms, and the pause waits for those
 * given at the pause before: it never runs dry, is at most two pauses behind,
 * and nothing is read back from it.
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
      // Whoever awaits it hears of a failure; it may fail before.
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
