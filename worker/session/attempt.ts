import { messageOf } from "../../protocol/error_text.ts";
import type {
  CompleteResponse,
  Lease,
  RenewResponse,
} from "../../protocol/lease.ts";
import type { EpochMetrics, TrialResult } from "../../protocol/training.ts";
import { type Condition, createCondition } from "./condition.ts";
import { ProblemError } from "./swarm_client.ts";
import type { Connection, WorkerCall } from "./connection.ts";
import type {
  AbandonReason,
  SessionOptions,
  TrainCallbacks,
} from "./session_types.ts";
import type { TrainedTrial } from "../trainer/trainer_api.ts";

/** The outcome of an attempt. */
export type AttemptOutcome =
  | {
    readonly type: "completed";
    readonly result: TrialResult;
    readonly verdict: CompleteResponse["verdict"];
    /** Asks for the verdict again. */
    readonly ask: WorkerCall<CompleteResponse>;
  }
  | {
    readonly type: "abandoned";
    readonly reason: AbandonReason;
    readonly message: string;
  };

export interface AttemptOptions {
  readonly lease: Lease;
  readonly connection: Connection;
  readonly session: Pick<SessionOptions, "client" | "clock" | "random">;
  /** Rejects when the trainer fails. */
  readonly train: (
    callbacks: TrainCallbacks,
    signal: AbortSignal,
  ) => Promise<TrainedTrial | null>;
  readonly callbacks: TrainCallbacks;
  /** Aborted when the session ends. */
  readonly signal: AbortSignal;
  /** Aborted when the last calls of an ending session must stop. */
  readonly farewell: () => AbortSignal;
}

/** How training ended. */
type Training =
  | { readonly type: "running" }
  | { readonly type: "stopped" }
  | { readonly type: "trained"; readonly trial: TrainedTrial }
  | { readonly type: "failed"; readonly message: string };

/**
 * Runs one attempt at a leased trial: trains, renews the lease, reports epochs
 * and delivers the result. An outage does not stop the training; reports wait
 * until the coordinator is back.
 *
 * @throws {StopSessionError} when the session must end.
 * @throws the signal's reason when aborted before there was a result.
 */
export async function runAttempt(
  options: AttemptOptions,
): Promise<AttemptOutcome> {
  const { signal } = options;
  const stop = new AbortController();
  const condition = createCondition(options.session.clock);
  const reports: EpochMetrics[] = [];
  let training: Training = { type: "running" };
  const state = () => training;

  options.train({
    onEpoch: (metrics) => {
      options.callbacks.onEpoch(metrics);
      reports.push(metrics);
      condition.notify();
    },
    onProgress: options.callbacks.onProgress,
  }, AbortSignal.any([signal, stop.signal])).then(
    (trial) => {
      training = trial === null
        ? { type: "stopped" }
        : { type: "trained", trial };
    },
    (error) => {
      training = { type: "failed", message: messageOf(error) };
    },
  ).finally(condition.notify);

  try {
    const lost = await keepLease(options, state, reports, condition)
      .catch((error) => {
        // A finished result is delivered even when the session is ending.
        if (state().type === "trained" && signal.aborted) return null;
        throw error;
      });
    if (lost !== null) stop.abort();
    await condition.until(() => state().type !== "running", signal);
    const end = state();
    switch (end.type) {
      case "trained":
        return await deliver(options, end.trial);
      case "failed":
        return lost ?? await handBack(options, end.message);
      case "running":
      case "stopped":
        signal.throwIfAborted();
        return lost ??
          await handBack(options, "the trainer stopped unexpectedly");
      default:
        return end satisfies never;
    }
  } finally {
    stop.abort();
  }
}

type Abandoned = Extract<AttemptOutcome, { type: "abandoned" }>;

/**
 * Renews the lease and reports epochs, all new ones in one call, until training
 * is over. It calls when there is an epoch and the coordinator's pause is over,
 * and at each heartbeat. Both intervals start at its last call, not at the
 * answer, and the pause is shortened at random by up to a quarter: otherwise
 * all workers that waited for a slow coordinator would call at the same time
 * from then on. A result includes unreported epochs; after a failed training
 * they are reported first. Returns why the lease was lost, or null.
 */
async function keepLease(
  { lease, connection, session, signal }: AttemptOptions,
  training: () => Training,
  reports: EpochMetrics[],
  condition: Condition,
): Promise<Abandoned | null> {
  const { leaseId, attempt } = lease;
  const { client, clock, random } = session;
  let { ttlSeconds, reportAfterSeconds } = lease;
  const trained = () => training().type === "trained";
  const over = () => training().type !== "running";
  const due = () => over() || reports.length > 0;
  let [calledAt, answeredAt] = [clock.now, clock.now];
  while (true) {
    const heartbeat = Math.min(
      ttlSeconds / 3,
      connection.registration().heartbeatSeconds,
    );
    const pause = Math.min(reportAfterSeconds, heartbeat) * 1000 *
      (1 - random() / 4);
    // A slow coordinator still gets a pause between calls.
    const from = Math.max(calledAt, answeredAt - pause / 2);
    const until = (wait: number) => from + wait - clock.now;
    await condition.within(until(pause), over, signal);
    await condition.within(until(heartbeat * 1000), due, signal);
    if (trained() || over() && reports.length === 0) return null;
    let said = 0;
    const needless = new AbortController();
    let reply: RenewResponse;
    try {
      reply = await connection.send(
        (token, signal) => {
          // After several tries there may be newer epochs to report.
          if (trained()) needless.abort();
          signal.throwIfAborted();
          calledAt = clock.now;
          said = reports.length;
          return said === 0
            ? client.renew(token, leaseId, { attempt }, signal)
            : client.report(
              token,
              leaseId,
              { attempt, epochs: reports.slice() },
              signal,
            );
        },
        AbortSignal.any([signal, needless.signal]),
      );
    } catch (error) {
      signal.throwIfAborted();
      if (needless.signal.aborted) return null;
      if (!(error instanceof ProblemError)) throw error;
      return { type: "abandoned", ...whyLost(error) };
    }
    answeredAt = clock.now;
    reports.splice(0, said);
    switch (reply.directive) {
      case "continue":
        ({ ttlSeconds, reportAfterSeconds } = reply);
        break;
      case "stop":
        return {
          type: "abandoned",
          reason: reply.reason,
          message: reply.reason === "trial-completed"
            ? "another worker's result was accepted"
            : "the study was stopped",
        };
      default:
        return reply satisfies never;
    }
  }
}

/** Uploads of weights that may be lost before the attempt is abandoned. */
const MOST_UPLOADS = 3;

/** Delivers a result, even late; once more if the session ends meanwhile. */
async function deliver(
  { lease, connection, session, signal, farewell }: AttemptOptions,
  { result, weights }: TrainedTrial,
): Promise<AttemptOutcome> {
  const { leaseId, attempt, weightsBytes } = lease;
  const { client } = session;
  const wanted = weightsBytes === null ? null : weights;
  const request = wanted === null
    ? { attempt, result }
    : { attempt, result, weights: wanted.sha256 };
  const complete: WorkerCall<CompleteResponse> = (token, signal) =>
    client.complete(token, leaseId, request, signal);
  const say = async <Answer>(call: WorkerCall<Answer>): Promise<Answer> => {
    try {
      return await connection.send(call, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      return await call(connection.registration().token, farewell());
    }
  };
  for (let uploads = 1;; uploads++) {
    try {
      if (wanted !== null) {
        const { bytes } = wanted;
        await say((token, signal) =>
          client.uploadWeights(token, leaseId, { attempt, bytes }, signal)
        );
      }
      const { verdict } = await say(complete);
      return { type: "completed", result, verdict, ask: complete };
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      const lost = error.problem.type === "missing-weights";
      if (lost && wanted !== null && uploads < MOST_UPLOADS) continue;
      return { type: "abandoned", ...whyLost(error) };
    }
  }
}

/** Releases a trial that could not be trained on this device. */
async function handBack(
  { lease, connection, session, signal }: AttemptOptions,
  why: string,
): Promise<AttemptOutcome> {
  const { leaseId, attempt } = lease;
  const message = why.slice(0, 1000);
  try {
    await connection.send(
      (token, signal) =>
        session.client.release(
          token,
          leaseId,
          { attempt, reason: "failed", message },
          signal,
        ),
      signal,
    );
  } catch (error) {
    // Another worker has it already, so nothing is left to release.
    if (!(error instanceof ProblemError)) throw error;
  }
  return { type: "abandoned", reason: "trainer-failed", message };
}

/** The reason for which the coordinator's refusal ends an attempt. */
export function whyLost(
  error: ProblemError,
): { readonly reason: AbandonReason; readonly message: string } {
  const { type, detail } = error.problem;
  switch (type) {
    case "trial-completed":
      return { reason: "trial-completed", message: detail };
    case "rejected-result":
    case "rejected-weights":
    case "conflicting-result":
      return { reason: "result-refused", message: detail };
    default:
      return { reason: "lease-lost", message: detail };
  }
}
