import type { LeaseId } from "../../protocol/ids.ts";
import type {
  DatasetManifest,
  StudyDefinition,
  TrialSpec,
} from "../../protocol/study.ts";
import type {
  CompleteRequest,
  CompleteResponse,
  Lease,
  LeaseRequest,
  NoLeaseReason,
  RegisterRequest,
  RegisterResponse,
  ReleaseRequest,
  RenewRequest,
  RenewResponse,
  ReportRequest,
} from "../../protocol/lease.ts";
import type { WorkerRecord } from "../storage/storage.ts";
import type { Rejection } from "../lease/events.ts";

/** What may be asked of a coordinator, as types: `coordinator.ts` answers. */

/** Where ids and secrets come from. */
export interface Random {
  uuid(): string;
  /** Unpredictable. */
  bytes(count: number): Uint8Array;
}

/** A study to lease out, and what its trials train on. */
export interface StudyToRun {
  readonly definition: StudyDefinition;
  readonly trials: readonly TrialSpec[];
  readonly dataset: DatasetManifest;
  /** Examples in the training set: sizes the leases. */
  readonly trainExamples: number;
}

/** A call that was understood: done, or refused. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | Refused;

export interface Refused {
  readonly ok: false;
  readonly rejection: Rejection | "rejected-result" | "rejected-weights";
  /** What the checks found in what was rejected. */
  readonly problems: readonly string[];
}

export type Acquired =
  | { readonly type: "lease"; readonly lease: Lease }
  | {
    readonly type: "none";
    readonly reason: NoLeaseReason;
    readonly retryAfterSeconds: number;
  };

/** Weights that come. */
export interface UploadRequest {
  readonly attempt: number;
  /** Their bytes; null, soon, where they are not exactly as many. */
  readonly read: (bytes: number) => Promise<Uint8Array<ArrayBuffer> | null>;
}

/** What workers may ask about their leases. */
export interface LeaseCalls {
  acquire(
    worker: WorkerRecord,
    request: LeaseRequest,
  ): Promise<Outcome<Acquired>>;
  renew(
    worker: WorkerRecord,
    leaseId: LeaseId,
    request: RenewRequest,
  ): Promise<Outcome<RenewResponse>>;
  report(
    worker: WorkerRecord,
    leaseId: LeaseId,
    request: ReportRequest,
  ): Promise<Outcome<RenewResponse>>;
  /** Keeps a trial's final weights until its result is verified. */
  upload(
    worker: WorkerRecord,
    leaseId: LeaseId,
    request: UploadRequest,
  ): Promise<Outcome<null>>;
  complete(
    worker: WorkerRecord,
    leaseId: LeaseId,
    request: CompleteRequest,
  ): Promise<Outcome<CompleteResponse>>;
  release(
    worker: WorkerRecord,
    leaseId: LeaseId,
    request: ReleaseRequest,
  ): Promise<Outcome<null>>;
  /** Hands back every lease of the worker, without fault. */
  leave(worker: WorkerRecord): Promise<void>;
}

/** How workers come in. */
export interface WorkerCalls {
  register(request: RegisterRequest): Promise<RegisterResponse>;
  /** The worker of an `Authorization` header; null: none, or a wrong token. */
  authenticate(header: string | undefined): Promise<WorkerRecord | null>;
}
