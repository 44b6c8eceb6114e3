import { createHash } from "node:crypto";
import { LeaseId, Sha256 } from "../protocol/ids.ts";
import type { RenewResponse } from "../protocol/swarm.ts";
import {
  type ClaimRequest,
  type Storage,
  StorageError,
  type WorkerRecord,
  type WorkerUpdate,
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
  StudyToRun,
} from "./calls.ts";
import { directive, done, leased, none, refused } from "./lease_answers.ts";
import { leaseMilliseconds, type LeaseTerms } from "./lease_terms.ts";
import { createPacing } from "./pacing.ts";
import type { Policy } from "./policy.ts";
import type { Sightings } from "./sightings.ts";
import { step } from "./step.ts";
import { createStragglers } from "./stragglers.ts";
import type { RunningAttempt, TrialRecord } from "./trial.ts";
import type { Reply, TrialEvent } from "./trial_event.ts";

/**
 * Bytes of weights that wait to be verified at most: a thousand of the seed's
 * trials. Above, workers are asked to wait.
 */
const MOST_WEIGHTS = 1 << 30;

/** Speeds closer than this are one: each lease would be a write otherwise. */
const SPEED_TOLERANCE = 0.1;

function sameSpeed(before: number | null, now: number | null): boolean {
  if (before === null || now === null) return before === now;
  return Math.abs(now - before) <= SPEED_TOLERANCE * before;
}

export function createLeaseCalls(deps: {
  readonly storage: Storage;
  readonly sightings: Sightings;
  readonly random: Random;
  readonly policy: Policy;
  readonly terms: LeaseTerms;
  readonly actor: Actor;
  readonly study: () => StudyToRun | null;
  /** Null: results count without being verified. */
  readonly weights: WeightsStore | null;
  readonly mostWeights?: number;
  /** Told that a result waits to be verified. */
  readonly onDelivered: () => void;
  /** Asked to let go of weights that nobody waits for. */
  readonly makeRoom: () => Promise<void>;
}): LeaseCalls {
  const { storage, sightings, random, policy, terms, actor, study } = deps;
  const { weights, mostWeights = MOST_WEIGHTS } = deps;
  const stragglers = createStragglers(storage, policy);
  const pacing = createPacing(terms);

  /** Whether this coordinator still leases out what the trial belongs to. */
  function wanted({ planned, spec }: TrialRecord): boolean {
    return planned && spec.studyId === study()?.definition.id;
  }

  function lent(
    running: StudyToRun,
    trial: TrialRecord,
    attempt: RunningAttempt,
  ): Outcome<Acquired> {
    const now = storage.now();
    pacing.note(attempt.leaseId, now);
    return leased(running, trial, attempt, {
      weightsBytes: weights === null
        ? null
        : weightsBytes(trial.spec.recipe, running.dataset),
      reportAfterSeconds: pacing.seconds(now),
    });
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
    if (!value.ok) return refused(value.rejection);
    const { reply } = value;
    if (reply.type === "continue") pacing.note(leaseId, storage.now());
    // Any other answer is the lease's last.
    else if (reply.type !== "uploading") pacing.forget(leaseId);
    return done(reply);
  }

  /** The answer to who keeps a lease. */
  async function keep(
    leaseId: LeaseId,
    event: (trial: TrialRecord, now: number) => TrialEvent,
  ): Promise<Outcome<RenewResponse>> {
    const outcome = await onLease(leaseId, event);
    return directive(outcome, pacing.seconds(storage.now()));
  }

  /** What the worker says it trains on, stored where it is news. */
  async function noteBackend(
    worker: WorkerRecord,
    said: NonNullable<WorkerUpdate["backend"]>,
  ): Promise<void> {
    const { backend, backendDetail, stepMilliseconds } = worker;
    if (
      backend === said.name && backendDetail === said.detail &&
      sameSpeed(stepMilliseconds, said.stepMilliseconds)
    ) return;
    await storage.seen(worker.workerId, { left: false, backend: said });
  }

  return {
    async acquire(worker, request) {
      const { backend, stepMilliseconds } = request;
      const backendDetail = request.backendDetail ?? null;
      const running = study();
      if (running === null) return none("no-study");
      await noteBackend(worker, {
        name: backend,
        detail: backendDetail,
        stepMilliseconds: stepMilliseconds ?? null,
      });
      const { recipe, id: studyId } = running.definition;
      const steps = Math.ceil(running.trainExamples / recipe.batchSize);
      const epochMilliseconds = stepMilliseconds === undefined
        ? null
        : stepMilliseconds * steps;
      const ttl = leaseMilliseconds(terms, epochMilliseconds);
      const leaseId = request.leaseId ?? LeaseId.parse(random.uuid());
      const { workerId, threads: maxLeases } = worker;
      const wish: ClaimRequest = {
        studyId,
        workerId,
        leaseId,
        maxLeases,
        maxFailures: policy.failuresPerWorker,
      };
      const pause = pacing.seconds(storage.now()) * 1000;
      const lend = step((_, now) => ({
        type: "lease",
        now,
        leaseId,
        workerId,
        backend,
        backendDetail,
        ttl,
        epochMilliseconds,
        pause,
      }), policy);
      let claim = await storage.claim(wish, lend);
      if (claim.type === "all-leased") {
        const backup = await stragglers.choose(studyId, {
          now: storage.now(),
          workerId,
          ttl,
          epochMilliseconds,
          pause,
        });
        if (backup === null) return none("all-leased");
        claim = await storage.claim({ ...wish, backup }, lend);
        // Done, or backed up by somebody else, since it was looked at.
        if (claim.type === "claimed" && !claim.value.ok) {
          return none("all-leased");
        }
      }
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

    renew: ({ workerId }, leaseId, { attempt }) =>
      keep(leaseId, (trial, now) => ({
        type: "renew",
        now,
        leaseId,
        workerId,
        attempt,
        wanted: wanted(trial),
      })),

    report: ({ workerId }, leaseId, { attempt, epochs }) =>
      keep(leaseId, (trial, now) => ({
        type: "report",
        now,
        leaseId,
        workerId,
        attempt,
        epochs,
        wanted: wanted(trial),
      })),

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
      let kept = await weights.bytes();
      if (kept + expected > mostWeights) {
        await deps.makeRoom();
        kept = await weights.bytes();
      }
      if (kept + expected > mostWeights) {
        throw new StorageError(
          "unavailable",
          `more weights wait to be verified than are kept: ${kept} ` +
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
      const weightsHere = sum !== undefined && weights !== null &&
        await weights.has(leaseId, sum);
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
          verify: weights === null ? null : { weightsHere },
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
      sightings.forget(workerId);
      await storage.seen(workerId, { left: true });
    },
  };
}
