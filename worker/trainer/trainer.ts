import * as Comlink from "comlink";
import type { Recipe } from "../../protocol/study.ts";
import {
  type BackendName,
  EpochMetrics,
  TrialResult,
} from "../../protocol/training.ts";
import type { Dataset } from "../data/dataset.ts";
import {
  CannotTrainError,
  TrainerError,
  type TrainerFailure,
} from "../session/failure.ts";
import type { Trainer } from "../session/session_types.ts";
import { checkTraining } from "./memory.ts";
import {
  EVALUATION_BATCH,
  MEASURED_STEP,
  type TrainedTrial,
  type TrainerApi,
  type TrainerEvents,
  type TrainerStart,
} from "./trainer_api.ts";

/** The thread ended, failed, or sent impossible values. */
export class TrainerDiedError extends TrainerError {
  override readonly name = "TrainerDiedError";

  constructor(message: string, failure: TrainerFailure = "died") {
    super(message, failure);
  }
}

/** The thread does not respond. */
export class TrainerStuckError extends TrainerError {
  override readonly name = "TrainerStuckError";

  constructor(
    message: string,
    /** The backend that it was measuring when it stopped responding. */
    readonly measuring: BackendName | null = null,
  ) {
    super(message, "stuck");
  }
}

export interface TrainerOptions extends TrainerStart {
  /** Makes a worker that runs `trainer_thread.ts`. */
  readonly spawn: () => Worker;
  readonly dataset: Dataset;
  /** Memory that the thread may take, beside the data set. Default: any. */
  readonly memoryBytes?: number;
  /** Time limit for starting and for measuring each backend. Default 90. */
  readonly startSeconds?: number;
  /**
   * A training thread counts as stuck after a silence of this many expected
   * step times, but at least `stuckSeconds`. Default 30 and 60.
   */
  readonly stuckSteps?: number;
  readonly stuckSeconds?: number;
  /** Time limit for stopping a training. Default 10. */
  readonly stopSeconds?: number;
}

/** A trainer thread as its host uses it. */
export interface TrainerThread extends Trainer {
  /** The memory that tfjs uses in the thread. */
  memory(): Promise<{ readonly tensors: number; readonly bytes: number }>;
}

const MEMORY_SECONDS = 30;

/**
 * Starts a trainer thread. Comlink's calls never settle if the thread dies, so
 * each one races with the thread's end and with a deadline. A thread that is
 * closed, dead or stuck is terminated.
 *
 * @throws {CannotTrainError} if the chosen backend, or every one, is unusable.
 * @throws {TooLargeError} if it needs more memory than it may take.
 * @throws {TrainerDiedError} or {TrainerStuckError} if the start fails.
 * @throws the signal's reason when aborted before it was ready.
 */
export async function startTrainer(
  options: TrainerOptions,
  signal: AbortSignal,
): Promise<TrainerThread> {
  signal.throwIfAborted();
  const { dataset, choice, avoid, files } = options;
  const { startSeconds = 90, stopSeconds = 10 } = options;
  const { stuckSteps = 30, stuckSeconds = 60 } = options;
  const { memoryBytes = Infinity } = options;
  const shape = {
    pixels: dataset.train.images.size,
    classes: dataset.classes,
    images: Math.max(dataset.train.images.count, dataset.test.images.count),
  };
  checkTraining(shape, memoryBytes);
  const worker = options.spawn();
  const life = lifeOf(worker);
  const api = Comlink.wrap<TrainerApi>(worker);
  let listener: Partial<TrainerEvents> = {};
  // One channel for the thread's lifetime: one per trial would accumulate.
  const events = Comlink.proxy<TrainerEvents>({
    onMeasuring: (backend) => listener.onMeasuring?.(backend),
    onEpoch: (metrics) => listener.onEpoch?.(metrics),
    onProgress: (progress) => listener.onProgress?.(progress),
  });

  const start = async () => {
    let measuring: BackendName | null = null;
    const deadline = startDeadline(startSeconds, () =>
      new TrainerStuckError(
        `the trainer thread did not start within ${startSeconds} s` +
          (measuring === null ? "" : `; it hangs on backend ${measuring}`),
        measuring,
      ));
    listener = {
      onMeasuring(backend) {
        measuring = backend;
        deadline.postpone();
      },
    };
    const abort = () => life.end(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    try {
      return await life.during(Promise.race([
        api.start(dataset, { choice, avoid, files }, events),
        deadline.passed,
      ]));
    } finally {
      deadline.cancel();
      signal.removeEventListener("abort", abort);
    }
  };

  try {
    const report = await start();
    return {
      report,
      async train(spec, callbacks, stop) {
        if (stop.aborted) return null;
        checkTraining(shape, memoryBytes, spec.recipe);
        const silence = stuckSteps *
          longestStep(spec.recipe, shape, report.stepMilliseconds) / 1000;
        const seconds = Math.max(stuckSeconds, silence);
        const deadline = startDeadline(
          seconds,
          () =>
            new TrainerStuckError(
              stop.aborted
                ? `the trainer thread did not stop within ${stopSeconds} s`
                : "the trainer thread is stuck: no step in " +
                  `${Math.round(seconds)} s`,
            ),
        );
        const broken = Promise.withResolvers<never>();
        broken.promise.catch(() => {});
        listener = {
          onEpoch(metrics) {
            if (stop.aborted) return;
            deadline.postpone();
            const parsed = EpochMetrics.safeParse(metrics);
            if (parsed.success) callbacks.onEpoch(parsed.data);
            else broken.reject(impossible("an epoch's figures", parsed.error));
          },
          onProgress(progress) {
            if (stop.aborted) return;
            deadline.postpone();
            callbacks.onProgress(progress);
          },
        };
        const onStop = () => {
          void api.stop();
          deadline.postpone(stopSeconds);
        };
        stop.addEventListener("abort", onStop, { once: true });
        try {
          const result = await life.during(Promise.race([
            api.train(spec),
            broken.promise,
            deadline.passed,
          ]));
          return result === null ? null : checked(result);
        } catch (error) {
          // Comlink carries an error's name and message across, not its class.
          if (error instanceof Error && error.name === "DeviceError") {
            throw new TrainerError(error.message, "device");
          }
          throw error;
        } finally {
          stop.removeEventListener("abort", onStop);
          deadline.cancel();
          listener = {};
        }
      },
      async memory() {
        const deadline = startDeadline(
          MEMORY_SECONDS,
          () => new TrainerStuckError("the trainer thread does not answer"),
        );
        try {
          return await life.during(
            Promise.race([api.memory(), deadline.passed]),
          );
        } finally {
          deadline.cancel();
        }
      },
      close: () => life.end(new TrainerDiedError("the trainer was closed")),
    };
  } catch (error) {
    life.end(error);
    signal.throwIfAborted();
    if (error instanceof Error && error.name === "BackendError") {
      throw new CannotTrainError(error.message);
    }
    throw error;
  }
}

/** Values from a thread are validated like any other input. */
function checked({ result, weights }: TrainedTrial): TrainedTrial {
  const parsed = TrialResult.safeParse(result);
  if (parsed.success) return { result: parsed.data, weights };
  throw impossible("a result", parsed.error);
}

function impossible(what: string, error: Error): TrainerDiedError {
  return new TrainerDiedError(
    `the trainer thread computed ${what} with impossible values: ${error.message}`,
    "impossible",
  );
}

/** The lifetime of a worker thread, which ends once. */
interface Life {
  /**
   * Settles like the promise, or rejects with the reason if the thread ends
   * first. `Promise.race` with a promise that stays pending for the whole
   * lifetime would keep each call's result, including weights, in memory.
   */
  during<T>(call: Promise<T>): Promise<T>;
  /** Ends it. */
  end(reason: unknown): void;
}

function lifeOf(worker: Worker): Life {
  const waiting = new Set<(reason: unknown) => void>();
  let ended: { readonly reason: unknown } | null = null;
  const end = (reason: unknown) => {
    worker.terminate();
    ended ??= { reason };
    for (const reject of waiting) reject(ended.reason);
  };
  worker.addEventListener("error", (event) => {
    // An unhandled error would end the whole process.
    event.preventDefault();
    end(new TrainerDiedError(`the trainer thread died: ${event.message}`));
  });
  worker.addEventListener("messageerror", () => {
    end(new TrainerDiedError("the trainer thread sent an unreadable message"));
  });
  return {
    during: (call) =>
      new Promise((resolve, reject) => {
        if (ended !== null) return reject(ended.reason);
        waiting.add(reject);
        call.then(resolve, reject).finally(() => waiting.delete(reject));
      }),
    end,
  };
}

/** Calls a function repeatedly until cancelled. */
export type Repeat = (
  action: () => void,
  milliseconds: number,
) => () => void;

const repeatInTime: Repeat = (action, milliseconds) => {
  const timer = setInterval(action, milliseconds);
  return () => clearInterval(timer);
};

/** A time limit that can be extended. */
export interface Deadline {
  /** Rejects when the time is over; never resolves. */
  readonly passed: Promise<never>;
  /** Restarts the time, with this many seconds or as many as before. */
  postpone(seconds?: number): void;
  cancel(): void;
}

/** Number of parts that a deadline is divided into. */
const PARTS = 10;

/**
 * A deadline that counts time in parts: a laptop that sleeps for a night loses
 * one part, not the whole time.
 */
export function startDeadline(
  seconds: number,
  error: () => Error,
  repeat: Repeat = repeatInTime,
): Deadline {
  const { promise, reject } = Promise.withResolvers<never>();
  // Prevents an unhandled rejection if nobody waits any more.
  promise.catch(() => {});
  let left = PARTS;
  const begin = (seconds: number) =>
    repeat(() => {
      left--;
      if (left > 0) return;
      cancel();
      reject(error());
    }, seconds * 1000 / PARTS);
  let cancel = begin(seconds);
  return {
    passed: promise,
    postpone(seconds) {
      left = PARTS;
      if (seconds === undefined) return;
      cancel();
      cancel = begin(seconds);
    },
    cancel: () => cancel(),
  };
}

/** Upper bound of other networks' step times, relative to the fused one. */
const SLOWER_NETWORK = 10;

/**
 * An upper estimate, from the measured step, of the milliseconds between two
 * messages of a thread that trains `recipe` on images of `pixels`.
 */
export function longestStep(
  { hiddenSizes, batchSize, network }: Recipe,
  { pixels, classes }: { pixels: number; classes: number },
  stepMilliseconds: number,
): number {
  const work = ([first, second]: readonly [number, number]) =>
    pixels * first + first * second + second * classes;
  const size = work(hiddenSizes) / work(MEASURED_STEP.hiddenSizes);
  const batch = Math.max(batchSize, EVALUATION_BATCH) / MEASURED_STEP.batchSize;
  const slower = network === "fused" ? 1 : SLOWER_NETWORK;
  return stepMilliseconds * Math.max(1, size) * batch * slower;
}
