import type { Progress } from "../../protocol/leaderboard.ts";
import type { TrialState } from "../../protocol/views.ts";
import type { Instant } from "./trial.ts";

/** Accepted results that throughput is measured over, at most. */
export const THROUGHPUT_RESULTS = 50;

/** A quarter of an hour in milliseconds; older results say little. */
const THROUGHPUT_WINDOW = 15 * 60_000;

/** When a trial was begun, and when its result was accepted. */
interface Span {
  readonly startedAt: Instant;
  readonly acceptedAt: Instant;
}

/** What a study's progress tells beside where its trials stand. */
export interface Throughput {
  readonly workersOnline: number;
  /** Null where no result came in lately. */
  readonly trialsPerMinute: number | null;
}

/** How far a study is, by where its trials stand. */
export function studyProgress(
  counts: Record<TrialState, number>,
  { workersOnline, trialsPerMinute }: Throughput,
): Progress {
  const { queued, completed, quarantined } = counts;
  const leased = counts.leased + counts.verifying;
  const left = queued + leased;
  return {
    total: left + completed + quarantined,
    completed,
    leased,
    queued,
    quarantined,
    complete: left === 0,
    workersOnline,
    trialsPerMinute,
    secondsLeft: left === 0
      ? 0
      : trialsPerMinute === null
      ? null
      : left / trialsPerMinute * 60,
  };
}

/**
 * Results a minute, from when the first of them was begun until now, so that
 * the first result of a study gives a sound figure already. The window grows with
 * the length of a trial: three trials long at least, for slow devices. Null
 * where no result falls into it.
 *
 * @param recent Accepted results, the latest first; of the swarm's at most
 * `THROUGHPUT_RESULTS`.
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
