import {
  LeaseId,
  Sha256,
  type StudyId,
  type TrialId,
} from "../../protocol/ids.ts";
import type {
  Lease,
  NoLeaseReason,
  RenewResponse,
} from "../../protocol/lease.ts";
import type { TrialSpec } from "../../protocol/study.ts";
import type { Reply, TrialEvent } from "../lease/events.ts";
import { createPacing } from "../lease/pacing.ts";
import {
  leaseMilliseconds,
  type LeaseTerms,
  type Policy,
} from "../lease/policy.ts";
import { chooseSpeculative, type Newcomer } from "../lease/speculative.ts";
import type { Instant, RunningAttempt, TrialRecord } from "../lease/trial.ts";
import type {
  ClaimRequest,
  Storage,
  WorkerRecord,
  WorkerUpdate,
} from "../storage/storage.ts";
import { checkResult, weightsBytes } from "../verification/check_result.ts";
import type { SharedWeights } from "../storage/weights_store.ts";
import { type Actor, step } from "./effects.ts";
import type { LastSeen } from "./last_seen.ts";
import { sha256OfBytes } from "./sha256.ts";
import type {
  Acquired,
  LeaseCalls,
  Outcome,
  Random,
  Refused,
  StudyToRun,
} from "./service_types.ts";

/** Relative change of speed that is ignored, to avoid a write per lease. */
const SPEED_TOLERANCE = 0.1;

function sameSpeed(before: number | null, now: number | null): boolean {
  if (before === null || now === null) return before === now;
  return Math.abs(now - before) <= SPEED_TOLERANCE * before;
}

export function createLeaseCalls(deps: {
  readonly storage: Storage;
  readonly lastSeen: LastSeen;
  readonly random: Random;
  readonly policy: Policy;
  readonly terms: LeaseTerms;
  readonly actor: Actor;
  readonly study: () => StudyToRun | null;
  /** Null if results are not verified. */
  readonly weights: SharedWeights | null;
  /** Called when a result waits for verification. */
  readonly onDelivered: () => void;
  /** Drops weights without a result, to make room. */
  readonly makeRoom: () => Promise<void>;
}): LeaseCalls {
  const { storage, lastSeen, random, policy, terms, actor, study } = deps;
  const { weights } = deps;
  const stragglers = createStragglers(storage, policy);
  const pacing = createPacing(terms);

  /** Whether the trial belongs to the study that this coordinator leases. */
  function wanted({ planned, spec }: TrialRecord): boolean {
    return planned && spec.studyId === study()?.definition.id;
  }

  function granted(
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
    // Any other answer ends the lease.
    else if (reply.type !== "uploading") pacing.forget(leaseId);
    return done(reply);
  }

  /** The answer to a renewal. */
  async function keep(
    leaseId: LeaseId,
    event: (trial: TrialRecord, now: number) => TrialEvent,
  ): Promise<Outcome<RenewResponse>> {
    const outcome = await onLease(leaseId, event);
    return directive(outcome, pacing.seconds(storage.now()));
  }

  /** Stores the worker's backend and speed if they changed. */
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
      const { id: studyId } = running.definition;
      /** Milliseconds per epoch on this worker, and the length of its lease. */
      const times = ({ recipe }: TrialSpec) => {
        const steps = Math.ceil(running.trainExamples / recipe.batchSize);
        const epochMilliseconds = stepMilliseconds === undefined
          ? null
          : stepMilliseconds * steps;
        const ttl = leaseMilliseconds(terms, epochMilliseconds);
        return { epochMilliseconds, ttl };
      };
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
      const grant = step(({ spec }, now) => ({
        type: "lease",
        now,
        leaseId,
        workerId,
        backend,
        backendDetail,
        ...times(spec),
        pause,
      }), policy);
      let claim = await storage.claim(wish, grant);
      if (claim.type === "all-leased") {
        const now = storage.now();
        const speculative = await stragglers.choose(
          studyId,
          now,
          (spec) => ({ now, workerId, ...times(spec), pause }),
        );
        if (speculative === null) return none("all-leased");
        claim = await storage.claim({ ...wish, speculative }, grant);
        // Since the query, the trial was completed or got a second attempt.
        if (claim.type === "claimed" && !claim.value.ok) {
          return none("all-leased");
        }
      }
      switch (claim.type) {
        case "claimed": {
          actor.act(claim);
          const { value } = claim;
          if (!value.ok || value.reply.type !== "leased") {
            throw new Error(
              "the storage offered a trial that cannot be leased",
            );
          }
          return granted(running, value.trial, value.reply.attempt);
        }
        case "repeated": {
          const attempt = claim.trial.attempts.find((a) =>
            a.leaseId === leaseId
          );
          return attempt?.workerId === workerId && attempt.state === "running"
            ? granted(running, claim.trial, attempt)
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

    async upload({ workerId }, leaseId, { attempt, from: address, read }) {
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
        return refused("rejected-weights", [
          "this coordinator does not verify results",
        ]);
      }
      const request = { leaseId, workerId, address, bytes: expected };
      let room = await weights.reserve(request);
      if (room === null) {
        await deps.makeRoom();
        room = await weights.reserve(request);
      }
      if (room === null) return refused("no-room");
      using _ = room;
      const bytes = await read(expected);
      if (bytes === null) {
        return refused("rejected-weights", [
          `the weights of the trial's network have ${expected} bytes`,
        ]);
      }
      const sum = await sha256OfBytes(bytes);
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
      if (trialId === undefined) {
        throw new Error("a result whose trial is missing");
      }
      switch (value.type) {
        case "received":
          deps.onDelivered();
          return done({ trialId, verdict: "pending" as const });
        case "accepted":
          return done({ trialId, verdict: "accepted" as const });
        case "refused":
          return refused("rejected-result", value.problems);
        default:
          throw new Error(`unexpected reply to a result: ${value.type}`);
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
      lastSeen.forget(workerId);
      await storage.seen(workerId, { left: true });
    },
  };
}

/** Conversion of the lease machine's replies to the protocol. */

/** Seconds until a worker without a trial asks again. */
const ASK_AGAIN: Record<NoLeaseReason, number> = {
  "all-leased": 5,
  "enough-leases": 5,
  "verdicts-pending": 5,
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

/** The answer without a trial. */
export function none(reason: NoLeaseReason): Outcome<Acquired> {
  return done({ type: "none", reason, retryAfterSeconds: ASK_AGAIN[reason] });
}

/** The answer with a leased trial. */
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

/** The answer to continue or stop. */
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
      throw new Error(`unexpected reply to a renewal: ${reply.type}`);
  }
}

/** Most trials to compare: slow ones are among those that started first. */
const LOOK_AT = 50;

/** Finds the best trial for a speculative attempt of an idle worker. */
export interface Stragglers {
  choose(
    studyId: StudyId,
    now: Instant,
    newcomerFor: (spec: TrialSpec) => Newcomer,
  ): Promise<TrialId | null>;
}

/**
 * One query serves all idle workers for a moment: at the end of a large study
 * there are thousands, and each asks every few seconds. The answer is only a
 * suggestion; the lease machine decides with the current state.
 */
export function createStragglers(
  storage: Storage,
  policy: Policy,
): Stragglers {
  let seen: {
    readonly studyId: StudyId;
    readonly at: number;
    trials: readonly TrialRecord[];
  } | null = null;
  return {
    async choose(studyId, now, newcomerFor) {
      if (policy.runningAttempts < 2) return null;
      if (
        seen?.studyId !== studyId || now < seen.at ||
        now - seen.at >= policy.speculativeLook
      ) {
        const trials = await storage.running(studyId, LOOK_AT);
        seen = { studyId, at: now, trials };
      }
      const chosen = chooseSpeculative(seen.trials, newcomerFor, policy);
      // The next idle worker gets another trial.
      seen.trials = seen.trials.filter((t) => t.spec.trialId !== chosen);
      return chosen;
    },
  };
}
