import type { LeaseId, WorkerId } from "../protocol/ids.ts";
import type {
  BackendName,
  EpochMetrics,
  TrialResult,
} from "../protocol/training.ts";
import type { Instant, RunningAttempt, TrialRecord } from "./trial.ts";

/** What can happen to a trial, and what may come of it. Types only. */

/** Who calls about which lease: lease, attempt and worker have to fit. */
export interface Fence {
  /** When the event happens, by the storage's clock. */
  readonly now: Instant;
  /** The lease that the call is about. */
  readonly leaseId: LeaseId;
  /** Its attempt's number, the fencing token. */
  readonly attempt: number;
  /** Who calls. */
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
    /** What an epoch takes there, as measured; null: not measured. */
    readonly epochMilliseconds: number | null;
  }
  /** `wanted`: the trial still belongs to what the coordinator leases out. */
  | ({ readonly type: "renew"; readonly wanted: boolean } & Fence)
  | ({
    readonly type: "report";
    readonly wanted: boolean;
    readonly metrics: EpochMetrics;
  } & Fence)
  | ({
    readonly type: "complete";
    readonly result: TrialResult;
    /** What the checks found; none: the result is good. */
    readonly problems: readonly string[];
  } & Fence)
  | ({
    readonly type: "release";
    readonly reason: "leaving" | "failed";
    readonly message: string | null;
  } & Fence)
  | { readonly type: "expire"; readonly now: Instant };

/** What the caller is told. */
export type Reply =
  | { readonly type: "leased"; readonly attempt: RunningAttempt }
  /** The lease lasts `ttl` milliseconds from now. */
  | { readonly type: "continue"; readonly ttl: number }
  | {
    readonly type: "stop";
    readonly reason: "trial-completed" | "study-stopped";
  }
  | { readonly type: "accepted"; readonly repeated: boolean }
  | { readonly type: "refused"; readonly problems: readonly string[] }
  | { readonly type: "released" }
  | { readonly type: "expired"; readonly attempts: number };

/** What follows once the new state is stored. */
export type Effect =
  /** A leaderboard or the progress shows something else now. */
  | { readonly type: "changed" }
  | { readonly type: "epoch"; readonly metrics: EpochMetrics }
  | { readonly type: "lease-granted"; readonly workerId: WorkerId }
  | { readonly type: "lease-released"; readonly workerId: WorkerId }
  | { readonly type: "lease-expired"; readonly workerId: WorkerId }
  | { readonly type: "trial-failed"; readonly workerId: WorkerId }
  | { readonly type: "result-accepted"; readonly workerId: WorkerId }
  | { readonly type: "result-refused"; readonly workerId: WorkerId }
  | { readonly type: "attempt-superseded"; readonly workerId: WorkerId }
  | { readonly type: "trial-quarantined" };

/** Why an event may not happen. */
export type Rejection =
  /** The lease is unknown, another's, or over. */
  | "stale-lease"
  | "trial-completed"
  | "trial-quarantined"
  | "conflicting-result"
  /** The trial cannot be leased: it is running, done, or not in the plan. */
  | "not-leasable"
  /** The report names an epoch that the recipe does not have. */
  | "no-such-epoch";

/** What comes of an event: the trial as it is then, or why not. */
export type Transition =
  | {
    readonly ok: true;
    /** The same object where nothing changed. */
    readonly trial: TrialRecord;
    readonly reply: Reply;
    readonly effects: readonly Effect[];
  }
  | { readonly ok: false; readonly rejection: Rejection };
