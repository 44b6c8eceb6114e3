import type { LeaseId, WorkerId } from "../../protocol/ids.ts";
import type { BackendName, EpochMetrics } from "../../protocol/training.ts";
import type {
  Delivery,
  Instant,
  RecomputedFigures,
  RunningAttempt,
  TrialRecord,
} from "./trial.ts";

/** The events of a trial and their effects. Types only. */

/** Fencing: lease id, attempt and worker must all match. */
export interface Fence {
  /** When the event happens, by the storage's clock. */
  readonly now: Instant;
  /** The lease that the call is about. */
  readonly leaseId: LeaseId;
  /** Its attempt's number, the fencing token. */
  readonly attempt: number;
  /** The calling worker. */
  readonly workerId: WorkerId;
}

/** What can happen to a trial. */
export type TrialEvent =
  | {
    readonly type: "lease";
    readonly now: Instant;
    readonly leaseId: LeaseId;
    readonly workerId: WorkerId;
    readonly backend: BackendName;
    readonly backendDetail: string | null;
    readonly ttl: number;
    /** Measured milliseconds per epoch; null: not measured. */
    readonly epochMilliseconds: number | null;
    /** Milliseconds that leases wait between calls (`pacing.ts`). */
    readonly pause: number;
  }
  /** `wanted`: the trial is still in the active study's plan. */
  | ({ readonly type: "renew"; readonly wanted: boolean } & Fence)
  | ({
    readonly type: "report";
    readonly wanted: boolean;
    /** The first report of an epoch counts. */
    readonly epochs: readonly EpochMetrics[];
  } & Fence)
  /** An upload of weights starts, before the result. */
  | ({ readonly type: "upload" } & Fence)
  | ({
    readonly type: "complete";
    readonly delivery: Delivery;
    /** Problems that the checks found; empty if the result is plausible. */
    readonly problems: readonly string[];
    /** Null without verification: the result counts immediately. */
    readonly verify: {
      /** Whether the result's weights were uploaded. */
      readonly weightsHere: boolean;
    } | null;
  } & Fence)
  | {
    readonly type: "verdict";
    readonly now: Instant;
    readonly leaseId: LeaseId;
    readonly verdict: ResultVerdict;
  }
  /**
   * The worker delivered a false result: those of its results that were not
   * repeated no longer count.
   */
  | {
    readonly type: "withdraw";
    readonly now: Instant;
    readonly leaseId: LeaseId;
    readonly message: string;
  }
  /** The operator removed a worker: its failures no longer count. */
  | {
    readonly type: "forgive";
    readonly now: Instant;
    readonly workerId: WorkerId;
  }
  | ({
    readonly type: "release";
    readonly reason: "leaving" | "failed";
    readonly message: string | null;
  } & Fence)
  | { readonly type: "expire"; readonly now: Instant };

/** The outcome of verifying a delivered result. */
export type ResultVerdict =
  | {
    readonly type: "true";
    /** Null if there were no weights. */
    readonly recomputed: RecomputedFigures | null;
    /** Number of first epochs that were trained again with the same bits. */
    readonly repeatedEpochs: number;
  }
  | { readonly type: "false"; readonly problems: readonly string[] }
  /** Data needed for the verdict is missing; this is not a failure. */
  | { readonly type: "lost"; readonly message: string };

/** The answer to the caller. */
export type Reply =
  | { readonly type: "leased"; readonly attempt: RunningAttempt }
  /** The lease lasts `ttl` milliseconds from now. */
  | { readonly type: "continue"; readonly ttl: number }
  | {
    readonly type: "stop";
    readonly reason: "trial-completed" | "study-stopped";
  }
  | { readonly type: "uploading" }
  /** The result waits for its verdict. */
  | { readonly type: "received"; readonly repeated: boolean }
  | { readonly type: "accepted"; readonly repeated: boolean }
  | { readonly type: "refused"; readonly problems: readonly string[] }
  /** Whether a result was waiting for the verdict. */
  | { readonly type: "judged"; readonly settled: boolean }
  /** Whether there was a result to withdraw. */
  | { readonly type: "withdrawn"; readonly settled: boolean }
  /** How many attempts no longer count against the trial. */
  | { readonly type: "forgiven"; readonly attempts: number }
  | { readonly type: "released" }
  | { readonly type: "expired"; readonly attempts: number };

/** What to do after the new state is stored. */
export type Effect =
  /** A leaderboard or the progress has changed. */
  | { readonly type: "changed" }
  | { readonly type: "epoch"; readonly metrics: EpochMetrics }
  | { readonly type: "lease-granted"; readonly workerId: WorkerId }
  | { readonly type: "lease-released"; readonly workerId: WorkerId }
  | { readonly type: "lease-expired"; readonly workerId: WorkerId }
  | { readonly type: "trial-failed"; readonly workerId: WorkerId }
  | { readonly type: "result-received"; readonly workerId: WorkerId }
  | { readonly type: "result-lost"; readonly workerId: WorkerId }
  | { readonly type: "result-withdrawn"; readonly workerId: WorkerId }
  | { readonly type: "result-accepted"; readonly workerId: WorkerId }
  | { readonly type: "result-refused"; readonly workerId: WorkerId }
  | { readonly type: "attempt-superseded"; readonly workerId: WorkerId }
  | { readonly type: "trial-quarantined" };

/** Why an event is rejected. */
export type Rejection =
  /** The lease is unknown, another worker's, or over. */
  | "stale-lease"
  | "trial-completed"
  | "trial-quarantined"
  | "conflicting-result"
  /** A trained trial's weights must be uploaded before its result. */
  | "missing-weights"
  /** The trial cannot be leased: it is running, done, or not in the plan. */
  | "not-leasable"
  /** The report names an epoch that the recipe does not have. */
  | "no-such-epoch";

/** The outcome of an event: the trial afterwards, or the rejection. */
export type Transition =
  | {
    readonly ok: true;
    /** The same object if nothing changed. */
    readonly trial: TrialRecord;
    readonly reply: Reply;
    readonly effects: readonly Effect[];
  }
  | { readonly ok: false; readonly rejection: Rejection };
