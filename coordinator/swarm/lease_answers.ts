import type { Lease, NoLeaseReason, RenewResponse } from "../protocol/swarm.ts";
import type { Acquired, Outcome, Refused, StudyToRun } from "./calls.ts";
import type { RunningAttempt, TrialRecord } from "./trial.ts";
import type { Reply } from "./trial_event.ts";

/** What the lease machine replies, in the protocol's words. */

/** Seconds after which a worker without a trial asks again. */
const ASK_AGAIN: Record<NoLeaseReason, number> = {
  "all-leased": 5,
  "enough-leases": 5,
  "no-study": 10,
  "study-complete": 15,
};

export function done<T>(value: T): Outcome<T> {
  return { ok: true, value };
}

export function refused(
  rejection: Refused["rejection"],
  problems: readonly string[] = [],
): Refused {
  return { ok: false, rejection, problems };
}

/** No trial now. */
export function none(reason: NoLeaseReason): Outcome<Acquired> {
  return done({ type: "none", reason, retryAfterSeconds: ASK_AGAIN[reason] });
}

/** A trial that is lent. */
export function leased(
  { dataset }: StudyToRun,
  { spec }: TrialRecord,
  { leaseId, attempt, expiresAt, ttl }: RunningAttempt,
  told: Pick<Lease, "weightsBytes" | "reportAfterSeconds">,
): Outcome<Acquired> {
  return done({
    type: "lease",
    lease: {
      leaseId,
      attempt,
      expiresAt: new Date(expiresAt).toISOString(),
      ttlSeconds: ttl / 1000,
      trial: spec,
      dataset,
      ...told,
    },
  });
}

/** Go on, or stop. */
export function directive(
  outcome: Outcome<Reply>,
  reportAfterSeconds: number,
): Outcome<RenewResponse> {
  if (!outcome.ok) return outcome;
  const { value: reply } = outcome;
  switch (reply.type) {
    case "continue":
      return done({
        directive: "continue",
        ttlSeconds: reply.ttl / 1000,
        reportAfterSeconds,
      });
    case "stop":
      return done({ directive: "stop", reason: reply.reason });
    default:
      throw new Error(`no answer to a renewal: ${reply.type}`);
  }
}
