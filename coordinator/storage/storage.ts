import type {
  LeaseId,
  Sha256,
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
 * Stores the swarm's state: the contract of every storage.
 *
 * 1. Each method is atomic: others see all of its changes or none. Once its
 *    promise resolves, its changes survive a crash of this process.
 * 2. A change of a trial is an atomic read-transition-write: the storage reads
 *    the trial, calls the given pure function, and writes what that returns. It
 *    may call the function again (a retried transaction), so the function must
 *    have no side effects. If the function throws, nothing is written and the
 *    error is thrown.
 * 3. The storage has the clock: it passes `now` to the function and uses the
 *    same clock for expiry and `lastSeenAt`. The clock is never behind stored
 *    times.
 * 4. A trial has at most one accepted result, and a lease id exists once.
 *    Unique keys enforce this, independently of the functions.
 * 5. Each study has a revision. A change with `changed`, and a changed plan,
 *    raise it by one and store it in the affected trials. Revisions become
 *    visible in order, so a reader that has seen everything up to revision N
 *    can ask for the changes since N.
 * 6. An accepted result is withdrawn only with its attempt refused, in one
 *    change: when its worker delivered a false result elsewhere.
 * 7. Nothing else is ever deleted: a trial that leaves the plan keeps its
 *    attempts and its result and has them again when it is planned again. The
 *    same is true for a deleted study.
 * 8. Only hashes of secrets are stored, each with a mark until it was shown.
 * 9. A study that a newer version has written with something unknown to this
 *    version is left out; other studies continue.
 *
 * Errors: `StorageError` if the storage cannot be reached or used, with the
 * code `newer` for calls about such a study.
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

  /** Every readable study with the number of its planned trials, by id. */
  studies(): Promise<StudyRecord[]>;
  study(studyId: StudyId): Promise<StudyRecord | null>;

  /**
   * Unplans the study's trials and hides it until it is planned again; false if
   * it does not exist.
   */
  deleteStudy(studyId: StudyId): Promise<boolean>;

  registerWorker(worker: NewWorker): Promise<void>;
  worker(workerId: WorkerId): Promise<WorkerRecord | null>;
  /** Stores that the worker called (or left), and its backend. */
  seen(workerId: WorkerId, update: WorkerUpdate): Promise<void>;
  /** Marks the worker as removed, permanently. */
  removeWorker(workerId: WorkerId): Promise<void>;
  /** At most `limit` workers; without a request those seen last. */
  workers(limit: number, request?: WorkerRequest): Promise<WorkerListing[]>;
  /** Every worker that ever registered. */
  countWorkers(): Promise<number>;
  /** Workers seen at or after `since` that neither left nor were removed. */
  countOnline(since: Instant): Promise<number>;
  /**
   * Whether a worker that `countOnline` counts could lease a queued trial: one
   * that failed on it fewer than `maxFailures` times.
   */
  anyLeasable(
    studyId: StudyId,
    since: Instant,
    maxFailures: number,
  ): Promise<boolean>;

  /**
   * Chooses the next trial for the worker and applies the function, which
   * leases it. Next is, of the planned and queued trials that failed on this
   * worker fewer than `maxFailures` times: one that never failed on it before
   * one that did, then the lowest replicate, then the plan's order. A lease id
   * that exists already is a repeated request: its trial, unchanged. If the
   * request names a trial for a speculative attempt, that one is next.
   */
  claim<T>(request: ClaimRequest, change: Transact<T>): Promise<Claim<T>>;

  /** Applies the function to the lease's trial; null: no such lease. */
  updateLease<T>(
    leaseId: LeaseId,
    change: Transact<T>,
  ): Promise<Changed<T> | null>;

  /**
   * Applies the function to at most `limit` trials, of any study, with a
   * running attempt past its expiry, the longest overdue first. Each trial is
   * changed independently.
   */
  expireDue<T>(change: Transact<T>, limit: number): Promise<Changed<T>[]>;

  /**
   * The study's planned trials with a result that waits for its verdict: first
   * the one that waits longest, or that of the worker with the best record on
   * its backend (no false result, then the most accepted ones).
   */
  verifying(
    studyId: StudyId,
    limit: number,
    first?: "longest" | "trusted",
  ): Promise<TrialRecord[]>;

  /** The record of a worker on a backend. */
  trust(workerId: WorkerId, backend: BackendName): Promise<Trust>;
  /** Adds an accepted result, or a false one, which resets the record. */
  noteTrust(
    workerId: WorkerId,
    backend: BackendName,
    what: "accepted" | "lie",
  ): Promise<void>;
  /**
   * At most `limit` leases of results of workers that later delivered a false
   * one on the same backend: accepted ones that were not repeated completely,
   * and those that wait for a verdict.
   */
  vouchedByLiars(limit: number): Promise<LeaseId[]>;

  /**
   * Whether a result of another trial of this trial's study, accepted or
   * waiting for its verdict, has these final weights.
   */
  sharesWeights(spec: TrialSpec, weights: Sha256): Promise<boolean>;

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
   * Trials with a later revision, in rising order: all, or the first `limit`
   * and the rest with the last one's revision, so that a reader can continue
   * from the answer's revision.
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

  /** The hash stored under the name. */
  secret(name: SecretName): Promise<string | null>;
  /**
   * Stores the hash if none is stored under the name, or with `replace` instead
   * of it; resolves to the stored hash. So of several coordinators that start
   * together, one sets the secret.
   */
  keepSecret(
    name: SecretName,
    hash: string,
    replace: boolean,
  ): Promise<string>;

  /** Remembers which study is active; null: none. */
  activateStudy(studyId: StudyId | null): Promise<void>;
  /** Changes that coordinators on one storage learn from each other. */
  news(): Promise<News>;
  /**
   * Calls `wake` soon after another coordinator may have changed something. It
   * may call without a change and may miss changes. Returns a function that
   * stops it; null if no other coordinator can use this storage.
   */
  watch(wake: () => void): (() => void) | null;
  /** Whether no other coordinator has this storage open. */
  alone(): Promise<boolean>;
  /**
   * Runs the work unless a coordinator, including this one, is running work
   * under the same name; null if it did not run. The name is released if a
   * coordinator dies.
   */
  exclusively<T>(name: string, work: () => Promise<T>): Promise<T | null>;

  /** Throws a StorageError if the storage does not respond. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Names of stored secrets. */
export type SecretName = "admin" | "join";

/** Changes by any coordinator. */
export interface News {
  /** The active study; null: none, or an unreadable one; absent: never set. */
  readonly activeStudy?: StudyDefinition | null;
  /** The revision of each study, including deleted ones. */
  readonly revisions: ReadonlyMap<StudyId, number>;
  /**
   * Epochs (or the latest) reported to other coordinators since the last call.
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

/** A pure function: the changed trial, and a value for the caller. */
export type Transact<T> = (trial: TrialRecord, now: Instant) => Change<T>;

export interface Change<T> {
  /** The trial to store; the same object as read: nothing to store. */
  readonly trial: TrialRecord;
  /** Whether leaderboards and progress change. */
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
  /** Only this trial, although another attempt at it is running. */
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
  /** Numbers of planned trials: all and completed. */
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
  /** Milliseconds per training step, as measured by the worker. */
  readonly stepMilliseconds: number | null;
  readonly registeredAt: Instant;
  readonly lastSeenAt: Instant;
  /** Whether it unregistered and has not called since. */
  readonly left: boolean;
  /** Whether the operator removed it: its token is no longer valid. */
  readonly removed: boolean;
}

export interface WorkerUpdate {
  readonly left: boolean;
  /** Absent: unchanged. */
  readonly backend?: {
    readonly name: BackendName;
    readonly detail: string | null;
    readonly stepMilliseconds: number | null;
  };
}

export interface WorkerRequest {
  /** Equal workers are ordered by registration. Default: `seen`. */
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

/** Most results over which a worker's speed is measured. */
export const RECENT_RESULTS = 20;

/** A worker's record on a backend. */
export interface Trust {
  /** Results accepted since the last false one, or since the first. */
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
  /** Start of the accepted attempt. */
  readonly startedAt: Instant;
}

export interface Changes {
  /**
   * The revision up to which the changes are complete: the study's, or the last
   * trial's if a limit left some out; 0 for an unknown study.
   */
  readonly revision: number;
  readonly trials: readonly TrialChange[];
}

export interface TrialChange {
  readonly spec: TrialSpec;
  /** In the plan's order, from 0. */
  readonly position: number;
  /** False if the trial left the plan. */
  readonly planned: boolean;
  readonly state: TrialState;
  /** The published result, with the coordinator's recomputed figures. */
  readonly result: TrialResult | null;
  /** The worker that delivered it. */
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
  /** Of the accepted attempt, else of the one with the most epochs. */
  readonly workerName: string | null;
  readonly backend: BackendName | null;
  readonly backendDetail: string | null;
  readonly startedAt: Instant | null;
  /** Null while it runs. */
  readonly endedAt: Instant | null;
  /** In the accepted result, else reported by that attempt. */
  readonly epochsDone: number;
  /** Of the accepted result. */
  readonly seconds: number | null;
}

export interface CurveRequest {
  /** Only trials of this grid point. */
  readonly params?: Params;
  readonly limit: number;
  readonly offset: number;
}

export interface TrialCurveRecord extends TrialBrief {
  readonly result: TrialResult | null;
  /** Epochs of the result, else those reported by the shown attempt. */
  readonly epochs: readonly EpochMetrics[];
}

export interface TrialWithNames {
  readonly trial: TrialRecord;
  /** Names of the workers in its attempts. */
  readonly names: ReadonlyMap<WorkerId, string>;
}

/** A storage cannot be used. The message is one line that says what to do. */
export class StorageError extends Error {
  /** The error's name, which identifies it across threads. */
  override name = "StorageError";
  /** The reason, for programs. */
  readonly code: StorageErrorCode;

  /** The cause is the storage's own error, where there is one. */
  constructor(code: StorageErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
  }
}

/** A stored value that only a newer version of this program can read. */
export class NewerValueError extends StorageError {
  /** The message without the database's name, for callers over the network. */
  readonly line: string;

  constructor(message: string, line: string, cause: unknown) {
    super("newer", message, cause);
    this.line = line;
  }
}

/** Reasons why a storage cannot be used, for programs. */
export type StorageErrorCode =
  /** The folder or file cannot be opened, read or written. */
  | "cannot-open"
  /** Another coordinator has it open, and only one may. */
  | "in-use"
  /** Not a database, another program's, or damaged. */
  | "not-ours"
  /** Written by a newer version of this program. */
  | "newer"
  /** Written by the first edition of this program. */
  | "older"
  /** Temporarily unavailable: busy, disk full. */
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

/** The error for a database whose tables a later version has created. */
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
