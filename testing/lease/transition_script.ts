import assert from "node:assert/strict";
import type { TrialResult } from "../../protocol/training.ts";
import {
  delivery,
  epochMetrics,
  leaseId,
  smallStudy,
  trained,
  workerId,
} from "./fixtures.ts";
import { checkInvariants } from "../../coordinator/lease/invariants.ts";
import { defaultPolicy, type Policy } from "../../coordinator/lease/policy.ts";
import { transition } from "../../coordinator/lease/transition.ts";
import { newTrial, type TrialRecord } from "../../coordinator/lease/trial.ts";
import type {
  Reply,
  ResultVerdict,
  Transition,
  TrialEvent,
} from "../../coordinator/lease/events.ts";

/** For tests of transitions: applies events to one trial. */

/** Length of every lease here, in milliseconds. */
export const TTL = 1000;

function fresh(epochs: number): TrialRecord {
  const [spec] = smallStudy({ epochs }).trials;
  assert.ok(spec);
  return newTrial(spec);
}

/** Applies events one after another; worker n holds lease n. */
export function script(
  policy: Policy = defaultPolicy,
  verify = false,
  epochs = 2,
) {
  let trial = fresh(epochs);
  let now = 0;
  const effects: string[] = [];

  function apply(event: TrialEvent): Transition {
    const before = structuredClone(trial);
    const result = transition(trial, event, policy);
    assert.deepEqual(trial, before, "the old state is unchanged");
    if (result.ok) {
      trial = result.trial;
      effects.push(...result.effects.map(({ type }) => type));
    }
    assert.deepEqual(checkInvariants([trial], undefined, policy), []);
    return result;
  }
  const attemptOf = (n: number) =>
    trial.attempts.find((a) => a.leaseId === leaseId(n))?.attempt ?? 1;
  const fence = (n: number) => ({
    now,
    leaseId: leaseId(n),
    workerId: workerId(n),
    attempt: attemptOf(n),
  });
  return {
    apply,
    fence,
    get trial() {
      return trial;
    },
    /** The effects since the last call. */
    effects: () => effects.splice(0),
    advance(milliseconds: number) {
      now += milliseconds;
    },
    unplan() {
      trial = { ...trial, planned: false };
    },
    lease: (n: number, worker = n, epochMilliseconds: number | null = null) =>
      apply({
        type: "lease",
        now,
        leaseId: leaseId(n),
        workerId: workerId(worker),
        backend: "simd",
        backendDetail: null,
        ttl: TTL,
        epochMilliseconds,
        pause: 0,
      }),
    renew: (n: number, wanted = true) =>
      apply({ type: "renew", ...fence(n), wanted }),
    report: (n: number, ...epochs: number[]) =>
      apply({
        type: "report",
        ...fence(n),
        wanted: true,
        epochs: epochs.map((epoch) => epochMetrics(epoch)),
      }),
    complete: (
      n: number,
      result: TrialResult = trained(),
      problems: string[] = [],
      weightsHere = true,
    ) =>
      apply({
        type: "complete",
        ...fence(n),
        delivery: delivery(result),
        problems,
        verify: verify ? { weightsHere } : null,
      }),
    release: (n: number, reason: "leaving" | "failed", worker = n) =>
      apply({
        type: "release",
        ...fence(n),
        workerId: workerId(worker),
        reason,
        message: null,
      }),
    upload: (n: number) => apply({ type: "upload", ...fence(n) }),
    judge: (n: number, verdict: ResultVerdict) =>
      apply({ type: "verdict", now, leaseId: leaseId(n), verdict }),
    withdraw: (n: number) =>
      apply({ type: "withdraw", now, leaseId: leaseId(n), message: "lied" }),
    expire: () => apply({ type: "expire", now }),
    forgive: (worker: number) =>
      apply({ type: "forgive", now, workerId: workerId(worker) }),
  };
}

/** Asserts that the event was accepted with this reply. */
export function replied(result: Transition, reply: Reply): void {
  assert.ok(result.ok, JSON.stringify(result));
  assert.deepEqual(result.reply, reply);
}

/** Asserts that the event was rejected. */
export function rejected(result: Transition, rejection: string): void {
  assert.deepEqual(result, { ok: false, rejection });
}
