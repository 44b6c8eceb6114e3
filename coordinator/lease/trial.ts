import type { LeaseId, Sha256, WorkerId } from "../../protocol/ids.ts";
import type { TrialSpec } from "../../protocol/study.ts";
import type {
  BackendName,
  EpochMetrics,
  TrialResult,
} from "../../protocol/training.ts";
import type { Policy } from "./policy.ts";

/** One trial: its plan, its attempts and its state. Pure data. */

/** Milliseconds since 1970, by the storage's clock. */
export type Instant = number;

/** What every attempt has, in any state. */
export interface AttemptBase {
  /** Counted from 1 in each trial: the fencing token. */
  readonly attempt: number;
  /** Unique to this attempt. */
  readonly leaseId: LeaseId;
  /** The worker that holds or held the lease. */
  readonly workerId: WorkerId;
  /** The backend, as reported by the worker. */
  readonly backend: BackendName;
  /** The backend's description of itself. */
  readonly backendDetail: string | null;
  /** When the lease was granted. */
  readonly startedAt: Instant;
  /** Milliseconds by which each renewal extends the lease. */
  readonly ttl: number;
  /** Reported so far, by rising epoch; lost reports leave gaps. */
  readonly epochs: readonly EpochMetrics[];
}

/** What an ended attempt has. */
export interface Ended {
  /** When it entered its state. */
  readonly endedAt: Instant;
}

/** A result as a worker delivered it. */
export interface Delivery {
  /** As the worker reported it. */
  readonly result: TrialResult;
  /** Hash of the final weights; null if the trial diverged and has none. */
  readonly weights: Sha256 | null;
}

/** What the coordinator computed from a trial's final weights. */
export interface RecomputedFigures {
  /** Mean over the test set, in nats. */
  readonly testLoss: number;
  /** Share of the test set. */
  readonly testAccuracy: number;
}

/** One lease of the trial, running or ended. */
export type Attempt =
  & AttemptBase
  & (
    | { readonly state: "running"; readonly expiresAt: Instant }
    /** Its result waits for the verdict. */
    | ({ readonly state: "delivered"; readonly delivery: Delivery } & Ended)
    /** Its result is the trial's result. */
    | ({ readonly state: "completed" } & Ended)
    /** Released without a failure. */
    | ({ readonly state: "released"; readonly message: string | null } & Ended)
    /** Training failed there. */
    | ({ readonly state: "failed"; readonly message: string } & Ended)
    /** Its result failed the checks. */
    | ({ readonly state: "refused"; readonly message: string } & Ended)
    /** Not renewed in time; a late result is still accepted. */
    | ({ readonly state: "expired" } & Ended)
    /** Another attempt's result was accepted first. */
    | ({ readonly state: "superseded" } & Ended)
  );

/** An attempt whose result is being verified. */
export type DeliveredAttempt = Extract<Attempt, { state: "delivered" }>;

/** An attempt with a lease, which ends at `expiresAt` unless renewed. */
export type RunningAttempt = Extract<Attempt, { state: "running" }>;

/** The trial's one accepted result. */
export interface AcceptedResult {
  /** The trial's one completed attempt. */
  readonly attempt: number;
  /** The lease of that attempt. */
  readonly leaseId: LeaseId;
  /** The worker that gets the credit. */
  readonly workerId: WorkerId;
  /** When it passed its checks. */
  readonly acceptedAt: Instant;
  /** As the worker delivered it; `publishedResult` is what counts. */
  readonly result: TrialResult;
  /** Hash of its final weights; null if there are none, or if nobody checks. */
  readonly weights: Sha256 | null;
  /** Null without weights, or without verification. */
  readonly recomputed: RecomputedFigures | null;
  /**
   * Number of first epochs that another machine trained again with the same
   * bits; 0: none. If it is all epochs, nothing depends on the worker's honesty.
   * All of a diverged trial: the other machine diverged, too.
   */
  readonly repeatedEpochs: number;
}

/** What every trial has, in any state. */
export interface TrialBase {
  /** What to train. */
  readonly spec: TrialSpec;
  /**
   * Whether it is in its study's current plan; otherwise it is kept and waits.
   */
  readonly planned: boolean;
  /** By rising `attempt`, without gaps. */
  readonly attempts: readonly Attempt[];
}

/** One trial with its attempts, in one of five states. */
export type TrialRecord =
  & TrialBase
  & (
    | { readonly state: "queued" }
    /** At least one attempt is running. */
    | { readonly state: "leased" }
    /** At least one result waits for its verdict. */
    | { readonly state: "verifying" }
    | { readonly state: "completed"; readonly accepted: AcceptedResult }
    /** Failed too often to be tried again automatically. */
    | { readonly state: "quarantined"; readonly quarantinedAt: Instant }
  );

/** A trial as it enters the plan. */
export function newTrial(spec: TrialSpec): TrialRecord {
  return { spec, planned: true, attempts: [], state: "queued" };
}

/** The attempts that hold a lease now. */
export function runningAttempts(trial: TrialRecord): RunningAttempt[] {
  return trial.attempts.filter((a) => a.state === "running");
}

/** The attempts whose results wait for their verdicts. */
export function deliveredAttempts(trial: TrialRecord): DeliveredAttempt[] {
  return trial.attempts.filter((a) => a.state === "delivered");
}

/** The first running or delivered attempt with the most epochs. */
export function furthest(
  trial: TrialRecord,
): RunningAttempt | DeliveredAttempt | undefined {
  return trial.attempts
    .filter((a) => a.state === "running" || a.state === "delivered")
    .sort((a, b) => b.epochs.length - a.epochs.length)[0];
}

/** Whether this is the worker's attempt and counts against the trial. */
export function isFailureOf(attempt: Attempt, workerId: WorkerId): boolean {
  const { state } = attempt;
  return attempt.workerId === workerId &&
    (state === "failed" || state === "refused" || state === "expired");
}

/**
 * Whether removing the worker voids this attempt: it counts against the trial,
 * or its result has no verdict yet.
 */
export function isVoidWithout(attempt: Attempt, workerId: WorkerId): boolean {
  return isFailureOf(attempt, workerId) ||
    attempt.state === "delivered" && attempt.workerId === workerId;
}

/** How often the trial failed on this worker. */
export function failuresOn(trial: TrialRecord, workerId: WorkerId): number {
  return trial.attempts.filter((a) =>
    (a.state === "failed" || a.state === "refused") && a.workerId === workerId
  ).length;
}

/** How a trial changes with its attempts: the parts of a transition. */

/** Ends this attempt and derives the trial's state from all attempts. */
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

/**
 * The epochs that were not reported before; the first report of an epoch
 * counts.
 */
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

/** Replaces the attempt that has the same number. */
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
