import { LeaseId, type TrialId, WorkerId } from "../../protocol/ids.ts";
import type { DatasetManifest, TrialSpec } from "../../protocol/study.ts";
import {
  CompleteRequest,
  type Lease,
  LeaseRequest,
  type NoLeaseReason,
  RegisterRequest,
  ReleaseRequest,
  type RenewResponse,
  ReportRequest,
} from "../../protocol/lease.ts";
import type { TrialResult } from "../../protocol/training.ts";
import {
  type LeaseAnswer,
  type SwarmClient,
  UnreachableError,
} from "../../worker/session/swarm_client.ts";
import { manifest, problemError, trialSpec, uuid } from "./fixtures.ts";
import type { SessionClock } from "../../worker/session/session_types.ts";

interface HeldLease {
  readonly trial: TrialSpec;
  readonly attempt: number;
  readonly workerId: WorkerId;
  expiresAt: number;
}

export type CallName = keyof SwarmClient;

/**
 * A minimal coordinator with fake time: leases expire, stale calls get 409,
 * late results are accepted. Tests can inject faults into calls.
 */
export class FakeSwarm implements SwarmClient {
  readonly calls: { readonly name: CallName; readonly at: number }[] = [];
  readonly registrations: RegisterRequest[] = [];
  readonly reports: { trialId: TrialId; epoch: number; at: number }[] = [];
  readonly results = new Map<TrialId, TrialResult>();
  readonly releases: ReleaseRequest[] = [];
  readonly leaseRequests: LeaseRequest[] = [];
  readonly left: string[] = [];

  /** Trials that are not leased, in order. */
  queue: TrialSpec[] = [];
  dataset: DatasetManifest | null = manifest();
  ttlSeconds = 30;
  heartbeatSeconds = 20;
  reportAfterSeconds = 0;
  /** The answer without a trial. */
  idle: { reason: NoLeaseReason; retryAfterSeconds: number } = {
    reason: "study-complete",
    retryAfterSeconds: 5,
  };
  /** While true, every call fails. */
  away = false;
  /** Duration of a call in milliseconds. */
  latency: (name: CallName) => number = () => 5;
  /** While true, calls never return. */
  silent = false;
  /** Called before each call; may throw a fault. */
  before: (name: CallName) => void = () => {};
  /** Called after each call; an error means that the answer is lost. */
  after: (name: CallName) => void = () => {};
  /** Bytes of weights that every trained result needs; null: none. */
  weightsBytes: number | null = null;
  readonly uploads = new Map<LeaseId, ArrayBuffer>();
  /** The state of a delivered result. */
  verdict: (trialId: TrialId) => "pending" | "accepted" | "refused" = () =>
    "accepted";
  /** The answer to renewals and reports. */
  directive: RenewResponse | null = null;

  readonly #clock: SessionClock;
  #tokens = new Map<string, WorkerId>();
  #leases = new Map<LeaseId, HeldLease>();
  /** The trials of all leases, including ended ones. */
  #known = new Map<LeaseId, TrialId>();
  #winners = new Map<TrialId, LeaseId>();
  #attempts = new Map<TrialId, number>();
  #workers = 0;

  constructor(clock: SessionClock, trials = 0) {
    this.#clock = clock;
    for (let i = 0; i < trials; i++) this.queue.push(trialSpec(i));
  }

  count(name: CallName): number {
    return this.calls.filter((call) => call.name === name).length;
  }

  /** Like a restart without the database. */
  forgetWorkers(): void {
    this.#tokens.clear();
  }

  async #call<Answer>(
    name: CallName,
    signal: AbortSignal,
    answer: () => Answer,
  ): Promise<Answer> {
    this.calls.push({ name, at: this.#clock.now });
    await this.#clock.sleep(this.silent ? 1e9 : this.latency(name), signal);
    if (this.away) throw new UnreachableError("connection refused");
    this.before(name);
    const result = answer();
    this.after(name);
    return result;
  }

  #worker(token: string): WorkerId {
    const worker = this.#tokens.get(token);
    if (worker === undefined) throw problemError("unauthorized", 401);
    return worker;
  }

  #held(token: string, leaseId: LeaseId, attempt: number): HeldLease {
    const worker = this.#worker(token);
    const lease = this.#leases.get(leaseId);
    if (lease?.workerId !== worker || lease.attempt !== attempt) {
      throw problemError("stale-lease", 409);
    }
    return lease;
  }

  #sweep(): void {
    for (const [id, lease] of this.#leases) {
      if (lease.expiresAt > this.#clock.now) continue;
      this.#giveBack(id);
    }
  }

  #giveBack(id: LeaseId): void {
    const lease = this.#leases.get(id);
    this.#leases.delete(id);
    if (lease === undefined || this.#winners.has(lease.trial.trialId)) return;
    this.queue.push(lease.trial);
  }

  register(request: RegisterRequest, signal: AbortSignal) {
    return this.#call("register", signal, () => {
      this.registrations.push(RegisterRequest.parse(request));
      const number = ++this.#workers;
      const workerId = WorkerId.parse(uuid(number));
      const token = `token-${number}`;
      this.#tokens.set(token, workerId);
      return {
        workerId,
        token,
        name: request.name ?? `worker ${number}`,
        heartbeatSeconds: this.heartbeatSeconds,
        dataset: this.dataset,
      };
    });
  }

  acquire(token: string, request: LeaseRequest, signal: AbortSignal) {
    return this.#call("acquire", signal, (): LeaseAnswer => {
      const workerId = this.#worker(token);
      this.leaseRequests.push(LeaseRequest.parse(request));
      this.#sweep();
      const { leaseId } = request;
      if (leaseId === undefined || this.dataset === null) {
        throw problemError("invalid-request", 400);
      }
      const held = this.#leases.get(leaseId);
      const trial = held?.trial ?? this.queue.shift();
      if (trial === undefined) return { lease: null, ...this.idle };
      const attempt = held?.attempt ??
        (this.#attempts.get(trial.trialId) ?? 0) + 1;
      this.#attempts.set(trial.trialId, attempt);
      const expiresAt = this.#clock.now + this.ttlSeconds * 1000;
      this.#leases.set(leaseId, { trial, attempt, workerId, expiresAt });
      this.#known.set(leaseId, trial.trialId);
      const lease: Lease = {
        leaseId,
        attempt,
        expiresAt: new Date(expiresAt).toISOString(),
        ttlSeconds: this.ttlSeconds,
        reportAfterSeconds: this.reportAfterSeconds,
        trial,
        dataset: this.dataset,
        weightsBytes: this.weightsBytes,
      };
      return { lease };
    });
  }

  #renewed(token: string, leaseId: LeaseId, attempt: number): RenewResponse {
    this.#worker(token);
    this.#sweep();
    if (this.directive !== null) return this.directive;
    const lease = this.#held(token, leaseId, attempt);
    lease.expiresAt = this.#clock.now + this.ttlSeconds * 1000;
    const { ttlSeconds, reportAfterSeconds } = this;
    return { directive: "continue", ttlSeconds, reportAfterSeconds };
  }

  renew(
    token: string,
    leaseId: LeaseId,
    { attempt }: { attempt: number },
    signal: AbortSignal,
  ) {
    return this.#call(
      "renew",
      signal,
      () => this.#renewed(token, leaseId, attempt),
    );
  }

  report(
    token: string,
    leaseId: LeaseId,
    request: ReportRequest,
    signal: AbortSignal,
  ) {
    return this.#call("report", signal, () => {
      const { attempt, epochs } = ReportRequest.parse(request);
      const trialId = this.#leases.get(leaseId)?.trial.trialId;
      const reply = this.#renewed(token, leaseId, attempt);
      if (trialId !== undefined) {
        const at = this.#clock.now;
        for (const { epoch } of epochs) {
          this.reports.push({ trialId, epoch, at });
        }
      }
      return reply;
    });
  }

  uploadWeights(
    token: string,
    leaseId: LeaseId,
    { bytes }: { attempt: number; bytes: ArrayBuffer },
    signal: AbortSignal,
  ) {
    return this.#call("uploadWeights", signal, () => {
      this.#worker(token);
      if (bytes.byteLength !== this.weightsBytes) {
        throw problemError("rejected-weights", 422);
      }
      this.uploads.set(leaseId, bytes);
    });
  }

  complete(
    token: string,
    leaseId: LeaseId,
    request: CompleteRequest,
    signal: AbortSignal,
  ) {
    return this.#call("complete", signal, () => {
      this.#worker(token);
      const { attempt, result, weights } = CompleteRequest.parse(request);
      if (this.weightsBytes !== null && result.outcome === "trained") {
        if (weights === undefined || !this.uploads.has(leaseId)) {
          throw problemError("missing-weights", 409);
        }
      }
      // A late result is accepted too.
      const trialId = this.#known.get(leaseId) ??
        this.#held(token, leaseId, attempt).trial.trialId;
      const winner = this.#winners.get(trialId);
      if (winner !== undefined && winner !== leaseId) {
        throw problemError("trial-completed", 409);
      }
      this.#winners.set(trialId, leaseId);
      this.results.set(trialId, result);
      this.#leases.delete(leaseId);
      this.queue = this.queue.filter((trial) => trial.trialId !== trialId);
      const verdict = this.verdict(trialId);
      if (verdict === "refused") throw problemError("rejected-result", 422);
      return { trialId, verdict };
    });
  }

  /** Accepts another worker's result. */
  completeElsewhere(trial: TrialSpec): void {
    this.#winners.set(trial.trialId, LeaseId.parse(uuid(999)));
    this.queue = this.queue.filter(({ trialId }) => trialId !== trial.trialId);
  }

  /** Expires every lease now. */
  expireLeases(): void {
    for (const id of [...this.#leases.keys()]) this.#giveBack(id);
  }

  release(
    token: string,
    leaseId: LeaseId,
    request: ReleaseRequest,
    signal: AbortSignal,
  ) {
    return this.#call("release", signal, () => {
      this.#held(token, leaseId, request.attempt);
      this.releases.push(ReleaseRequest.parse(request));
      this.#giveBack(leaseId);
    });
  }

  leave(token: string, signal: AbortSignal) {
    return this.#call("leave", signal, () => {
      const worker = this.#worker(token);
      this.left.push(token);
      for (const [id, lease] of [...this.#leases]) {
        if (lease.workerId === worker) this.#giveBack(id);
      }
    });
  }
}
