import type { Progress, Standstill } from "../../protocol/leaderboard.ts";
import type { TrialState } from "../../protocol/views.ts";
import type { Instant } from "./trial.ts";

/** Most results over which throughput is measured. */
export const THROUGHPUT_RESULTS = 50;

/** 15 minutes in milliseconds; older results say little about it. */
const THROUGHPUT_WINDOW = 15 * 60_000;

/** When a trial started, and when its result was accepted. */
interface Span {
  readonly startedAt: Instant;
  readonly acceptedAt: Instant;
}

/** Data of a study's progress besides the counts of trials by state. */
export interface Throughput {
  readonly workersOnline: number;
  /** Null without recent results. */
  readonly trialsPerMinute: number | null;
  /** Why no queued trial can be leased; null: one can, or trials go on. */
  readonly notLeasable: Standstill | null;
}

/** Whether trials wait and none goes on. */
export function standsStill(
  { queued, leased, verifying }: Record<TrialState, number>,
): boolean {
  return queued > 0 && leased + verifying === 0;
}

/** A study's progress from its counts of trials by state. */
export function studyProgress(
  counts: Record<TrialState, number>,
  { workersOnline, trialsPerMinute, notLeasable }: Throughput,
): Progress {
  const { queued, completed, quarantined } = counts;
  const leased = counts.leased + counts.verifying;
  const left = queued + leased;
  const standstill = standsStill(counts) ? notLeasable : null;
  return {
    total: left + completed + quarantined,
    completed,
    leased,
    queued,
    quarantined,
    complete: left === 0,
    standstill,
    workersOnline,
    trialsPerMinute,
    secondsLeft: left === 0
      ? 0
      : trialsPerMinute === null || standstill !== null
      ? null
      : left / trialsPerMinute * 60,
  };
}

/**
 * Results per minute, from the start of the first one, so that a study's first
 * result already gives a useful figure. The window is at least three trials
 * long, for slow devices. Null if no result is in the window.
 *
 * @param recent Accepted results, the latest first; at most `THROUGHPUT_RESULTS`.
 */
export function trialsPerMinute(
  recent: readonly Span[],
  now: Instant,
): number | null {
  const [latest] = recent;
  if (latest === undefined) return null;
  const length = latest.acceptedAt - latest.startedAt;
  const from = now - Math.max(THROUGHPUT_WINDOW, 3 * length);
  const counted = recent.filter(({ acceptedAt }) => acceptedAt > from);
  if (counted.length === 0) return null;
  const begun = Math.min(...counted.map(({ startedAt }) => startedAt));
  const milliseconds = now - Math.max(begun, from);
  return milliseconds <= 0 ? null : counted.length / milliseconds * 60_000;
}
