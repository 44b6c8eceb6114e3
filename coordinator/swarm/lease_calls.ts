import { createHash } from "node:crypto";
import { LeaseId, Sha256 } from "../protocol/ids.ts";
import type { NoLeaseReason, RenewResponse } from "../protocol/swarm.ts";
import {
  type Storage,
  StorageError,
  type WorkerRecord,
} from "../storage/storage.ts";
import { weightsBytes } from "../verification/weights_layout.ts";
import type { WeightsStore } from "../verification/weights_store.ts";
import { checkResult } from "../verification/check_result.ts";
import type { Actor } from "./act.ts";
import type {
  Acquired,
  LeaseCalls,
  Outcome,
  Random,
  Refused,
  StudyToRun,
} from "./calls.ts";
import { leaseMilliseconds, type LeaseTerms } from "./lease_terms.ts";
import type { Policy } from "./policy.ts";
import { step } from "./step.ts";
import type { RunningAttempt, TrialRecord } from "./trial.ts";
import type { Reply, TrialEvent } from "./trial_event.ts";

/**
 * Bytes of weights that wait to be verified at most: a thousand of the seed's
 * trials. Above, workers are asked to wait.
 */
const MOST_WEIGHTS = 1 << 30;

/** Seconds after which a worker without a trial asks again. */
const ASK_AGAIN: Record<NoLeaseReason, number> = {
  "all-leased": 5,
  "enough-leases": 5,
  "no-study": 10,
  "study-complete": 15,
};

export function createLeaseCalls(deps: {
  readonly storage: Storage;
  readonly random: Random;
  readonly policy: Policy;
  readonly terms: LeaseTerms;
  readonly actor: Actor;
  readonly study: () => StudyToRun | null;
  /** Null: results count without being verified. */
  readonly weights: WeightsStore | null;
  /** Told that a result waits to be verified. */
  readonly onDelivered: () => void;
}): LeaseCalls {
  const { storage, random, policy, terms, actor, study, weights } = deps;

  /** Whether this coordinator still leases out what the trial belongs to. */
  function wanted({ planned, spec }: TrialRecord): boolean {
    return planned && spec.studyId === study()?.definition.id;
  }

  function lent(
    running: StudyToRun,
    trial: TrialRecord,
    attempt: RunningAttempt,
  ): Outcome<Acquired> {
    const { dataset } = running;
    const bytes = weights === null
      ? null
      : weightsBytes(trial.spec.recipe, dataset);
    return lease(running, trial, attempt, bytes);
  }

  async function onLease(
    leaseId: LeaseId,
    event: (trial: TrialRecord, now: number) => TrialEvent,
  ): Promise<Outcome<Reply>> {
    const changed = await storage.updateLease(leaseId, step(event, policy));
    if (changed === null) {
      actor.count("rejected:stale-lease");
      return refused("stale-lease");
    }
    actor.act(changed);
    const { value } = changed;
    return value.ok ? done(value.reply) : refused(value.rejection);
  }

  /** Backend and detail as the worker gave them, stored where they are new. */
  async function noteBackend(
    worker: WorkerRecord,
    name: WorkerRecord["backend"] & string,
    detail: string | null,
  ): Promise<void> {
    if (worker.backend === name && worker.backendDetail === detail) return;
    await storage.seen(worker.workerId, {
      left: false,
      backend: { name, detail },
    });
  }

  return {
    async acquire(worker, request) {
      const { backend, stepMilliseconds } = request;
      const backendDetail = request.backendDetail ?? null;
      const running = study();
      if (running === null) return none("no-study");
      await noteBackend(worker, backend, backendDetail);
      const { recipe, id: studyId } = running.definition;
      const ttl = leaseMilliseconds(
        terms,
        stepMilliseconds,
        Math.ceil(running.trainExamples / recipe.batchSize),
      );
      const leaseId = request.leaseId ?? LeaseId.parse(random.uuid());
      const { workerId, threads: maxLeases } = worker;
      const claim = await storage.claim(
        {
          studyId,
          workerId,
          leaseId,
          maxLeases,
          maxFailures: policy.failuresPerWorker,
        },
        step((_, now) => ({
          type: "lease",
          now,
          leaseId,
          workerId,
          backend,
          backendDetail,
          ttl,
        }), policy),
      );
      switch (claim.type) {
        case "claimed": {
          actor.act(claim);
          const { value } = claim;
          if (!value.ok || value.reply.type !== "leased") {
            throw new Error("the storage offered a trial that is not free");
          }
          return lent(running, value.trial, value.reply.attempt);
        }
        case "repeated": {
          const attempt = claim.trial.attempts.find((a) =>
            a.leaseId === leaseId
          );
          return attempt?.workerId === workerId && attempt.state === "running"
            ? lent(running, claim.trial, attempt)
            : refused("stale-lease");
        }
        case "all-leased":
        case "enough-leases":
        case "study-complete":
          return none(claim.type);
        default:
          return claim satisfies never;
      }
    },

    renew: async ({ workerId }, leaseId, { attempt }) =>
      directive(
        await onLease(leaseId, (trial, now) => ({
          type: "renew",
          now,
          leaseId,
          workerId,
          attempt,
          wanted: wanted(trial),
        })),
      ),

    report: async ({ workerId }, leaseId, { attempt, metrics }) =>
      directive(
        await onLease(leaseId, (trial, now) => ({
          type: "report",
          now,
          leaseId,
          workerId,
          attempt,
          metrics,
          wanted: wanted(trial),
        })),
      ),

    async upload({ workerId }, leaseId, { attempt, read }) {
      let expected: number | null = null;
      const begun = await onLease(leaseId, (trial, now) => {
        const running = study();
        expected = weights !== null && running !== null && wanted(trial)
          ? weightsBytes(trial.spec.recipe, running.dataset)
          : null;
        return { type: "upload", now, leaseId, workerId, attempt };
      });
      if (!begun.ok) return begun;
      if (weights === null || expected === null) {
        return refused("rejected-weights", ["nobody asked for them"]);
      }
      if (weights.bytes + expected > MOST_WEIGHTS) {
        throw new StorageError(
          "unavailable",
          `more weights wait to be verified than are kept: ${weights.bytes} ` +
            "bytes; verifying is slower than training",
        );
      }
      const bytes = await read(expected);
      if (bytes === null) {
        return refused("rejected-weights", [
          `the trial's network has ${expected} bytes of weights`,
        ]);
      }
      const sum = createHash("sha256").update(bytes).digest("hex");
      await weights.put(leaseId, Sha256.parse(sum), bytes);
      return done(null);
    },

    async complete({ workerId }, leaseId, { attempt, result, weights: sum }) {
      let trialId: TrialRecord["spec"]["trialId"] | undefined;
      const delivery = {
        result,
        weights: result.outcome === "trained" ? sum ?? null : null,
      };
      const outcome = await onLease(leaseId, (trial, now) => {
        trialId = trial.spec.trialId;
        const reported = trial.attempts
          .find((a) => a.leaseId === leaseId)?.epochs ?? [];
        return {
          type: "complete",
          now,
          leaseId,
          workerId,
          attempt,
          delivery,
          problems: checkResult(trial.spec, result, reported),
          verify: weights === null ? null : {
            weightsHere: sum !== undefined && weights.has(leaseId, sum),
          },
        };
      });
      if (!outcome.ok) return outcome;
      const { value } = outcome;
      if (trialId === undefined) throw new Error("a result without its trial");
      switch (value.type) {
        case "received":
          deps.onDelivered();
          return done({ trialId, verdict: "pending" as const });
        case "accepted":
          return done({ trialId, verdict: "accepted" as const });
        case "refused":
          return refused("rejected-result", value.problems);
        default:
          throw new Error(`no answer to a result: ${value.type}`);
      }
    },

    async release({ workerId }, leaseId, { attempt, reason, message }) {
      const outcome = await onLease(leaseId, (_, now) => ({
        type: "release",
        now,
        leaseId,
        workerId,
        attempt,
        reason,
        message: message ?? null,
      }));
      return outcome.ok ? done(null) : outcome;
    },

    async leave(worker) {
      const { workerId } = worker;
      for (
        const { leaseId, attempt } of await storage.runningLeases(workerId)
      ) {
        await onLease(leaseId, (_, now) => ({
          type: "release",
          now,
          leaseId,
          workerId,
          attempt,
          reason: "leaving",
          message: null,
        }));
      }
      await storage.seen(workerId, { left: true });
    },
  };
}

function directive(outcome: Outcome<Reply>): Outcome<RenewResponse> {
  if (!outcome.ok) return outcome;
  const { value: reply } = outcome;
  switch (reply.type) {
    case "continue":
      return done({ directive: "continue", ttlSeconds: reply.ttl / 1000 });
    case "stop":
      return done({ directive: "stop", reason: reply.reason });
    default:
      throw new Error(`no answer to a renewal: ${reply.type}`);
  }
}

function lease(
  { dataset }: StudyToRun,
  { spec }: TrialRecord,
  { leaseId, attempt, expiresAt, ttl }: RunningAttempt,
  weightsBytes: number | null,
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
      weightsBytes,
    },
  });
}

function none(reason: NoLeaseReason): Outcome<Acquired> {
  return done({ type: "none", reason, retryAfterSeconds: ASK_AGAIN[reason] });
}

function done<T>(value: T): Outcome<T> {
  return { ok: true, value };
}

function refused(
  rejection: Refused["rejection"],
  problems: readonly string[] = [],
): Refused {
  return { ok: false, rejection, problems };
}
