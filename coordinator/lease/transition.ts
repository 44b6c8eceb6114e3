import type { EpochMetrics } from "../../protocol/training.ts";
import { base, core, end, newEpochs, replace } from "./trial.ts";
import { isStuck, speculativeSaves } from "./speculative.ts";
import {
  accept,
  complete,
  judge,
  over,
  quarantineEffect,
  reject,
  upload,
  withdraw,
} from "./result_transitions.ts";
import type { Policy } from "./policy.ts";
import {
  type Attempt,
  type Instant,
  isVoidWithout,
  type RunningAttempt,
  runningAttempts,
  type TrialRecord,
} from "./trial.ts";
import type { Transition, TrialEvent } from "./events.ts";

/**
 * The lease machine: `transition(trial, event, policy)` returns the trial's
 * next state, the reply to the caller and the effects, or the reason for a
 * rejection. It has no clock, randomness or storage: the storage runs it inside
 * an atomic read-decide-write transaction, so its decision is what is stored.
 *
 * ```text
 *            lease            complete              true
 *  queued ----------> leased ----------> verifying ------> completed
 *    ^  release, expire |  \ fail           | ^  \
 *    +------------------+   +-> quarantined --+   +-> queued or quarantined
 *                                    late result   false
 * ```
 *
 * Without verification, a result that passes its checks completes the trial at
 * once. `result_transitions.ts` has the transitions of results.
 */

/**
 * Applies one event to one trial. A leased trial may get a speculative attempt
 * (`speculative.ts`); the first valid result wins.
 */
export function transition(
  trial: TrialRecord,
  event: TrialEvent,
  policy: Policy,
): Transition {
  switch (event.type) {
    case "lease":
      return lease(trial, event, policy);
    case "expire":
      return expire(trial, event.now, policy);
    case "verdict":
      return judge(trial, event, policy);
    case "withdraw":
      return withdraw(trial, event, policy);
    case "forgive":
      return forgive(trial, event, policy);
    case "renew":
    case "report":
    case "upload":
    case "complete":
    case "release": {
      const attempt = trial.attempts.find((a) => a.leaseId === event.leaseId);
      if (
        attempt === undefined || attempt.attempt !== event.attempt ||
        attempt.workerId !== event.workerId
      ) return reject("stale-lease");
      switch (event.type) {
        case "renew":
          return renew(trial, attempt, event, [], policy);
        case "report": {
          const { epochs } = trial.spec.recipe;
          return event.epochs.some(({ epoch }) => epoch > epochs)
            ? reject("no-such-epoch")
            : renew(trial, attempt, event, event.epochs, policy);
        }
        case "upload":
          return upload(trial, attempt, event);
        case "complete":
          return complete(trial, attempt, event, policy);
        case "release":
          return release(trial, attempt, event, policy);
        default:
          return event satisfies never;
      }
    }
    default:
      return event satisfies never;
  }
}

type Of<Type extends TrialEvent["type"]> = Extract<TrialEvent, { type: Type }>;

function lease(
  trial: TrialRecord,
  event: Of<"lease">,
  policy: Policy,
): Transition {
  const free = trial.state === "queued" ||
    speculativeSaves(trial, event, policy) !== null;
  if (!free || !trial.planned) return reject("not-leasable");
  const attempt: RunningAttempt = {
    attempt: trial.attempts.length + 1,
    leaseId: event.leaseId,
    workerId: event.workerId,
    backend: event.backend,
    backendDetail: event.backendDetail,
    startedAt: event.now,
    ttl: event.ttl,
    epochs: [],
    state: "running",
    expiresAt: event.now + event.ttl,
  };
  const running = runningAttempts(trial);
  const ousted = running.length < policy.runningAttempts
    ? []
    : running.filter((a) => isStuck(a, event.now, policy));
  const attempts = trial.attempts.map((a): Attempt =>
    a.state === "running" && ousted.includes(a)
      ? { ...core(a), state: "expired", endedAt: event.now }
      : a
  );
  return accept(
    { ...base(trial), state: "leased", attempts: [...attempts, attempt] },
    { type: "leased", attempt },
    ...ousted.map(({ workerId }) =>
      ({ type: "lease-expired", workerId }) as const
    ),
    { type: "lease-granted", workerId: event.workerId },
    { type: "changed" },
  );
}

function renew(
  trial: TrialRecord,
  attempt: Attempt,
  event: Of<"renew"> | Of<"report">,
  reported: readonly EpochMetrics[],
  policy: Policy,
): Transition {
  switch (attempt.state) {
    case "running": {
      if (!event.wanted) {
        return accept(
          end(trial, {
            ...core(attempt),
            state: "released",
            endedAt: event.now,
            message: "the study was stopped",
          }, policy),
          { type: "stop", reason: "study-stopped" },
          { type: "lease-released", workerId: attempt.workerId },
          { type: "changed" },
        );
      }
      // A lease past its end still belongs to its holder until the expiry
      // event. A late, reordered call never shortens a lease.
      const expiresAt = Math.max(attempt.expiresAt, event.now + attempt.ttl);
      const fresh = newEpochs(attempt.epochs, reported);
      const epochs = [...attempt.epochs, ...fresh]
        .sort((a, b) => a.epoch - b.epoch);
      return accept(
        replace(trial, { ...attempt, expiresAt, epochs }),
        { type: "continue", ttl: attempt.ttl },
        ...fresh.map((metrics) => ({ type: "epoch", metrics }) as const),
      );
    }
    case "delivered":
    case "superseded":
    case "completed":
      return accept(trial, { type: "stop", reason: "trial-completed" });
    case "released":
    case "failed":
    case "refused":
    case "expired":
      return reject(over(trial));
    default:
      return attempt satisfies never;
  }
}

function release(
  trial: TrialRecord,
  attempt: Attempt,
  event: Of<"release">,
  policy: Policy,
): Transition {
  switch (attempt.state) {
    case "running": {
      const { workerId } = attempt;
      const ended = { ...core(attempt), endedAt: event.now };
      const next = end(
        trial,
        event.reason === "failed"
          ? {
            ...ended,
            state: "failed",
            message: event.message ?? "the worker gave no reason",
          }
          : { ...ended, state: "released", message: event.message },
        policy,
      );
      return accept(
        next,
        { type: "released" },
        event.reason === "failed"
          ? { type: "trial-failed", workerId }
          : { type: "lease-released", workerId },
        ...quarantineEffect(trial, next),
        { type: "changed" },
      );
    }
    // A repeated call, or a call after a result: there is nothing to release.
    case "delivered":
    case "released":
    case "failed":
    case "refused":
    case "superseded":
      return accept(trial, { type: "released" });
    case "completed":
      return reject("trial-completed");
    case "expired":
      return reject("stale-lease");
    default:
      return attempt satisfies never;
  }
}

/**
 * Queues trials at which a removed worker failed, even quarantined ones, or
 * whose result of it has no verdict yet.
 */
function forgive(
  trial: TrialRecord,
  { now, workerId }: Of<"forgive">,
  policy: Policy,
): Transition {
  // A withdrawn result stays refused: it explains why other attempts are
  // superseded.
  const superseded = trial.attempts.some((a) => a.state === "superseded");
  const failed = trial.attempts.filter((a) =>
    isVoidWithout(a, workerId) && !(superseded && a.state === "refused")
  );
  if (failed.length === 0 || trial.state === "completed") {
    return accept(trial, { type: "forgiven", attempts: 0 });
  }
  const next = failed.reduce<TrialRecord>(
    (t, a) =>
      end(t, {
        ...core(a),
        state: "released",
        endedAt: now,
        message: "its worker was removed by the operator",
      }, policy),
    trial.state === "quarantined" ? { ...base(trial), state: "queued" } : trial,
  );
  return accept(
    next,
    { type: "forgiven", attempts: failed.length },
    { type: "changed" },
  );
}

function expire(
  trial: TrialRecord,
  now: Instant,
  policy: Policy,
): Transition {
  const due = runningAttempts(trial).filter((a) => a.expiresAt <= now);
  if (due.length === 0) {
    return accept(trial, { type: "expired", attempts: 0 });
  }
  const next = due.reduce<TrialRecord>(
    (t, a) => end(t, { ...core(a), state: "expired", endedAt: now }, policy),
    trial,
  );
  return accept(
    next,
    { type: "expired", attempts: due.length },
    ...due.map(({ workerId }) =>
      ({ type: "lease-expired", workerId }) as const
    ),
    ...quarantineEffect(trial, next),
    { type: "changed" },
  );
}
