import type { Instant } from "../lease/trial.ts";

/**
 * A clock for leases, made of two: the wall's, which knows the date and can be
 * set, and one that only goes forward. It shows the wall's time, but never goes
 * back, nor stands still: when the wall's is set back it goes on as fast as the
 * other one does. A wall clock that leaps forward takes it along, for that is
 * also what a machine that slept looks like.
 *
 * @param wall Milliseconds since 1970.
 * @param monotonic Milliseconds since whenever.
 */
export function steadyClock(
  wall: () => Instant,
  monotonic: () => number,
): () => Instant {
  let at = monotonic();
  let shown = wall();
  return () => {
    const tick = monotonic();
    shown = Math.max(shown + Math.max(0, tick - at), wall());
    at = tick;
    return Math.floor(shown);
  };
}
