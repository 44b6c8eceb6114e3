import type { LeaseId, WorkerId } from "../../protocol/ids.ts";
import type { BackendName, EpochMetrics } from "../../protocol/training.ts";
import type {
  Delivery,
  Instant,
  RecomputedFigures,
  RunningAttempt,
  TrialRecord,
} from "./trial.ts";

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
    /** Milliseconds for which leases are asked to say nothing (`pacing.ts`). */
    readonly pause: number;
  }
  /** `wanted`: the trial still belongs to what the coordinator leases out. */
  | ({ readonly type: "renew"; readonly wanted: boolean } & Fence)
  | ({
    readonly type: "report";
    readonly wanted: boolean;
    /** Of each epoch the first report stands. */
    readonly epochs: readonly EpochMetrics[];
  } & Fence)
  /** Weights begin to come, for a result that is about to. */
  | ({ readonly type: "upload" } & Fence)
  | ({
    readonly type: "complete";
    readonly delivery: Delivery;
    /** What the checks found; none: the result can be true. */
    readonly problems: readonly string[];
    /** Null: it counts at once, for nobody verifies. */
    readonly verify: {
      /** Whether the weights that it names were uploaded. */
      readonly weightsHere: boolean;
    } | null;
  } & Fence)
  | {
    readonly type: "verdict";
    readonly now: Instant;
    readonly leaseId: LeaseId;
    readonly verdict: ResultVerdict;
  }
  /** A worker was caught lying: what it alone vouched for is open again. */
  | {
    readonly type: "withdraw";
    readonly now: Instant;
    readonly leaseId: LeaseId;
    readonly message: string;
  }
  /** The operator removed a worker: where it failed says nothing any more. */
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

/** What verifying a delivered result came to. */
export type ResultVerdict =
  | {
    readonly type: "true";
    /** Null where nothing could be recomputed from weights. */
    readonly recomputed: RecomputedFigures | null;
    /** First epochs that were trained again and came to the same. */
    readonly repeatedEpochs: number;
  }
  | { readonly type: "false"; readonly problems: readonly string[] }
  /** Nobody's fault: what it takes to judge is gone. */
  | { readonly type: "lost"; readonly message: string };

/** What the caller is told. */
export type Reply =
  | { readonly type: "leased"; readonly attempt: RunningAttempt }
  /** The lease lasts `ttl` milliseconds from now. */
  | { readonly type: "continue"; readonly ttl: number }
  | {
    readonly type: "stop";
    readonly reason: "trial-completed" | "study-stopped";
  }
  | { readonly type: "uploading" }
  /** It waits for its verdict. */
  | { readonly type: "received"; readonly repeated: boolean }
  | { readonly type: "accepted"; readonly repeated: boolean }
  | { readonly type: "refused"; readonly problems: readonly string[] }
  /** Whether there was a result that waited for the verdict. */
  | { readonly type: "judged"; readonly settled: boolean }
  /** Whether there was a result to withdraw. */
  | { readonly type: "withdrawn"; readonly settled: boolean }
  /** How many of the trial's attempts are nobody's fault now. */
  | { readonly type: "forgiven"; readonly attempts: number }
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
  | { readonly type: "result-received"; readonly workerId: WorkerId }
  | { readonly type: "result-lost"; readonly workerId: WorkerId }
  | { readonly type: "result-withdrawn"; readonly workerId: WorkerId }
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
  /** A trained trial's weights have to come before its result. */
  | "missing-weights"
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
