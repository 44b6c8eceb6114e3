import type { EpochMetrics } from "../protocol/training.ts";
import type { Policy } from "./policy.ts";
import {
  type Attempt,
  deliveredAttempts,
  type Instant,
  runningAttempts,
  type TrialRecord,
} from "./trial.ts";

/** How a trial changes with its attempts: the parts of a transition. */

/** The trial with this attempt ended, and the state that follows from all. */
export function end(
  trial: TrialRecord,
  ended: Attempt & { endedAt: Instant },
  policy: Policy,
): TrialRecord {
  const next = replace(trial, ended);
  if (next.state === "completed") return next;
  if (deliveredAttempts(next).length > 0) {
    return { ...base(next), state: "verifying" };
  }
  if (next.state === "quarantined") return next;
  if (runningAttempts(next).length > 0) {
    return { ...base(next), state: "leased" };
  }
  const failed = workers(
    next,
    (a) => a.state === "failed" || a.state === "refused",
  );
  const lost = workers(
    next,
    (a) =>
      a.state === "failed" || a.state === "refused" || a.state === "expired",
  );
  return failed >= policy.failedWorkers || lost >= policy.silentWorkers
    ? { ...base(next), state: "quarantined", quarantinedAt: ended.endedAt }
    : { ...base(next), state: "queued" };
}

function workers(trial: TrialRecord, which: (a: Attempt) => boolean): number {
  return new Set(trial.attempts.filter(which).map((a) => a.workerId)).size;
}

/** Those of the epochs that nothing was reported of; the first report stands. */
export function newEpochs(
  known: readonly EpochMetrics[],
  reported: readonly EpochMetrics[],
): readonly EpochMetrics[] {
  const seen = new Set(known.map(({ epoch }) => epoch));
  return reported.filter(({ epoch }) => {
    const fresh = !seen.has(epoch);
    seen.add(epoch);
    return fresh;
  });
}

/** The trial with this attempt in place of the one of its number. */
export function replace(trial: TrialRecord, attempt: Attempt): TrialRecord {
  return {
    ...trial,
    attempts: trial.attempts.map((a) =>
      a.attempt === attempt.attempt ? attempt : a
    ),
  };
}

/** What every state of a trial has. */
export function base({ spec, planned, attempts }: TrialRecord) {
  return { spec, planned, attempts };
}

/** What every state of an attempt has. */
export function core(a: Attempt) {
  return {
    attempt: a.attempt,
    leaseId: a.leaseId,
    workerId: a.workerId,
    backend: a.backend,
    backendDetail: a.backendDetail,
    startedAt: a.startedAt,
    ttl: a.ttl,
    epochs: a.epochs,
  };
}
