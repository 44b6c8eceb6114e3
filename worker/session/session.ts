import { messageOf } from "../../protocol/error_text.ts";
import { LeaseId, type TrialId } from "../../protocol/ids.ts";
import type { DatasetManifest } from "../../protocol/study.ts";
import type { Lease } from "../../protocol/lease.ts";
import type { BackendName } from "../../protocol/training.ts";
import { type AttemptOutcome, runAttempt, whyLost } from "./attempt.ts";
import { ProblemError, UnreachableError } from "./swarm_client.ts";
import { connect, type Connection } from "./connection.ts";
import {
  createTrainerSupervisor,
  type TrainerSupervisor,
} from "./trainer_supervisor.ts";
import { sessionFailure, StopSessionError } from "./failure.ts";
import type { SessionEnd, SessionOptions } from "./session_types.ts";

/** Seconds until leaving stops waiting for the coordinator's answer. */
const FAREWELL_SECONDS = 5;
/** Seconds between checks for a study. */
const NO_STUDY_SECONDS = 30;
/** Consecutive refused results that end the session: a faulty device. */
const MOST_REFUSED = 3;

/** Seconds between requests for a verdict, doubling from first to last. */
const FIRST_QUESTION = 2;
const LAST_QUESTION = 30;

/** State shared by the threads of a session. */
interface Swarm {
  readonly options: SessionOptions;
  readonly connection: Connection;
  /** Aborted when the session ends, for any reason. */
  readonly signal: AbortSignal;
  readonly farewell: () => AbortSignal;
  /** Data set of the study that was active when the worker registered. */
  readonly dataset: DatasetManifest;
  /** One entry for each failure. */
  readonly failedBackends: BackendName[];
  /** Consecutive refused results, over all threads. */
  refused: number;
  /** Ends the session. */
  readonly fail: (error: unknown) => void;
}

/**
 * Runs a worker: it registers, then each thread leases, trains, reports and
 * completes trials until the user leaves, the study is complete, or a permanent
 * error occurs. Pure: time, random numbers, ids, coordinator and trainers are
 * arguments, and progress is reported as events. Never rejects.
 */
export async function runSession(options: SessionOptions): Promise<SessionEnd> {
  const { client, clock, onEvent, signal: leaving } = options;
  const ending = new AbortController();
  const signal = AbortSignal.any([leaving, ending.signal]);
  const farewell = lazyTimeLimit(FAREWELL_SECONDS, clock);

  let connection: Connection | undefined;
  /** Only the first reason counts. */
  let failure: { readonly error: unknown } | undefined;
  let end: SessionEnd = { reason: "study-complete" };
  try {
    connection = await connect(options, signal);
    const dataset = await awaitStudy(connection, options, signal);
    const swarm: Swarm = {
      options,
      connection,
      signal,
      farewell: farewell.signal,
      dataset,
      failedBackends: [],
      refused: 0,
      fail: (error) => {
        failure ??= { error };
        ending.abort(error);
      },
    };
    await runSlots(swarm);
    if (failure !== undefined) throw failure.error;
  } catch (error) {
    // Errors caused by leaving or by the first failure are not reported.
    end = leaving.aborted ? { reason: "left" } : {
      reason: "failed",
      failure: sessionFailure(error),
      message: messageOf(error),
    };
  }
  // Stops waiting for verdicts.
  ending.abort(new Error("the session ended"));
  if (connection !== undefined) {
    const { token } = connection.registration();
    // If this call is lost, the leases expire.
    await client.leave(token, farewell.signal()).catch(() => {});
  }
  farewell.cancel();
  onEvent({ type: "stopped", end });
  return end;
}

/** Runs all threads to their end; the first failure ends the others. */
async function runSlots(swarm: Swarm): Promise<void> {
  const { threads } = swarm.options.worker;
  await Promise.all(
    Array.from({ length: threads }, async (_, slot) => {
      try {
        await runSlot(swarm, slot);
      } catch (error) {
        swarm.fail(error);
      }
    }),
  );
}

async function awaitStudy(
  connection: Connection,
  { onEvent, clock }: SessionOptions,
  signal: AbortSignal,
): Promise<DatasetManifest> {
  while (true) {
    const { dataset } = connection.registration();
    if (dataset !== null) return dataset;
    onEvent({
      type: "waiting",
      slot: 0,
      reason: "no-study",
      seconds: NO_STUDY_SECONDS,
    });
    await clock.sleep(NO_STUDY_SECONDS * 1000, signal);
    await connection.rejoin(signal);
  }
}

/** One thread: lease after lease. Returns when the study is complete. */
async function runSlot(swarm: Swarm, slot: number): Promise<void> {
  const { options, connection, signal } = swarm;
  const { client, clock, onEvent } = options;
  const { startTrainer } = options;
  const { failedBackends } = swarm;
  const supervisor = createTrainerSupervisor({
    slot,
    startTrainer,
    failedBackends,
    onEvent,
    clock,
    random: options.random,
    waitOut: connection.waitOut,
  });
  let { dataset } = swarm;
  try {
    while (true) {
      signal.throwIfAborted();
      const { report } = await supervisor.trainer(dataset, signal);
      const leaseId = LeaseId.parse(options.newId());
      let answer;
      try {
        answer = await connection.send(
          (token, signal) =>
            client.acquire(token, {
              leaseId,
              backend: report.backend,
              backendDetail: report.backendDetail.slice(0, 200),
              stepMilliseconds: report.stepMilliseconds,
            }, signal),
          signal,
        );
      } catch (error) {
        if (!(error instanceof ProblemError)) throw error;
        // The answer was delayed so long that the lease has already expired.
        await clock.sleep(1000, signal);
        continue;
      }
      if (answer.lease !== null) {
        dataset = answer.lease.dataset;
        await runLease(swarm, slot, supervisor, answer.lease);
        continue;
      }
      const { reason, retryAfterSeconds: seconds } = answer;
      if (reason === "study-complete" && options.exitWhenComplete) return;
      onEvent({ type: "waiting", slot, reason, seconds });
      await clock.sleep(seconds * 1000, signal);
    }
  } finally {
    supervisor.close();
  }
}

async function runLease(
  swarm: Swarm,
  slot: number,
  supervisor: TrainerSupervisor,
  lease: Lease,
): Promise<void> {
  const { options, connection, signal, farewell } = swarm;
  const { onEvent } = options;
  const { trial, attempt } = lease;
  const { trialId } = trial;
  onEvent({ type: "leased", slot, trial, attempt });
  const outcome = await runAttempt({
    lease,
    connection,
    session: options,
    signal,
    farewell,
    train: (callbacks, stop) =>
      supervisor.train(lease.dataset, trial, callbacks, stop),
    callbacks: {
      onEpoch: (metrics) => onEvent({ type: "epoch", slot, trialId, metrics }),
      onProgress: (progress) =>
        onEvent({ type: "progress", slot, trialId, progress }),
    },
  });
  switch (outcome.type) {
    case "completed":
      onEvent({ type: "completed", slot, trial, result: outcome.result });
      if (outcome.verdict === "accepted") swarm.refused = 0;
      else void awaitVerdict(swarm, slot, trialId, outcome.ask);
      return;
    case "abandoned": {
      const { reason, message } = outcome;
      onEvent({ type: "abandoned", slot, trialId, reason, message });
      if (reason === "result-refused") countRefusal(swarm, message);
      return;
    }
    default:
      return outcome satisfies never;
  }
}

function countRefusal(swarm: Swarm, message: string): void {
  swarm.refused++;
  if (swarm.refused < MOST_REFUSED) return;
  throw new StopSessionError(
    `the coordinator refused ${MOST_REFUSED} consecutive results: ${message}`,
    "results-refused",
  );
}

/** Asks for a verdict, less and less often, while threads train. */
async function awaitVerdict(
  swarm: Swarm,
  slot: number,
  trialId: TrialId,
  ask: Extract<AttemptOutcome, { type: "completed" }>["ask"],
): Promise<void> {
  const { options, connection, signal } = swarm;
  try {
    for (let seconds = FIRST_QUESTION;; seconds *= 2) {
      const wait = Math.min(seconds, LAST_QUESTION);
      await options.clock.sleep(wait * 1000, signal);
      const { verdict } = await connection.send(ask, signal);
      if (verdict === "pending") continue;
      swarm.refused = 0;
      return;
    }
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof ProblemError)) return swarm.fail(error);
    const { reason, message } = whyLost(error);
    options.onEvent({ type: "refused", slot, trialId, message });
    try {
      if (reason === "result-refused") countRefusal(swarm, message);
    } catch (stop) {
      swarm.fail(stop);
    }
  }
}

/** A time limit that starts at the first use of its signal. */
function lazyTimeLimit(
  seconds: number,
  clock: SessionOptions["clock"],
): { readonly signal: () => AbortSignal; readonly cancel: () => void } {
  const limit = new AbortController();
  let started = false;
  return {
    signal: () => {
      if (!started) {
        started = true;
        clock.sleep(seconds * 1000, limit.signal).then(
          () => limit.abort(new UnreachableError("no answer in time")),
          () => {},
        );
      }
      return limit.signal;
    },
    cancel: () => limit.abort(),
  };
}
