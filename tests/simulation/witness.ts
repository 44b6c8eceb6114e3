import type { LeaseId, TrialId, WorkerId } from "../../protocol/ids.ts";
import type { TrialResult } from "../../protocol/training.ts";
import type { Storage } from "../../coordinator/storage/storage.ts";
import { checkInvariants } from "../../coordinator/lease/invariants.ts";
import { sameValue } from "../../coordinator/lease/same_value.ts";
import type { Attempt, TrialRecord } from "../../coordinator/lease/trial.ts";

/** A promise to a worker, which must hold from then on. */
export type Promised =
  | { readonly type: "registered"; readonly workerId: WorkerId }
  | ({ readonly type: "leased"; readonly attempt: number } & OfLease)
  | ({ readonly type: "reported"; readonly epoch: number } & OfLease)
  | ({ readonly type: "accepted"; readonly result: TrialResult } & OfLease)
  | ({ readonly type: "released" } & OfLease);

interface OfLease {
  readonly trialId: TrialId;
  readonly leaseId: LeaseId;
  readonly workerId: WorkerId;
}

/**
 * Watches what is stored, past the coordinator, and remembers what workers
 * were told. Its complaints are sentences.
 */
export class Witness {
  readonly complaints: string[] = [];
  /** Promises heard, in their order. */
  readonly promises: Promised[] = [];
  /** Results that were accepted though their lease had ended. */
  late = 0;
  #known = new Map<TrialId, TrialRecord>();
  #trials: readonly TrialId[];

  constructor(trials: readonly TrialId[]) {
    this.#trials = trials;
  }

  /** A worker was told this. */
  hear(promised: Promised): void {
    this.promises.push(promised);
  }

  /** Looks at the trials that have changed. */
  async look(stored: Storage, touched: Iterable<TrialId>): Promise<void> {
    for (const trialId of touched) {
      const trial = (await stored.trial(trialId))?.trial;
      if (trial === undefined) {
        this.complaints.push(`${trialId} is not stored any more`);
        continue;
      }
      this.complaints.push(...checkInvariants([trial]));
      const before = this.#known.get(trialId);
      if (before !== undefined) {
        if (isLate(before, trial)) this.late++;
        this.complaints.push(
          ...steps(before, trial).map((text) => `${trialId}: ${text}`),
        );
      }
      this.#known.set(trialId, trial);
    }
  }

  /** Looks at everything: all trials, the credit, and each promise. */
  async lookAtAll(stored: Storage): Promise<void> {
    await this.look(stored, this.#trials);
    const trials = [...this.#known.values()];
    const workers = await stored.workers(100_000);
    const credit = new Map(
      workers.map((l) => [l.worker.workerId, l.trialsCompleted] as const),
    );
    this.complaints.push(...checkInvariants(trials, credit));
    for (const promised of this.promises) {
      if (promised.type === "registered") {
        if (!credit.has(promised.workerId)) {
          this.complaints.push(`lost: worker ${promised.workerId}`);
        }
        continue;
      }
      const broken = breach(promised, this.#known.get(promised.trialId));
      if (broken === null) continue;
      const { type, leaseId, trialId } = promised;
      this.complaints.push(`${trialId}: ${leaseId} was ${type}: ${broken}`);
    }
  }

  /** Complains of each attempt that should have ended by then. */
  lookForOverdue(then: number): void {
    for (const { spec, attempts } of this.#known.values()) {
      for (const a of attempts) {
        if (a.state !== "running" || a.expiresAt >= then) continue;
        this.complaints.push(`${spec.trialId}: ${a.leaseId} is long overdue`);
      }
    }
  }

  get states(): Record<TrialRecord["state"], number> {
    const n = {
      queued: 0,
      leased: 0,
      verifying: 0,
      completed: 0,
      quarantined: 0,
    };
    for (const { state } of this.#known.values()) n[state]++;
    return n;
  }

  trials(): TrialRecord[] {
    return [...this.#known.values()];
  }
}

function isLate(before: TrialRecord, after: TrialRecord): boolean {
  if (before.state === "completed" || after.state !== "completed") return false;
  const was = before.attempts.find((a) => a.attempt === after.accepted.attempt);
  return was !== undefined && was.state !== "running";
}

/** How a promise is broken; null: it is kept. */
function breach(
  promised: Exclude<Promised, { type: "registered" }>,
  trial: TrialRecord | undefined,
): string | null {
  const attempt = trial?.attempts.find((a) => a.leaseId === promised.leaseId);
  if (trial === undefined || attempt === undefined) return "it is not stored";
  if (attempt.workerId !== promised.workerId) return "it is another worker's";
  switch (promised.type) {
    case "leased":
      return attempt.attempt === promised.attempt ? null : "its number differs";
    case "reported":
      return attempt.epochs.some(({ epoch }) => epoch === promised.epoch)
        ? null
        : `epoch ${promised.epoch} is not stored`;
    case "accepted":
      if (trial.state !== "completed") return `the trial is ${trial.state}`;
      if (trial.accepted.leaseId !== promised.leaseId) {
        return `the trial has the result of ${trial.accepted.leaseId}`;
      }
      return sameValue(trial.accepted.result, promised.result)
        ? null
        : "the result is another one";
    case "released":
      return attempt.state === "running" ? "it is running" : null;
    default:
      return promised satisfies never;
  }
}

/** Where an ended attempt may still go; running ones may go anywhere. */
const next: Record<Attempt["state"], readonly Attempt["state"][]> = {
  running: [
    ...["delivered", "completed", "released", "failed", "refused"] as const,
    ...["expired", "superseded"] as const,
  ],
  delivered: ["completed", "refused", "released", "superseded"],
  // A late result, good or bad.
  released: ["delivered", "completed", "refused"],
  expired: ["delivered", "completed", "refused"],
  completed: [],
  failed: [],
  refused: [],
  superseded: [],
};

/** What is wrong with how a trial became another one. */
function steps(before: TrialRecord, after: TrialRecord): string[] {
  const wrong: string[] = [];
  if (before.state === "completed") {
    if (after.state !== "completed") {
      wrong.push(`was completed and is ${after.state}`);
    } else if (!sameValue(before.accepted, after.accepted)) {
      wrong.push("its accepted result was replaced");
    }
  }
  for (const [i, old] of before.attempts.entries()) {
    const now = after.attempts[i];
    const name = `attempt ${old.attempt}`;
    if (now === undefined) {
      wrong.push(`${name} is gone`);
      continue;
    }
    if (now.leaseId !== old.leaseId || now.workerId !== old.workerId) {
      wrong.push(`${name} has changed hands`);
    }
    if (now.state !== old.state && !next[old.state].includes(now.state)) {
      wrong.push(`${name} was ${old.state} and is ${now.state}`);
    }
    for (const metrics of old.epochs) {
      const kept = now.epochs.find(({ epoch }) => epoch === metrics.epoch);
      if (!sameValue(kept, metrics)) {
        wrong.push(`${name}: epoch ${metrics.epoch} has changed`);
      }
    }
    if (
      old.state === "running" && now.state === "running" &&
      now.expiresAt < old.expiresAt
    ) wrong.push(`${name}: its lease has become shorter`);
  }
  return wrong;
}
