import type { EpochMetrics } from "../protocol/training.ts";
import { base, core, end, replace, withEpoch } from "./attempts.ts";
import { backupSaves, isStuck } from "./backup.ts";
import type { Policy } from "./policy.ts";
import { sameValue } from "./same_value.ts";
import {
  type Attempt,
  type Instant,
  type RunningAttempt,
  runningAttempts,
  type TrialRecord,
} from "./trial.ts";
import type {
  Effect,
  Rejection,
  Reply,
  Transition,
  TrialEvent,
} from "./trial_event.ts";

/**
 * The lease machine: `transition(trial, event, policy)` says what a trial
 * becomes, what the caller is answered and what else follows, or why nothing
 * may happen. It knows no clock, no randomness and no storage: the storage runs
 * it inside an atomic read-transition-write, so what it decides is what holds.
 *
 * ```text
 *            lease                complete
 *  queued ----------> leased ----------------> completed
 *    ^  release, expire |  \ fail                  ^
 *    +------------------+   +--> quarantined ------+ late result
 * ```
 */

/** Applies one event to one trial. A leased trial may be lent once more to
 * back up a straggler (`backup.ts`); the first good result wins. */
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
    case "renew":
    case "report":
    case "complete":
    case "release": {
      const attempt = trial.attempts.find((a) => a.leaseId === event.leaseId);
      if (
        attempt === undefined || attempt.attempt !== event.attempt ||
        attempt.workerId !== event.workerId
      ) return reject("stale-lease");
      switch (event.type) {
        case "renew":
          return renew(trial, attempt, event, null, policy);
        case "report":
          return event.metrics.epoch > trial.spec.recipe.epochs
            ? reject("no-such-epoch")
            : renew(trial, attempt, event, event.metrics, policy);
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
    backupSaves(trial, event, policy) !== null;
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
  metrics: EpochMetrics | null,
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
      // A lease past its time that nobody has swept is still its holder's. And
      // a late, reordered call never shortens one.
      const expiresAt = Math.max(attempt.expiresAt, event.now + attempt.ttl);
      const epochs = metrics === null
        ? attempt.epochs
        : withEpoch(attempt.epochs, metrics);
      return accept(
        replace(trial, { ...attempt, expiresAt, epochs }),
        { type: "continue", ttl: attempt.ttl },
        ...metrics === null || epochs === attempt.epochs
          ? []
          : [{ type: "epoch", metrics } as const],
      );
    }
    case "superseded":
    case "completed":
      return accept(trial, { type: "stop", reason: "trial-completed" });
    case "released":
    case "failed":
    case "expired":
      return reject(
        trial.state === "quarantined" ? "trial-quarantined" : "stale-lease",
      );
    default:
      return attempt satisfies never;
  }
}

function complete(
  trial: TrialRecord,
  attempt: Attempt,
  event: Of<"complete">,
  policy: Policy,
): Transition {
  if (trial.state === "completed") {
    if (trial.accepted.leaseId !== event.leaseId) {
      return reject("trial-completed");
    }
    return sameValue(trial.accepted.result, event.result)
      ? accept(trial, { type: "accepted", repeated: true })
      : reject("conflicting-result");
  }
  // A worker that gave up, or whose result was refused, has said its last word.
  if (attempt.state === "failed") {
    return reject(
      trial.state === "quarantined" ? "trial-quarantined" : "stale-lease",
    );
  }
  // Running, or late (expired, handed back): the trial is unfilled, and an
  // honest result is worth the same whenever it comes.
  if (event.problems.length > 0) {
    const next = end(trial, {
      ...core(attempt),
      state: "failed",
      endedAt: event.now,
      message: event.problems.join("; "),
    }, policy);
    return accept(
      next,
      { type: "refused", problems: event.problems },
      { type: "result-refused", workerId: attempt.workerId },
      ...quarantineEffect(trial, next),
      { type: "changed" },
    );
  }
  const superseded = runningAttempts(trial).filter((a) => a !== attempt);
  return accept(
    {
      ...base(trial),
      state: "completed",
      accepted: {
        attempt: attempt.attempt,
        leaseId: attempt.leaseId,
        workerId: attempt.workerId,
        acceptedAt: event.now,
        result: event.result,
      },
      attempts: trial.attempts.map((a): Attempt => {
        if (a === attempt) {
          return { ...core(a), state: "completed", endedAt: event.now };
        }
        return a.state === "running"
          ? { ...core(a), state: "superseded", endedAt: event.now }
          : a;
      }),
    },
    { type: "accepted", repeated: false },
    { type: "result-accepted", workerId: attempt.workerId },
    ...superseded.map(({ workerId }) =>
      ({ type: "attempt-superseded", workerId }) as const
    ),
    { type: "changed" },
  );
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
            message: event.message ?? "the worker did not say why",
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
    // Said twice, or after somebody else's result: nothing to hand back.
    case "released":
    case "failed":
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

function quarantineEffect(before: TrialRecord, after: TrialRecord): Effect[] {
  return before.state !== "quarantined" && after.state === "quarantined"
    ? [{ type: "trial-quarantined" }]
    : [];
}

function accept(
  trial: TrialRecord,
  reply: Reply,
  ...effects: Effect[]
): Transition {
  return { ok: true, trial, reply, effects };
}

function reject(rejection: Rejection): Transition {
  return { ok: false, rejection };
}
