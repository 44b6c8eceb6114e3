import type { TrialId, WorkerId } from "../../protocol/ids.ts";
import type { TrialSpec } from "../../protocol/study.ts";
import type { Policy } from "./policy.ts";
import {
  failuresOn,
  type Instant,
  type RunningAttempt,
  runningAttempts,
  type TrialRecord,
} from "./trial.ts";

/**
 * Speculative attempts: near the end of a study an idle worker also trains the
 * trial that would finish last. All estimates, in milliseconds, use what the
 * coordinator measured itself, because a worker that holds a trial without
 * training could claim that it is nearly done.
 */

/** An idle worker that asks for a lease. */
export interface Newcomer {
  readonly now: Instant;
  readonly workerId: WorkerId;
  /**
   * The lease it would get, by its measured speed: longer for a slower worker.
   */
  readonly ttl: number;
  /** Milliseconds per epoch there; null: not measured, so no estimate. */
  readonly epochMilliseconds: number | null;
  /**
   * Milliseconds that leases wait between calls (`pacing.ts`): an attempt may
   * be ahead of its last report by this time.
   */
  readonly pause: number;
}

/** A lease lasts this many epochs of a worker that measured its speed. */
export const EPOCHS_IN_LEASE = 3;

/**
 * Estimates how long an attempt still needs. Its speed follows from its
 * reported epochs, assuming that half of the next one is done. Before the first
 * epoch it is the worker's measured speed, if slower than the newcomer's, or
 * the time since the start. A paced attempt is judged as of its last call,
 * unless it was silent for twice its pause. The result is at least a tenth of
 * the elapsed time, so an attempt that stays silent looks slower and slower,
 * even if only its result is missing.
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
 * Whether an attempt has taken so long that it must not block the trial. Two
 * workers that renew forever without training would keep a study from ending,
 * so a speculative attempt may replace a stuck one.
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
 * Estimated time by which the trial would finish earlier if the newcomer
 * started it too; null: too little, or not allowed.
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

/**
 * The first trial where a speculative attempt saves most, or null.
 *
 * @param newcomerFor The idle worker, with its times for one trial.
 */
export function chooseSpeculative(
  trials: readonly TrialRecord[],
  newcomerFor: (spec: TrialSpec) => Newcomer,
  policy: Policy,
): TrialId | null {
  let best: { readonly trialId: TrialId; readonly saved: number } | null = null;
  for (const trial of trials) {
    const saved = speculativeSaves(trial, newcomerFor(trial.spec), policy);
    if (saved === null || best !== null && saved <= best.saved) continue;
    best = { trialId: trial.spec.trialId, saved };
  }
  return best?.trialId ?? null;
}
