import type {
  LeaseId,
  StudyId,
  TrialId,
  WorkerId,
} from "../../protocol/ids.ts";
import type {
  Params,
  StudyDefinition,
  TrialSpec,
} from "../../protocol/study.ts";
import type {
  BackendName,
  EpochMetrics,
  TrialResult,
} from "../../protocol/training.ts";
import type {
  TrialOrder,
  TrialState,
  WorkerOrder,
} from "../../protocol/views.ts";
import type { Instant, TrialRecord } from "../lease/trial.ts";

/**
 * Where the swarm's state lives: the contract that every storage keeps.
 *
 * 1. Each method is atomic: others see all of what it did, or nothing. Once its
 *    promise resolves, what it wrote outlives a crash of this process.
 * 2. A change of a trial is a read-transition-write: the storage reads the
 *    trial, calls the pure function that it is given, and writes what that
 *    returns, with nobody else in between. It may call the function again
 *    (a retried transaction), so the function has no side effects; if the
 *    function throws, nothing is written and the error comes through.
 * 3. Time is the storage's: `now` is handed to the function, and expiry and
 *    `lastSeenAt` go by the same clock, which never goes behind what is stored.
 * 4. A trial has at most one accepted result, kept by a unique key and not only
 *    by the functions' good manners; a lease id exists once.
 * 5. Each study has a revision. A change that says `changed`, and a plan that
 *    differs, raise it by one and stamp the trials concerned with it; revisions
 *    become visible in their order. So whoever has seen everything up to
 *    revision N asks for what changed since N.
 * 6. An accepted result is withdrawn only with its attempt refused, in one
 *    change: when its worker was caught lying elsewhere.
 * 7. Nothing else is ever deleted: a trial that leaves the plan keeps its
 *    attempts and its result, and has them again when it is planned again. So
 *    it is with a study that is taken out of sight.
 * 8. Secrets come as hashes, never as they are.
 * 9. A study that a newer version has written, with something that this version
 *    does not know, is left out; the others go on.
 *
 * Errors: `StorageError` where the storage cannot be reached or used, and with
 * the code `newer` for calls about such a study.
 */
export interface Storage {
  /** The storage's clock: whole milliseconds since 1970. */
  now(): Instant;

  /**
   * Makes these trials the study's plan, in this order, and keeps the study's
   * definition. Trials it does not know are queued; its other trials of the
   * study are unplanned. A known trial must have the same spec.
   */
  plan(
    study: StudyDefinition,
    trials: readonly TrialSpec[],
  ): Promise<PlanOutcome>;

  /** Every study that can be read, with its planned trials counted, by id. */
  studies(): Promise<StudyRecord[]>;
  study(studyId: StudyId): Promise<StudyRecord | null>;

  /**
   * Unplans the study's trials and takes it out of sight, until it is planned
   * again; false: there is none.
   */
  deleteStudy(studyId: StudyId): Promise<boolean>;

  registerWorker(worker: NewWorker): Promise<void>;
  worker(workerId: WorkerId): Promise<WorkerRecord | null>;
  /** Notes that the worker called (or left), and on what it trains. */
  seen(workerId: WorkerId, update: WorkerUpdate): Promise<void>;
  /** Marks the worker as removed, for good. */
  removeWorker(workerId: WorkerId): Promise<void>;
  /** At most `limit` workers; without a request those seen last. */
  workers(limit: number, request?: WorkerRequest): Promise<WorkerListing[]>;
  /** Every worker that ever registered. */
  countWorkers(): Promise<number>;
  /** Workers seen at or after `since` that have not left. */
  countOnline(since: Instant): Promise<number>;

  /**
   * Picks the next trial for the worker and applies the function to it, which
   * leases it. Next is, of the planned and queued trials that failed on this
   * worker fewer than `maxFailures` times: one that never failed on it before
   * one that did, then the lowest replicate, then the plan's order. A lease id
   * that exists already is a repeated request: its trial, unchanged. Where the
   * request names a trial to back up, that one is next.
   */
  claim<T>(request: ClaimRequest, change: Transact<T>): Promise<Claim<T>>;

  /** Applies the function to the lease's trial; null: no such lease. */
  updateLease<T>(
    leaseId: LeaseId,
    change: Transact<T>,
  ): Promise<Changed<T> | null>;

  /**
   * Applies the function to at most `limit` trials, of any study, with a
   * running attempt that is due, those due longest first. Each trial by itself.
   */
  expireDue<T>(change: Transact<T>, limit: number): Promise<Changed<T>[]>;

  /**
   * The study's planned trials with a result that waits for its verdict, the
   * one that waits longest first.
   */
  verifying(studyId: StudyId, limit: number): Promise<TrialRecord[]>;

  /** The record of a worker on a backend. */
  trust(workerId: WorkerId, backend: BackendName): Promise<Trust>;
  /** Adds to it: a result that was accepted, or a lie, which starts it anew. */
  noteTrust(
    workerId: WorkerId,
    backend: BackendName,
    what: "accepted" | "lie",
  ): Promise<void>;
  /**
   * Leases of accepted results that nobody repeated to their end, of workers
   * that were caught lying on the same backend later, at most `limit`.
   */
  vouchedByLiars(limit: number): Promise<LeaseId[]>;

  /**
   * The study's planned trials that are leased, at most `limit`: those with the
   * fewest running attempts, then those whose first one began first, then in
   * leasing order.
   */
  running(studyId: StudyId, limit: number): Promise<TrialRecord[]>;

  /** Leases that the worker holds. */
  runningLeases(workerId: WorkerId): Promise<HeldLease[]>;

  /** The study's planned trials by state. */
  counts(studyId: StudyId): Promise<Record<TrialState, number>>;
  /** The accepted results of planned trials, the latest first. */
  recentAcceptances(studyId: StudyId, limit: number): Promise<Acceptance[]>;
  /**
   * Trials stamped after this revision, by rising revision: all, or the first
   * `limit` and what else has the revision of the last of them, so that the
   * answer's revision is one to go on from.
   */
  changesSince(
    studyId: StudyId,
    revision: number,
    limit?: number,
  ): Promise<Changes>;
  /**
   * Planned trials. In leasing order: lowest replicate, then the plan's; the
   * latest first: by falling revision, those of one revision in leasing order.
   */
  trials(studyId: StudyId, page: PageRequest): Promise<TrialPageRecord>;
  /** Planned trials with their figures by epoch, in leasing order. */
  curves(studyId: StudyId, page: CurveRequest): Promise<TrialCurveRecord[]>;
  trial(trialId: TrialId): Promise<TrialWithNames | null>;

  /** The hash that is kept under the name. */
  secret(name: SecretName): Promise<string | null>;
  /**
   * Keeps the hash where none is kept under the name yet, or (`replace`) in
   * place of it; resolves to the hash that is kept now. Of several coordinators
   * that start together one makes the secret.
   */
  keepSecret(
    name: SecretName,
    hash: string,
    replace: boolean,
  ): Promise<string>;

  /** Remembers which study is active; null: none. */
  activateStudy(studyId: StudyId | null): Promise<void>;
  /** What coordinators that share the storage have to know of each other. */
  news(): Promise<News>;
  /**
   * Calls `wake` soon after there may be news from another coordinator; it may
   * call without cause, and may miss some. Returns what ends it. Null: no other
   * coordinator can use this storage.
   */
  watch(wake: () => void): (() => void) | null;
  /** Whether no other coordinator has this storage open. */
  alone(): Promise<boolean>;
  /**
   * Does the work unless a coordinator, this one too, is at work under that
   * name now; null: it did not. Whoever dies at it makes way for the next.
   */
  exclusively<T>(name: string, work: () => Promise<T>): Promise<T | null>;

  /** Whether the storage answers; throws a StorageError if not. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Which secrets are kept. */
export type SecretName = "admin" | "join";

/** What any coordinator may have changed. */
export interface News {
  /** The active study; null: none to be read; absent: nobody ever said. */
  readonly activeStudy?: StudyDefinition | null;
  /** How far each study is, those out of sight included. */
  readonly revisions: ReadonlyMap<StudyId, number>;
  /**
   * Epochs that other coordinators were told of since the last call, the latest
   * of them where there are many.
   */
  readonly epochs: readonly ReportedEpoch[];
}

/** An epoch of a running attempt, as its worker reported it. */
export interface ReportedEpoch {
  readonly trialId: TrialId;
  readonly params: Params;
  readonly replicate: number;
  readonly metrics: EpochMetrics;
}

/** Pure: what becomes of the trial, and a value for the caller. */
export type Transact<T> = (trial: TrialRecord, now: Instant) => Change<T>;

export interface Change<T> {
  /** What to store; the trial as it was read: nothing. */
  readonly trial: TrialRecord;
  /** Whether leaderboards and progress show something else now. */
  readonly changed: boolean;
  readonly value: T;
}

export interface Changed<T> {
  readonly value: T;
  readonly studyId: StudyId;
  readonly trialId: TrialId;
  /** The study's revision after the change. */
  readonly revision: number;
}

export interface ClaimRequest {
  readonly studyId: StudyId;
  readonly workerId: WorkerId;
  readonly leaseId: LeaseId;
  /** Leases that the worker may hold at once, this one included. */
  readonly maxLeases: number;
  readonly maxFailures: number;
  /** This trial and no other, though another attempt at it runs. */
  readonly speculative?: TrialId;
}

export type Claim<T> =
  | ({ readonly type: "claimed" } & Changed<T>)
  | { readonly type: "repeated"; readonly trial: TrialRecord }
  | { readonly type: "enough-leases" }
  /** Trials are unfinished, but none is for this worker now. */
  | { readonly type: "all-leased" }
  | { readonly type: "study-complete" };

export interface PlanOutcome {
  readonly revision: number;
  /** Trials not known before. */
  readonly added: number;
  /** Trials that had left the plan and are back. */
  readonly restored: number;
  /** Trials that left the plan. */
  readonly unplanned: number;
}

export interface StudyRecord {
  readonly definition: StudyDefinition;
  readonly revision: number;
  /** Planned ones, all and completed. */
  readonly trials: number;
  readonly completed: number;
}

export interface NewWorker {
  readonly workerId: WorkerId;
  readonly name: string;
  readonly kind: "deno" | "browser";
  readonly threads: number;
  readonly device: string | null;
  readonly protocolVersion: number;
  /** SHA-256 of the token's secret; 64 hexadecimal digits. */
  readonly tokenHash: string;
}

export interface WorkerRecord extends NewWorker {
  readonly backend: BackendName | null;
  readonly backendDetail: string | null;
  /** Of a training step, as the worker measured it. */
  readonly stepMilliseconds: number | null;
  readonly registeredAt: Instant;
  readonly lastSeenAt: Instant;
  /** Said goodbye, and has not called since. */
  readonly left: boolean;
  /** By the operator: its token is worth nothing any more. */
  readonly removed: boolean;
}

export interface WorkerUpdate {
  readonly left: boolean;
  /** Absent: as it was. */
  readonly backend?: {
    readonly name: BackendName;
    readonly detail: string | null;
    readonly stepMilliseconds: number | null;
  };
}

export interface WorkerRequest {
  /** Ties by when they registered, the first one first. Default: `seen`. */
  readonly order?: WorkerOrder;
  /** Only those that `countOnline` would count. Default: every worker. */
  readonly onlineSince?: Instant;
  readonly offset?: number;
}

export interface WorkerListing {
  readonly worker: WorkerRecord;
  readonly trialsRunning: number;
  /** Accepted results, each counted once. */
  readonly trialsCompleted: number;
  /** The worker's latest accepted results, `RECENT_RESULTS` at most. */
  readonly recent: readonly Acceptance[];
}

/** Results that a worker's speed is measured over, at most. */
export const RECENT_RESULTS = 20;

/** What a worker's results on a backend were worth. */
export interface Trust {
  /** Results accepted since the last lie, or since the first. */
  readonly accepted: number;
  /** Results that were proven false. */
  readonly lies: number;
}

export interface HeldLease {
  readonly leaseId: LeaseId;
  readonly attempt: number;
}

export interface Acceptance {
  readonly acceptedAt: Instant;
  /** When the attempt that was accepted began. */
  readonly startedAt: Instant;
}

export interface Changes {
  /**
   * How far they go: to the study's revision, or to the last of them where a
   * limit left some out; 0 for an unknown study.
   */
  readonly revision: number;
  readonly trials: readonly TrialChange[];
}

export interface TrialChange {
  readonly spec: TrialSpec;
  /** In the plan's order, from 0. */
  readonly position: number;
  /** False: the trial is not to be shown any more. */
  readonly planned: boolean;
  readonly state: TrialState;
  /** As it is published, with what the coordinator recomputed. */
  readonly result: TrialResult | null;
  /** Whose result it is. */
  readonly workerId: WorkerId | null;
}

export interface PageRequest {
  readonly state?: TrialState;
  /** Default: `leasing`. */
  readonly order?: TrialOrder;
  readonly limit: number;
  readonly offset: number;
}

export interface TrialPageRecord {
  readonly trials: readonly TrialBrief[];
  /** Without limit and offset. */
  readonly total: number;
}

export interface TrialBrief {
  readonly trialId: TrialId;
  readonly studyId: StudyId;
  readonly params: Params;
  readonly replicate: number;
  readonly state: TrialState;
  readonly attempts: number;
  /** Of the accepted attempt, or else of the open one furthest on. */
  readonly workerName: string | null;
  readonly backend: BackendName | null;
  readonly backendDetail: string | null;
  readonly startedAt: Instant | null;
  /** Null while it runs. */
  readonly endedAt: Instant | null;
  /** In the accepted result, or reported by that open attempt. */
  readonly epochsDone: number;
  /** Of the accepted result. */
  readonly seconds: number | null;
}

export interface CurveRequest {
  /** Only this grid point's. */
  readonly params?: Params;
  readonly limit: number;
  readonly offset: number;
}

export interface TrialCurveRecord extends TrialBrief {
  readonly result: TrialResult | null;
  /** Of the result, or else reported by the latest running attempt. */
  readonly epochs: readonly EpochMetrics[];
}

export interface TrialWithNames {
  readonly trial: TrialRecord;
  /** Names of the workers in its attempts. */
  readonly names: ReadonlyMap<WorkerId, string>;
}

/** Why a storage cannot be used, for people: one line with what to do. */
export class StorageError extends Error {
  /** Tells this error from others. */
  override name = "StorageError";
  /** Why, for programs. */
  readonly code: StorageErrorCode;

  /** The cause is the storage's own error, where there is one. */
  constructor(code: StorageErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
  }
}

/** Why a storage cannot be used, for programs. */
export type StorageErrorCode =
  /** The folder or file cannot be opened, read or written. */
  | "cannot-open"
  /** Another coordinator has it, and it is for one alone. */
  | "in-use"
  /** Not a database, another program's, or damaged. */
  | "not-ours"
  /** Written by a newer version of this program. */
  | "newer"
  /** Written by the first edition of this program. */
  | "older"
  /** Works in principle, but not now: busy, disk full. */
  | "unavailable"
  /** A plan names a known trial with another spec. */
  | "conflicting-plan";

/** The error of `plan` for a known trial with another spec. */
export function conflictingPlan(trialId: TrialId): StorageError {
  return new StorageError(
    "conflicting-plan",
    `cannot plan the trial: ${trialId} is known with another recipe; ` +
      "trials that train differently need different ids",
  );
}

/** The error for a database of the first edition; `option` names a new one. */
export function firstEdition(database: string, option: string): StorageError {
  return new StorageError(
    "older",
    `cannot use the database: ${database} was written by the first edition ` +
      "of this program, which stores studies differently; start with a new " +
      `one: ${option}; the old one is unchanged`,
  );
}

/** The error for a database whose tables a later version has made. */
export function newerSchema(
  database: string,
  theirs: number,
  ours: number,
): StorageError {
  return new StorageError(
    "newer",
    `cannot use the database: ${database} was written by a newer version ` +
      `(its format ${theirs}, ours ${ours}); upgrade this program or name ` +
      "another database with --db",
  );
}
