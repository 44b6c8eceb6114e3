import type { TrialId, WorkerId } from "../../protocol/ids.ts";
import type { Policy } from "./policy.ts";
import {
  failuresOn,
  type Instant,
  type RunningAttempt,
  runningAttempts,
  type TrialRecord,
} from "./trial.ts";

/**
 * Stragglers: near the end of a study an idle worker makes a second attempt at the trial that
 * would keep everybody waiting. All estimates, in milliseconds, from what the
 * coordinator has seen itself: a worker's own word on its epochs' length would
 * let one that hoards a trial look as if it were nearly done.
 */

/** An idle worker that asks for a lease. */
export interface Newcomer {
  readonly now: Instant;
  readonly workerId: WorkerId;
  /** What it would be lent, by its measured speed: a slower one gets more. */
  readonly ttl: number;
  /** What an epoch takes there; null: not measured, so nothing can be said. */
  readonly epochMilliseconds: number | null;
  /**
   * Milliseconds for which leases are asked to say nothing (`pacing.ts`): in a
   * crowd an attempt may be that much further than it has told.
   */
  readonly pause: number;
}

/** Leases outlast this many epochs of a worker that has measured its speed. */
export const EPOCHS_IN_LEASE = 3;

/**
 * How long an attempt still takes. Reported epochs say how fast it is, half of
 * the next one done; before the first, the speed that its worker measured, if
 * that was lower than the newcomer's, and the time that has passed: up to its
 * last call, if that was not twice as long ago as it was asked to wait. But a
 * tenth of all the time that has passed at least: so one that says nothing more
 * looks slower and slower, also where but its result is missing.
 */
function remaining(
  attempt: RunningAttempt,
  epochs: number,
  newcomer: Newcomer,
): number {
  const elapsed = newcomer.now - attempt.startedAt;
  const called = attempt.expiresAt - attempt.ttl;
  const silent = Math.max(0, newcomer.now - called);
  const told = silent < 2 * newcomer.pause ? elapsed - silent : elapsed;
  const done = attempt.epochs.length;
  const measured = attempt.ttl > newcomer.ttl
    ? attempt.ttl / EPOCHS_IN_LEASE
    : newcomer.epochMilliseconds ?? 0;
  const perEpoch = done > 0 ? told / (done + 0.5) : Math.max(told, measured);
  return Math.max(epochs * perEpoch - elapsed, elapsed / 10);
}

/**
 * Whether an attempt has taken so long that it must not keep others from the
 * trial. Renewing for ever costs a worker nothing, and two that did would keep
 * a study from ending; so a speculative attempt may take the place of one that is stuck.
 */
export function isStuck(
  { ttl, startedAt, epochs }: RunningAttempt,
  now: Instant,
  policy: Policy,
): boolean {
  const patience = policy.leasesPerEpoch * ttl * (epochs.length + 1);
  return now - startedAt > patience;
}

/**
 * How much earlier the trial would be done if the newcomer began it anew, for
 * all that can be told; null: it is not worth it, or not allowed.
 */
export function speculativeSaves(
  trial: TrialRecord,
  newcomer: Newcomer,
  policy: Policy,
): number | null {
  const { now, workerId, epochMilliseconds } = newcomer;
  const running = runningAttempts(trial);
  const able = running.filter((a) => !isStuck(a, now, policy));
  if (
    policy.runningAttempts < 2 || epochMilliseconds === null ||
    trial.state !== "leased" || !trial.planned ||
    able.length >= policy.runningAttempts ||
    running.some((a) => a.workerId === workerId) ||
    failuresOn(trial, workerId) > 0
  ) return null;
  const { epochs } = trial.spec.recipe;
  const needed = epochs * epochMilliseconds;
  const left = Math.min(
    ...running.map((attempt) => remaining(attempt, epochs, newcomer)),
  );
  const saved = left - needed;
  return saved >= Math.max(policy.speculativeSaves, needed / 4) ? saved : null;
}

/** The trial whose speculative attempt saves most; of equals the first. Null: none. */
export function chooseSpeculative(
  trials: readonly TrialRecord[],
  newcomer: Newcomer,
  policy: Policy,
): TrialId | null {
  let best: { readonly trialId: TrialId; readonly saved: number } | null = null;
  for (const trial of trials) {
    const saved = speculativeSaves(trial, newcomer, policy);
    if (saved === null || best !== null && saved <= best.saved) continue;
    best = { trialId: trial.spec.trialId, saved };
  }
  return best?.trialId ?? null;
}
