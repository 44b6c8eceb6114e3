import assert from "node:assert/strict";
import type { TrialResult } from "../../protocol/training.ts";
import type { Outcome } from "../../coordinator/service/service_types.ts";
import { epochMetrics, leaseId, trained, workerId } from "./fixtures.ts";
import {
  type Model,
  type ModelLease,
  modelWeights,
  type Real,
  runPlan,
  Step,
  TTL,
  WORKERS,
} from "./lease_model.ts";
import type { ResultVerdict } from "../../coordinator/lease/events.ts";

/** Commands: each step predicts its answer from the model and compares. */

async function record(real: Real, worker: number) {
  const found = await real.storage.worker(workerId(worker));
  assert.ok(found);
  return found;
}

function told<T>(outcome: Outcome<T>): string {
  return outcome.ok ? "ok" : outcome.rejection;
}

export class AskForLease extends Step {
  constructor(readonly worker: number, readonly repeat: boolean) {
    super();
  }
  override toString = () => `lease(w${this.worker}, repeat ${this.repeat})`;

  async apply(model: Model, real: Real): Promise<void> {
    const worker = await record(real, this.worker);
    const n = model.leases.length + 1;
    const request = { backend: "simd", leaseId: leaseId(n) } as const;
    const due = model.next(this.worker, real.clock.now());
    const answer = await real.coordinator.acquire(worker, {
      ...request,
      stepMilliseconds: 1,
    });
    assert.ok(answer.ok);
    if (typeof due === "string") {
      assert.equal(answer.value.type === "none" && answer.value.reason, due);
      return;
    }
    assert.ok(answer.value.type === "lease");
    const { lease } = answer.value;
    const attempt = model.of(due.trialId).length + 1;
    assert.deepEqual([lease.trial, lease.attempt], [due, attempt]);
    model.oust(due.trialId, real.clock.now());
    model.leases.push({
      n,
      trialId: due.trialId,
      worker: this.worker,
      attempt,
      state: "running",
      startedAt: real.clock.now(),
      expiresAt: real.clock.now() + TTL,
      reported: new Set(),
    });
    if (!this.repeat) return;
    assert.deepEqual(await real.coordinator.acquire(worker, request), answer);
  }
}

/** A call about one of the leases, possibly with a wrong worker or attempt. */
abstract class OnLease extends Step {
  constructor(readonly lease: number, readonly forged: boolean) {
    super();
  }

  override check(model: Readonly<Model>): boolean {
    return model.leases.length > 0;
  }

  async apply(model: Model, real: Real): Promise<void> {
    const lease = model.leases[this.lease % model.leases.length];
    assert.ok(lease);
    const due = this.forged ? "stale-lease" : this.expect(model, lease, real);
    const worker = await record(real, lease.worker);
    // Half of the wrong calls have another worker, half another attempt.
    const stranger = this.forged && this.lease % 2 === 0;
    const given = stranger
      ? await record(real, (lease.worker + 1) % WORKERS)
      : worker;
    const attempt = lease.attempt + (this.forged && !stranger ? 1 : 0);
    assert.equal(await this.call(real, lease, given, attempt), due);
  }

  protected abstract expect(
    model: Model,
    lease: ModelLease,
    real: Real,
  ): string;
  protected abstract call(
    real: Real,
    lease: ModelLease,
    worker: Awaited<ReturnType<typeof record>>,
    attempt: number,
  ): Promise<string>;
}

function stale(model: Model, { trialId }: ModelLease): string {
  return model.state(trialId) === "quarantined"
    ? "trial-quarantined"
    : "stale-lease";
}

export class Renew extends OnLease {
  /** The epoch of a report; null for a heartbeat. */
  constructor(lease: number, forged: boolean, readonly epoch: number | null) {
    super(lease, forged);
  }
  override toString = () =>
    `renew(l${this.lease}, forged ${this.forged}, epoch ${this.epoch})`;

  protected expect(model: Model, lease: ModelLease, real: Real): string {
    if (this.epoch !== null && this.epoch > 2) return "no-such-epoch";
    switch (lease.state) {
      case "running":
        if (!model.planned(lease.trialId)) {
          model.end(lease, "released");
          return "stop study-stopped";
        }
        lease.expiresAt = real.clock.now() + TTL;
        if (this.epoch !== null) lease.reported.add(this.epoch);
        return "continue";
      case "delivered":
      case "superseded":
      case "completed":
        return "stop trial-completed";
      default:
        return stale(model, lease);
    }
  }

  protected async call(
    { coordinator }: Real,
    lease: ModelLease,
    worker: Awaited<ReturnType<typeof record>>,
    attempt: number,
  ): Promise<string> {
    const id = leaseId(lease.n);
    const answer = this.epoch === null
      ? await coordinator.renew(worker, id, { attempt })
      : await coordinator.report(worker, id, {
        attempt,
        epochs: [epochMetrics(this.epoch)],
      });
    if (!answer.ok) return answer.rejection;
    const { value } = answer;
    return value.directive === "stop" ? `stop ${value.reason}` : "continue";
  }
}

export class Complete extends OnLease {
  constructor(
    lease: number,
    forged: boolean,
    /** `other` selects a second valid result, with different epochs. */
    readonly result: "good" | "other" | "bad",
  ) {
    super(lease, forged);
  }
  override toString = () =>
    `complete(l${this.lease}, forged ${this.forged}, ${this.result})`;

  private value(): TrialResult {
    switch (this.result) {
      case "good":
        return trained();
      case "other":
        return trained(2, 0.7);
      case "bad":
        return trained(1);
      default:
        return this.result satisfies never;
    }
  }

  protected expect(model: Model, lease: ModelLease): string {
    const { trialId } = lease;
    const filled = model.filled.get(trialId);
    const result = this.value();
    if (filled !== undefined) {
      if (filled.lease !== lease.n) return "trial-completed";
      const same = JSON.stringify(filled.result) === JSON.stringify(result);
      return same ? "ok" : "conflicting-result";
    }
    if (lease.state === "failed") return stale(model, lease);
    if (lease.state === "refused") return "rejected-result";
    if (lease.state === "delivered") {
      const same = JSON.stringify(lease.delivered) === JSON.stringify(result);
      return same ? "ok" : "conflicting-result";
    }
    const fits = this.result === "good" ||
      this.result === "other" && lease.reported.size === 0;
    if (!fits) {
      model.end(lease, "refused");
      return "rejected-result";
    }
    if (model.verify) {
      lease.delivered = result;
      lease.state = "delivered";
      return "ok";
    }
    fill(model, lease, result);
    return "ok";
  }

  protected async call(
    { coordinator }: Real,
    lease: ModelLease,
    worker: Awaited<ReturnType<typeof record>>,
    attempt: number,
  ): Promise<string> {
    const result = this.value();
    return told(
      await coordinator.complete(worker, leaseId(lease.n), {
        attempt,
        result,
        weights: modelWeights,
      }),
    );
  }
}

/** Accepts the result and ends every other attempt. */
function fill(model: Model, lease: ModelLease, result: TrialResult): void {
  const { trialId } = lease;
  model.filled.set(trialId, { lease: lease.n, result });
  for (const other of model.of(trialId)) {
    if (other.state === "running" || other.state === "delivered") {
      other.state = "superseded";
    }
  }
  lease.state = "completed";
}

/** A verdict, on a waiting result or on any other. */
export class Judge extends Step {
  constructor(readonly lease: number, readonly verdict: ResultVerdict["type"]) {
    super();
  }
  override toString = () => `judge(l${this.lease}, ${this.verdict})`;

  override check(model: Readonly<Model>): boolean {
    return model.leases.some((l) => l.state === "delivered");
  }

  async apply(model: Model, real: Real): Promise<void> {
    // Usually a waiting result; every third time any result.
    const waiting = this.lease % 3 === 0
      ? model.leases
      : model.leases.filter((l) => l.state === "delivered");
    const lease = waiting[this.lease % waiting.length];
    assert.ok(lease);
    const { delivered } = lease;
    if (lease.state === "delivered" && delivered !== undefined) {
      // A late result ended the quarantine; other attempts decide the state.
      model.quarantined.delete(lease.trialId);
      switch (this.verdict) {
        case "true":
          fill(model, lease, delivered);
          break;
        case "false":
          model.end(lease, "refused");
          break;
        case "lost":
          model.end(lease, "released");
          break;
        default:
          this.verdict satisfies never;
      }
    }
    await real.coordinator.settle(leaseId(lease.n), verdicts[this.verdict]);
  }
}

const verdicts: Record<ResultVerdict["type"], ResultVerdict> = {
  true: {
    type: "true",
    recomputed: { testLoss: 0.6, testAccuracy: 0.75 },
    repeatedEpochs: 0,
  },
  false: { type: "false", problems: ["its weights say otherwise"] },
  lost: { type: "lost", message: "the weights are gone" },
};

export class Release extends OnLease {
  constructor(
    lease: number,
    forged: boolean,
    readonly reason: "leaving" | "failed",
  ) {
    super(lease, forged);
  }
  override toString = () =>
    `release(l${this.lease}, forged ${this.forged}, ${this.reason})`;

  protected expect(model: Model, lease: ModelLease): string {
    switch (lease.state) {
      case "running":
        model.end(lease, this.reason === "failed" ? "failed" : "released");
        return "ok";
      case "completed":
        return "trial-completed";
      case "expired":
        return "stale-lease";
      default:
        return "ok";
    }
  }

  protected async call(
    { coordinator }: Real,
    lease: ModelLease,
    worker: Awaited<ReturnType<typeof record>>,
    attempt: number,
  ): Promise<string> {
    const { reason } = this;
    return told(
      await coordinator.release(worker, leaseId(lease.n), { attempt, reason }),
    );
  }
}

export class Sweep extends Step {
  constructor(readonly seconds: number) {
    super();
  }
  override toString = () => `sweep after ${this.seconds} s`;

  async apply(model: Model, real: Real): Promise<void> {
    real.clock.advance(this.seconds * 1000);
    const due = model.leases.filter((l) =>
      l.state === "running" && l.expiresAt <= real.clock.now()
    );
    for (const lease of due) model.end(lease, "expired");
    assert.equal(await real.coordinator.sweep(), due.length);
  }
}

export class Leave extends Step {
  constructor(readonly worker: number) {
    super();
  }
  override toString = () => `leave(w${this.worker})`;

  async apply(model: Model, real: Real): Promise<void> {
    for (const lease of model.leases) {
      if (lease.worker === this.worker && lease.state === "running") {
        model.end(lease, "released");
      }
    }
    await real.coordinator.leave(await record(real, this.worker));
  }
}

export class Plan extends Step {
  constructor(readonly plan: number) {
    super();
  }
  override toString = () => `plan(${this.plan})`;

  async apply(model: Model, real: Real): Promise<void> {
    model.plan = this.plan;
    await runPlan(real, this.plan);
  }
}

export class Restart extends Step {
  override toString = () => "crash and restart";

  async apply(model: Model, real: Real): Promise<void> {
    await real.restart();
    await runPlan(real, model.plan);
  }
}
