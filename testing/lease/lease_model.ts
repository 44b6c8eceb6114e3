import assert from "node:assert/strict";
import { Sha256, type TrialId } from "../../protocol/ids.ts";
import type { TrialSpec } from "../../protocol/study.ts";
import type { TrialResult } from "../../protocol/training.ts";
import type { Storage } from "../../coordinator/storage/storage.ts";
import type { Verification } from "../../coordinator/verification/verification_queue.ts";
import type { Coordinator } from "../../coordinator/service/coordinator.ts";
import {
  type FakeClock,
  leaseId,
  manifest,
  seed,
  smallStudy,
  workerId,
} from "./fixtures.ts";
import { checkInvariants } from "../../coordinator/lease/invariants.ts";
import type { Policy } from "../../coordinator/lease/policy.ts";
import type { Attempt, TrialRecord } from "../../coordinator/lease/trial.ts";

/**
 * A second, independent model of the lease machine as a few simple rules, and
 * the commands that run both and compare. It is written to be obvious rather
 * than fast: no storage, no effects, every state is derived again.
 */

/** Low limits, so that a few dozen commands reach quarantine. */
export const modelPolicy: Policy = {
  failedWorkers: 2,
  silentWorkers: 3,
  failuresPerWorker: 2,
  leasesPerEpoch: 2,
  runningAttempts: 2,
  speculativeSaves: 10_000,
  speculativeLook: 0,
};

/** Hash of every lease's weights. */
export const modelWeights = Sha256.parse("e".repeat(64));

/** All weights are uploaded, and verdicts come only from steps. */
export const modelVerification: Verification = {
  weights: {
    put: () => Promise.resolve(),
    has: () => Promise.resolve(true),
    get: () => Promise.resolve(new Uint8Array(4)),
    delete: () => Promise.resolve(),
    keptBefore: () => Promise.resolve([]),
    bytes: () => Promise.resolve(0),
  },
  verifier: {
    evaluate: () => new Promise(() => {}),
    repeat: () => new Promise(() => {}),
    trainsOn: () => new Promise(() => {}),
    close: () => {},
  },
};

export const WORKERS = 4;
const THREADS = 2;
/** Milliseconds of a lease for such a fast worker: the shortest lease. */
export const TTL = 60_000;

/** All trials, and three plans that contain some of them. */
const all = smallStudy({ rates: [0.1, 0.2, 0.3], replicates: 2 });
const plans: readonly (readonly TrialSpec[])[] = [
  all.trials,
  all.trials.filter((t) => t.params.dropout1 !== 0.2).toReversed(),
  all.trials.filter((t) => t.replicate === 0).toReversed(),
];

export interface ModelLease {
  readonly n: number;
  readonly trialId: TrialId;
  readonly worker: number;
  readonly attempt: number;
  readonly startedAt: number;
  state: Attempt["state"];
  expiresAt: number;
  reported: Set<number>;
  /** Its delivered result, if that waits for a verdict. */
  delivered?: TrialResult;
}

export class Model {
  /** Whether results wait for a verdict before they count. */
  constructor(readonly verify: boolean) {}

  plan = 0;
  readonly leases: ModelLease[] = [];
  /** All results accepted so far. */
  readonly filled = new Map<TrialId, { lease: number; result: TrialResult }>();
  readonly quarantined = new Set<TrialId>();

  of(trialId: TrialId): ModelLease[] {
    return this.leases.filter((l) => l.trialId === trialId);
  }

  planned(trialId: TrialId): boolean {
    return plans[this.plan]?.some((t) => t.trialId === trialId) ?? false;
  }

  state(trialId: TrialId) {
    if (this.filled.has(trialId)) return "completed";
    if (this.of(trialId).some((l) => l.state === "delivered")) {
      return "verifying";
    }
    if (this.quarantined.has(trialId)) return "quarantined";
    return this.of(trialId).some((l) => l.state === "running")
      ? "leased"
      : "queued";
  }

  end(lease: ModelLease, state: Attempt["state"]): void {
    lease.state = state;
    const { trialId } = lease;
    if (this.state(trialId) !== "queued") return;
    const workers = (...states: string[]) =>
      new Set(
        this.of(trialId).filter((l) => states.includes(l.state))
          .map((l) => l.worker),
      ).size;
    if (
      workers("failed", "refused") >= modelPolicy.failedWorkers ||
      workers("failed", "refused", "expired") >= modelPolicy.silentWorkers
    ) this.quarantined.add(trialId);
  }

  /** The next trial for a worker, or the reason why there is none. */
  next(worker: number, now: number): TrialSpec | string {
    const held = this.leases.filter((l) =>
      l.worker === worker && l.state === "running"
    );
    if (held.length >= THREADS) return "enough-leases";
    const planned = [...plans[this.plan] ?? []]
      .sort((a, b) => a.replicate - b.replicate);
    const failures = (t: TrialSpec) =>
      this.of(t.trialId).filter((l) =>
        l.worker === worker && (l.state === "failed" || l.state === "refused")
      ).length;
    const queued = planned.filter((t) => this.state(t.trialId) === "queued");
    const next = queued.find((t) => failures(t) === 0) ??
      queued.find((t) => failures(t) < modelPolicy.failuresPerWorker);
    if (next !== undefined) return next;
    const straggler = this.straggler(worker, planned, now);
    if (straggler !== undefined) return straggler;
    const open = planned.some((t) =>
      ["queued", "leased", "verifying"].includes(this.state(t.trialId))
    );
    return open ? "all-leased" : "study-complete";
  }

  /** Two lease lengths for each epoch: a longer attempt is stuck. */
  private stuck({ startedAt, reported }: ModelLease, now: number): boolean {
    return now - startedAt >
      modelPolicy.leasesPerEpoch * TTL * (reported.size + 1);
  }

  /** Before a third attempt starts, stuck ones end. */
  oust(trialId: TrialId, now: number): void {
    const running = this.of(trialId).filter((l) => l.state === "running");
    if (running.length < modelPolicy.runningAttempts) return;
    for (const lease of running) {
      if (this.stuck(lease, now)) lease.state = "expired";
    }
  }

  /** The trial for a speculative attempt of a worker as fast as all others. */
  private straggler(
    worker: number,
    planned: readonly TrialSpec[],
    now: number,
  ): TrialSpec | undefined {
    let best: { readonly trial: TrialSpec; readonly saved: number } | undefined;
    const begun = planned.flatMap((trial) => {
      const leases = this.of(trial.trialId);
      const running = leases.filter((l) => l.state === "running");
      const mine = leases.some((l) =>
        l.worker === worker &&
        ["running", "failed", "refused"].includes(l.state)
      );
      const able = running.filter((l) => !this.stuck(l, now));
      const leased = this.state(trial.trialId) === "leased";
      return !leased || able.length > 1 || mine ? [] : [{ trial, running }];
    }).sort((a, b) =>
      a.running.length - b.running.length ||
      Math.min(...a.running.map((l) => l.startedAt)) -
        Math.min(...b.running.map((l) => l.startedAt))
    );
    for (const { trial, running } of begun) {
      // Two epochs of a millisecond each: none, one or both reported.
      const left = Math.min(...running.map(({ startedAt, reported }) => {
        const elapsed = now - startedAt;
        const parts = [1, 1 / 3, 1 / 10][reported.size] ?? 0;
        return elapsed * parts;
      }));
      const saved = left - 2;
      if (saved < modelPolicy.speculativeSaves) continue;
      if (best === undefined || saved > best.saved) best = { trial, saved };
    }
    return best?.trial;
  }
}

/** The system under test; `restart` opens it again from the stored data. */
export interface Real {
  readonly clock: FakeClock;
  storage: Storage;
  coordinator: Coordinator;
  /** Reads those of them that are stored, at once; absent: one by one. */
  readonly readTrials?: (ids: readonly TrialId[]) => Promise<TrialRecord[]>;
  restart(): Promise<void>;
}

/** Applies the model's plan. */
export async function runPlan(real: Real, plan: number): Promise<void> {
  await real.coordinator.run({
    definition: all.definition,
    trials: plans[plan] ?? [],
    dataset: manifest,
    trainExamples: 100,
  });
}

/** A command for both; `toString` describes it in a failure. */
export abstract class Step {
  abstract apply(model: Model, real: Real): Promise<void>;
  abstract toString(): string;

  check(_model: Readonly<Model>): boolean {
    return true;
  }

  async run(model: Model, real: Real): Promise<void> {
    await this.apply(model, real);
    await compare(model, real);
  }
}

/** Every trial that is stored, in the plan's order. */
async function trialsOf({ storage, readTrials }: Real): Promise<TrialRecord[]> {
  const ids = all.trials.map(({ trialId }) => trialId);
  if (readTrials !== undefined) return await readTrials(ids);
  const records = [];
  for (const trialId of ids) {
    const found = await storage.trial(trialId);
    if (found !== null) records.push(found.trial);
  }
  return records;
}

/** Checks that the stored data match the model and that the invariants hold. */
async function compare(model: Model, real: Real): Promise<void> {
  const records = await trialsOf(real);
  for (const trial of records) {
    const { trialId } = trial.spec;
    assert.equal(trial.state, model.state(trialId), trialId);
    assert.equal(trial.planned, model.planned(trialId));
    assert.deepEqual(
      trial.attempts.map((a) => [a.leaseId, a.workerId, a.state]),
      model.of(trialId).map((l) => [leaseId(l.n), workerId(l.worker), l.state]),
    );
    const filled = model.filled.get(trialId);
    assert.deepEqual(
      trial.state === "completed" ? trial.accepted.result : undefined,
      filled?.result,
      "no accepted result is lost or replaced",
    );
  }
  assert.deepEqual(checkInvariants(records, undefined, modelPolicy), []);
  const counts = await real.storage.counts(seed);
  const completed =
    records.filter((t) => t.planned && t.state === "completed").length;
  assert.equal(counts.completed, completed);
}

/**
 * Each accepted result is credited once. For the end of a script: a credit that
 * is wrong stays wrong, and listing workers takes as long as all of `compare`.
 */
export async function compareCredit(real: Real): Promise<void> {
  const credit = new Map(
    (await real.storage.workers(WORKERS)).map((l) =>
      [l.worker.workerId, l.trialsCompleted] as const
    ),
  );
  const records = await trialsOf(real);
  assert.deepEqual(checkInvariants(records, credit, modelPolicy), []);
}
