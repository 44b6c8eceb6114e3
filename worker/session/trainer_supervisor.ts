import { messageOf } from "../../protocol/error_text.ts";
import type { DatasetManifest, TrialSpec } from "../../protocol/study.ts";
import type { BackendName } from "../../protocol/training.ts";
import {
  backoffSeconds,
  ProblemError,
  remedyFor,
  UnreachableError,
} from "./swarm_client.ts";
import type { Connection } from "./connection.ts";
import {
  CannotTrainError,
  StopSessionError,
  TrainerError,
  trainerFailure,
  UnusableDataError,
} from "./failure.ts";
import type {
  SessionOptions,
  TrainCallbacks,
  Trainer,
} from "./session_types.ts";
import type { TrainedTrial } from "../trainer/trainer_api.ts";

/**
 * Consecutive failures of a thread that end the session. A worker no longer
 * gets a trial that failed three times on it, so a single bad trial cannot
 * reach this number.
 */
const MOST_FAILURES = 5;

/** The trainers of one thread, one after the other. */
export interface TrainerSupervisor {
  /** Starts a trainer if there is none on this data set. */
  trainer(dataset: DatasetManifest, signal: AbortSignal): Promise<Trainer>;
  /** Trains on it. After a failure the next call starts another trainer. */
  train(
    dataset: DatasetManifest,
    spec: TrialSpec,
    callbacks: TrainCallbacks,
    signal: AbortSignal,
  ): Promise<TrainedTrial | null>;
  close(): void;
}

export interface TrainerSupervisorOptions
  extends
    Pick<SessionOptions, "startTrainer" | "onEvent" | "clock" | "random"> {
  readonly slot: number;
  readonly waitOut: Connection["waitOut"];
  /** Shared by all supervisors of a session, which add to it. */
  readonly failedBackends: BackendName[];
}

/**
 * A thread's trainers, one at a time. Calls throw a {@link StopSessionError}
 * after several consecutive failures, and a {@link CannotTrainError} if no
 * trainer can be started.
 */
export function createTrainerSupervisor(
  options: TrainerSupervisorOptions,
): TrainerSupervisor {
  const { slot, onEvent, failedBackends } = options;
  let current: { trainer: Trainer; dataset: string } | null = null;
  let failures = 0;
  let lastFailure = "";
  let tooLarge = false;

  const close = () => {
    current?.trainer.close();
    current = null;
  };
  const failed = (error: unknown) => {
    failures++;
    lastFailure = messageOf(error);
    const failure = trainerFailure(error);
    tooLarge = failure === "memory";
    onEvent({ type: "trainer-failed", slot, failure, message: lastFailure });
  };

  const checkFailures = () => {
    if (failures < MOST_FAILURES) return;
    throw tooLarge
      ? new StopSessionError(lastFailure, "memory")
      : new StopSessionError(
        `the trainer failed ${failures} times in a row: ${lastFailure}`,
        "trainers-failed",
      );
  };

  /** Only loading the data makes a call: the coordinator refused it. */
  const awaitData = async (
    error: ProblemError,
    outages: number,
    signal: AbortSignal,
  ) => {
    const remedy = remedyFor(error);
    if (remedy.do !== "retry") throw badData(error.problem.detail);
    const { clock, random } = options;
    const seconds = backoffSeconds(outages, remedy.afterSeconds, random);
    onEvent({ type: "waiting", slot, reason: "no-data", seconds });
    await clock.sleep(seconds * 1000, signal);
  };

  const start = async (dataset: DatasetManifest, signal: AbortSignal) => {
    for (let outages = 1;;) {
      checkFailures();
      try {
        return await options.startTrainer(
          { slot, dataset, failedBackends },
          signal,
        );
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof CannotTrainError) throw error;
        if (error instanceof UnreachableError) {
          // The data could not be loaded during the outage.
          await options.waitOut(error, outages++, signal);
          continue;
        }
        if (error instanceof ProblemError) {
          await awaitData(error, outages++, signal);
          continue;
        }
        if (error instanceof UnusableDataError) throw badData(error.message);
        if (error instanceof TrainerError && error.failure === "memory") {
          throw new StopSessionError(error.message, "memory");
        }
        failed(error);
      }
    }
  };

  const trainer: TrainerSupervisor["trainer"] = async (dataset, signal) => {
    checkFailures();
    const content = contentOf(dataset);
    if (current?.dataset === content) return current.trainer;
    close();
    const trainer = await start(dataset, signal);
    current = { trainer, dataset: content };
    onEvent({ type: "trainer-ready", slot, report: trainer.report });
    return trainer;
  };

  const train: TrainerSupervisor["train"] = async (
    dataset,
    spec,
    callbacks,
    signal,
  ) => {
    const able = await trainer(dataset, signal);
    try {
      const result = await able.train(spec, callbacks, signal);
      if (result !== null) failures = 0;
      return result;
    } catch (error) {
      if (trainerFailure(error) !== "memory") {
        close();
        signal.throwIfAborted();
        failedBackends.push(able.report.backend);
      }
      failed(error);
      throw error;
    }
  };

  return { trainer, train, close };
}

function badData(why: string): StopSessionError {
  return new StopSessionError(
    `the coordinator's data cannot be trained on, which this device cannot ` +
      `mend: ${why}; tell the host of the study`,
    "data",
  );
}

/** Identifies a data set by its bytes. */
function contentOf({ files, classes }: DatasetManifest): string {
  const { trainImages, trainLabels, testImages, testLabels } = files;
  const sums = [trainImages, trainLabels, testImages, testLabels]
    .map(({ sha256 }) => sha256);
  return [classes, ...sums].join();
}
