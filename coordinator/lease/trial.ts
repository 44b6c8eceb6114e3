import type { LeaseId, Sha256, WorkerId } from "../../protocol/ids.ts";
import type { TrialSpec } from "../../protocol/study.ts";
import type {
  BackendName,
  EpochMetrics,
  TrialResult,
} from "../../protocol/training.ts";
import type { Policy } from "./policy.ts";

/** What is known of one trial: its plan, its attempts, its fate. Pure data. */

/** Milliseconds since 1970, by the storage's clock. */
export type Instant = number;

/** What every attempt at a trial has, whatever its state. */
export interface AttemptBase {
  /** Counted from 1 in each trial: the fencing token. */
  readonly attempt: number;
  /** Of this attempt alone. */
  readonly leaseId: LeaseId;
  /** Who holds or held the lease. */
  readonly workerId: WorkerId;
  /** What it trains on, as the worker says. */
  readonly backend: BackendName;
  /** What the backend says of itself. */
  readonly backendDetail: string | null;
  /** When the lease was granted. */
  readonly startedAt: Instant;
  /** Milliseconds by which each renewal extends the lease. */
  readonly ttl: number;
  /** Reported so far, by rising epoch; late or lost ones leave gaps. */
  readonly epochs: readonly EpochMetrics[];
}

/** What an attempt has that runs no more. */
export interface Ended {
  /** When its state became what it is. */
  readonly endedAt: Instant;
}

/** A result as a worker delivered it, and what stands behind it. */
export interface Delivery {
  /** As the worker says. */
  readonly result: TrialResult;
  /** Of the final weights; null where the trial has none: it diverged. */
  readonly weights: Sha256 | null;
}

/** What the coordinator computed itself from a trial's final weights. */
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
    /** Its result waits for its verdict. */
    | ({ readonly state: "delivered"; readonly delivery: Delivery } & Ended)
    /** Its result is the trial's. */
    | ({ readonly state: "completed" } & Ended)
    /** Handed back without fault. */
    | ({ readonly state: "released"; readonly message: string | null } & Ended)
    /** The trial could not be trained there. */
    | ({ readonly state: "failed"; readonly message: string } & Ended)
    /** Its result did not stand up to its checks. */
    | ({ readonly state: "refused"; readonly message: string } & Ended)
    /** Not renewed in time; a late result is still welcome. */
    | ({ readonly state: "expired" } & Ended)
    /** Another attempt's result was accepted first. */
    | ({ readonly state: "superseded" } & Ended)
  );

/** An attempt whose result is being verified. */
export type DeliveredAttempt = Extract<Attempt, { state: "delivered" }>;

/** An attempt that holds a lease, until `expiresAt` unless it is renewed. */
export type RunningAttempt = Extract<Attempt, { state: "running" }>;

/** The one result that a trial ends with. */
export interface AcceptedResult {
  /** The attempt that it came from: the trial's one completed attempt. */
  readonly attempt: number;
  /** Of that attempt. */
  readonly leaseId: LeaseId;
  /** Who is credited with it. */
  readonly workerId: WorkerId;
  /** When it passed its checks. */
  readonly acceptedAt: Instant;
  /** As the worker delivered it; `publishedResult` is what counts. */
  readonly result: TrialResult;
  /** Null where there are no weights, or nobody recomputed. */
  readonly recomputed: RecomputedFigures | null;
  /**
   * First epochs that somebody else has trained again; 0: nobody did. As many
   * as the result has: nothing of it rests on its worker's word.
   */
  readonly repeatedEpochs: number;
}

/** What every trial has, whatever its state. */
export interface TrialBase {
  /** What to train. */
  readonly spec: TrialSpec;
  /** Part of its study's plan now; others keep what they have and wait. */
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
    /** At least one attempt's result waits for its verdict. */
    | { readonly state: "verifying" }
    | { readonly state: "completed"; readonly accepted: AcceptedResult }
    /** Failed too often to be tried again by itself. */
    | { readonly state: "quarantined"; readonly quarantinedAt: Instant }
  );

/** A trial as it enters the plan: nobody has tried it. */
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

/**
 * The attempt with the most epochs of those that a result may come of yet, of
 * equals the first.
 */
export function furthest(
  trial: TrialRecord,
): RunningAttempt | DeliveredAttempt | undefined {
  return trial.attempts
    .filter((a) => a.state === "running" || a.state === "delivered")
    .sort((a, b) => b.epochs.length - a.epochs.length)[0];
}

/** When the first running attempt's lease ends; null where none runs. */
export function nextExpiry(trial: TrialRecord): Instant | null {
  const ends = runningAttempts(trial).map((a) => a.expiresAt);
  return ends.length === 0 ? null : Math.min(...ends);
}

/** Whether the attempt counts against its trial, and is this worker's. */
export function isFailureOf(attempt: Attempt, workerId: WorkerId): boolean {
  const { state } = attempt;
  return attempt.workerId === workerId &&
    (state === "failed" || state === "refused" || state === "expired");
}

/** How often the trial failed on this worker. */
export function failuresOn(trial: TrialRecord, workerId: WorkerId): number {
  return trial.attempts.filter((a) =>
    (a.state === "failed" || a.state === "refused") && a.workerId === workerId
  ).length;
}

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
