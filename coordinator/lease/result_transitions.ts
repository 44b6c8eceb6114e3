import { base, core, end, replace } from "./trial.ts";
import type { Policy } from "./policy.ts";
import { sameValue } from "./same_value.ts";
import {
  type AcceptedResult,
  type Attempt,
  type Delivery,
  type Instant,
  runningAttempts,
  type TrialRecord,
} from "./trial.ts";
import type {
  Effect,
  Rejection,
  Reply,
  Transition,
  TrialEvent,
} from "./events.ts";

/** The part of the lease machine that handles results. */

type Of<Type extends TrialEvent["type"]> = Extract<TrialEvent, { type: Type }>;

/** Weights are accepted whenever their result would be accepted. */
export function upload(
  trial: TrialRecord,
  attempt: Attempt,
  { now }: Of<"upload">,
): Transition {
  switch (attempt.state) {
    case "running":
      // A started upload extends the lease, because the connection may be slow.
      return accept(
        replace(trial, {
          ...attempt,
          expiresAt: Math.max(attempt.expiresAt, now + attempt.ttl),
        }),
        { type: "uploading" },
      );
    case "delivered":
      return accept(trial, { type: "uploading" });
    case "released":
    case "expired":
      return trial.state === "completed"
        ? reject("trial-completed")
        : accept(trial, { type: "uploading" });
    case "completed":
    case "superseded":
      return reject("trial-completed");
    case "failed":
    case "refused":
      return reject(over(trial));
    default:
      return attempt satisfies never;
  }
}

/** A result arrives: it is refused, verified later, or accepted at once. */
export function complete(
  trial: TrialRecord,
  attempt: Attempt,
  event: Of<"complete">,
  policy: Policy,
): Transition {
  const { now, delivery } = event;
  if (trial.state === "completed") {
    if (trial.accepted.leaseId !== event.leaseId) {
      return reject("trial-completed");
    }
    return sameValue(trial.accepted.result, delivery.result)
      ? accept(trial, { type: "accepted", repeated: true })
      : reject("conflicting-result");
  }
  switch (attempt.state) {
    case "delivered":
      return sameValue(attempt.delivery, delivery)
        ? accept(trial, { type: "received", repeated: true })
        : reject("conflicting-result");
    case "refused":
      return accept(trial, { type: "refused", problems: [attempt.message] });
    case "failed":
      // An attempt that was released as failed cannot deliver.
      return reject(over(trial));
    case "completed":
    case "superseded":
      return reject("trial-completed");
    case "running":
    case "released":
    case "expired":
      // The attempt is running, or expired while the trial has no result: a
      // late result is as good as any other.
      break;
    default:
      return attempt satisfies never;
  }
  if (event.problems.length > 0) {
    return refuse(trial, attempt, now, event.problems, policy);
  }
  const { verify } = event;
  if (verify === null) {
    return fill(trial, attempt, now, delivery, {
      recomputed: null,
      repeatedEpochs: 0,
    });
  }
  if (delivery.result.outcome === "trained" && !verify.weightsHere) {
    return reject("missing-weights");
  }
  return accept(
    end(trial, {
      ...core(attempt),
      state: "delivered",
      endedAt: now,
      delivery,
    }, policy),
    { type: "received", repeated: false },
    { type: "result-received", workerId: attempt.workerId },
    { type: "changed" },
  );
}

/** The verdict on a delivered result; a second verdict changes nothing. */
export function judge(
  trial: TrialRecord,
  { now, leaseId, verdict }: Of<"verdict">,
  policy: Policy,
): Transition {
  const attempt = trial.attempts.find((a) => a.leaseId === leaseId);
  if (attempt?.state !== "delivered") {
    return accept(trial, { type: "judged", settled: false });
  }
  const judged: Reply = { type: "judged", settled: true };
  switch (verdict.type) {
    case "true": {
      const { delivery } = attempt;
      return {
        ...fill(trial, attempt, now, delivery, verdict),
        reply: judged,
      };
    }
    case "false":
      return {
        ...refuse(trial, attempt, now, verdict.problems, policy),
        reply: judged,
      };
    case "lost":
      return accept(
        end(trial, {
          ...core(attempt),
          state: "released",
          endedAt: now,
          message: verdict.message,
        }, policy),
        judged,
        { type: "result-lost", workerId: attempt.workerId },
        { type: "changed" },
      );
    default:
      return verdict satisfies never;
  }
}

/**
 * A result that was not repeated completely no longer counts; one that waits
 * gets no verdict, and is no failure of its worker.
 */
export function withdraw(
  trial: TrialRecord,
  { now, leaseId, message }: Of<"withdraw">,
  policy: Policy,
): Transition {
  const attempt = trial.attempts.find((a) => a.leaseId === leaseId);
  if (attempt?.state === "delivered") {
    return accept(
      end(
        trial,
        { ...core(attempt), state: "released", endedAt: now, message },
        policy,
      ),
      { type: "withdrawn", settled: true },
      { type: "result-withdrawn", workerId: attempt.workerId },
      { type: "changed" },
    );
  }
  if (
    trial.state !== "completed" || attempt === undefined ||
    trial.accepted.leaseId !== leaseId ||
    trial.accepted.repeatedEpochs >= trial.accepted.result.epochs.length
  ) return accept(trial, { type: "withdrawn", settled: false });
  const next = end({ ...base(trial), state: "queued" }, {
    ...core(attempt),
    state: "refused",
    endedAt: now,
    message,
  }, policy);
  return accept(
    next,
    { type: "withdrawn", settled: true },
    { type: "result-withdrawn", workerId: attempt.workerId },
    ...quarantineEffect(trial, next),
    { type: "changed" },
  );
}

type Accepted = Extract<Transition, { ok: true }>;

/** Accepts the result and ends every other attempt. */
function fill(
  trial: TrialRecord,
  attempt: Attempt,
  now: Instant,
  { result, weights }: Delivery,
  { recomputed, repeatedEpochs }: Pick<
    AcceptedResult,
    "recomputed" | "repeatedEpochs"
  >,
): Accepted {
  const running = runningAttempts(trial).filter((a) => a !== attempt);
  return accept(
    {
      ...base(trial),
      state: "completed",
      accepted: {
        attempt: attempt.attempt,
        leaseId: attempt.leaseId,
        workerId: attempt.workerId,
        acceptedAt: now,
        result,
        weights,
        recomputed,
        repeatedEpochs,
      },
      attempts: trial.attempts.map((a): Attempt => {
        if (a === attempt) {
          return { ...core(a), state: "completed", endedAt: now };
        }
        return a.state === "running" || a.state === "delivered"
          ? { ...core(a), state: "superseded", endedAt: now }
          : a;
      }),
    },
    { type: "accepted", repeated: false },
    { type: "result-accepted", workerId: attempt.workerId },
    ...running.map(({ workerId }) =>
      ({ type: "attempt-superseded", workerId }) as const
    ),
    { type: "changed" },
  );
}

function refuse(
  trial: TrialRecord,
  attempt: Attempt,
  now: Instant,
  problems: readonly string[],
  policy: Policy,
): Accepted {
  const next = end(trial, {
    ...core(attempt),
    state: "refused",
    endedAt: now,
    message: problems.join("; "),
  }, policy);
  return accept(
    next,
    { type: "refused", problems },
    { type: "result-refused", workerId: attempt.workerId },
    ...quarantineEffect(trial, next),
    { type: "changed" },
  );
}

/** The rejection of a call about an attempt that ended without a result. */
export function over(trial: TrialRecord): Rejection {
  return trial.state === "quarantined" ? "trial-quarantined" : "stale-lease";
}

export function quarantineEffect(
  before: TrialRecord,
  after: TrialRecord,
): Effect[] {
  return before.state !== "quarantined" && after.state === "quarantined"
    ? [{ type: "trial-quarantined" }]
    : [];
}

export function accept(
  trial: TrialRecord,
  reply: Reply,
  ...effects: Effect[]
): Accepted {
  return { ok: true, trial, reply, effects };
}

export function reject(rejection: Rejection): Transition {
  return { ok: false, rejection };
}
