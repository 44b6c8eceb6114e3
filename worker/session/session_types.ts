import type { TrialId, WorkerId } from "../../protocol/ids.ts";
import type { DatasetManifest, TrialSpec } from "../../protocol/study.ts";
import type { NoLeaseReason, RegisterRequest } from "../../protocol/lease.ts";
import type {
  BackendName,
  EpochMetrics,
  TrialResult,
} from "../../protocol/training.ts";
import type { SwarmClient } from "./swarm_client.ts";
import type { SessionFailure, TrainerFailure } from "./failure.ts";
import type {
  BackendReport,
  StepProgress,
  TrainedTrial,
} from "../trainer/trainer_api.ts";

export type { SessionFailure, TrainerFailure };

/** Interfaces that a session needs, and its events. */

/** Progress of a training. */
export interface TrainCallbacks {
  readonly onEpoch: (metrics: EpochMetrics) => void;
  readonly onProgress: (progress: StepProgress) => void;
}

/** A trainer thread as a session uses it: one trial at a time. */
export interface Trainer {
  readonly report: BackendReport;
  /**
   * Trains a trial; null when `signal` stopped it.
   *
   * @throws if the thread failed: the trainer can no longer be used.
   */
  train(
    spec: TrialSpec,
    callbacks: TrainCallbacks,
    signal: AbortSignal,
  ): Promise<TrainedTrial | null>;
  /** Ends the thread immediately, even during a training. */
  close(): void;
}

/** Selects the trainer to start. */
export interface TrainerRequest {
  /** Number of the thread, from 0. */
  readonly slot: number;
  readonly dataset: DatasetManifest;
  /** Backends that failed in this session, one entry for each failure. */
  readonly failedBackends: readonly BackendName[];
}

/**
 * Starts a trainer thread on a data set.
 *
 * @throws {CannotTrainError} (`failure.ts`) if another try cannot succeed.
 * @throws {UnusableDataError} (`failure.ts`) if the data set is at fault.
 */
export type StartTrainer = (
  request: TrainerRequest,
  signal: AbortSignal,
) => Promise<Trainer>;

export interface SessionClock {
  /** Milliseconds on a monotonic clock. */
  readonly now: number;
  /** Resolves after the time, or rejects with the signal's reason. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

export interface SessionOptions {
  readonly client: SwarmClient;
  readonly startTrainer: StartTrainer;
  readonly clock: SessionClock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** A new UUID at each call. */
  readonly newId: () => string;
  readonly onEvent: (event: SessionEvent) => void;
  /** Identity of the worker; `threads` trials train at once. */
  readonly worker: Omit<RegisterRequest, "protocolVersion" | "secret">;
  /** Aborted when the user leaves. */
  readonly signal: AbortSignal;
  /** Whether to end when the study is complete. Default: wait for more. */
  readonly exitWhenComplete?: boolean;
}

/** Why a session ended. */
export type SessionEnd =
  /** `signal` was aborted; leases were released. */
  | { readonly reason: "left" }
  | { readonly reason: "study-complete" }
  /** It cannot continue. The message is for people. */
  | {
    readonly reason: "failed";
    readonly failure: SessionFailure;
    readonly message: string;
  };

/** Why a thread has nothing to train. */
export type WaitingReason =
  | NoLeaseReason
  /** The coordinator cannot send its data set now. */
  | "no-data";

/** Why a trial ended without a result. */
export type AbandonReason =
  | "trial-completed"
  | "study-stopped"
  /** Another worker has the lease. */
  | "lease-lost"
  /** The coordinator refused the result. */
  | "result-refused"
  /** The trainer failed; the trial was released. */
  | "trainer-failed"
  /** The user left; the trial was released. */
  | "left";

/** Events that a terminal or a page shows. */
export type SessionEvent =
  | {
    readonly type: "registered";
    readonly workerId: WorkerId;
    readonly name: string;
  }
  | {
    readonly type: "trainer-ready";
    readonly slot: number;
    readonly report: BackendReport;
  }
  | {
    /** The thread died, hung or did not start; another takes over. */
    readonly type: "trainer-failed";
    readonly slot: number;
    readonly failure: TrainerFailure;
    readonly message: string;
  }
  | {
    readonly type: "waiting";
    readonly slot: number;
    readonly reason: WaitingReason;
    readonly seconds: number;
  }
  | {
    readonly type: "leased";
    readonly slot: number;
    readonly trial: TrialSpec;
    readonly attempt: number;
  }
  | {
    readonly type: "progress";
    readonly slot: number;
    readonly trialId: TrialId;
    readonly progress: StepProgress;
  }
  | {
    readonly type: "epoch";
    readonly slot: number;
    readonly trialId: TrialId;
    readonly metrics: EpochMetrics;
  }
  | {
    /** The coordinator has the result. */
    readonly type: "completed";
    readonly slot: number;
    readonly trial: TrialSpec;
    readonly result: TrialResult;
  }
  | {
    /** A delivered result failed verification. */
    readonly type: "refused";
    readonly slot: number;
    readonly trialId: TrialId;
    readonly message: string;
  }
  | {
    readonly type: "abandoned";
    readonly slot: number;
    readonly trialId: TrialId;
    readonly reason: AbandonReason;
    readonly message: string;
  }
  /** Training continues; reports and results wait. */
  | { readonly type: "connection-lost"; readonly message: string }
  | { readonly type: "connection-restored" }
  | { readonly type: "stopped"; readonly end: SessionEnd };
