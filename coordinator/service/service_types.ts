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

/** Types of a coordinator's services; `coordinator.ts` implements them. */

/** Source of ids and secrets. */
export interface Random {
  uuid(): string;
  /** Cryptographically random bytes. */
  bytes(count: number): Uint8Array;
}

/** A study to lease, and the data of its trials. */
export interface StudyToRun {
  readonly definition: StudyDefinition;
  readonly trials: readonly TrialSpec[];
  readonly dataset: DatasetManifest;
  /** Examples in the training set, from which the length of leases follows. */
  readonly trainExamples: number;
}

/** The outcome of a valid call: done or refused. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | Refused;

export interface Refused {
  readonly ok: false;
  readonly rejection: Rejection | "rejected-result" | "rejected-weights";
  /** Problems that the checks found. */
  readonly problems: readonly string[];
}

export type Acquired =
  | { readonly type: "lease"; readonly lease: Lease }
  | {
    readonly type: "none";
    readonly reason: NoLeaseReason;
    readonly retryAfterSeconds: number;
  };

/** An upload of weights. */
export interface UploadRequest {
  readonly attempt: number;
  /** Reads exactly this many bytes; null if the length differs. */
  readonly read: (bytes: number) => Promise<Uint8Array<ArrayBuffer> | null>;
}

/** Workers' calls about leases. */
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
  /** Releases every lease of the worker without counting a failure. */
  leave(worker: WorkerRecord): Promise<void>;
}

/** Registration and authentication of workers. */
export interface WorkerCalls {
  /** Registers a worker; a request with a known secret is a repetition. */
  register(request: RegisterRequest): Promise<RegisterResponse>;
  /** Whether the request repeats one that was answered before. */
  isRegistered(request: RegisterRequest): Promise<boolean>;
  /** The worker of an `Authorization` header; null if missing or wrong. */
  authenticate(header: string | undefined): Promise<WorkerRecord | null>;
}
