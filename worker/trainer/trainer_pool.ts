import type { DatasetManifest } from "../../protocol/study.ts";
import {
  type BackendChoice,
  type BackendName,
  backends,
} from "../../protocol/training.ts";
import type { Dataset } from "../data/dataset.ts";
import { DamagedDataError } from "../data/fetch_dataset.ts";
import { IdxError } from "../data/idx.ts";
import { CannotTrainError, UnusableDataError } from "../session/failure.ts";
import type { StartTrainer, TrainerRequest } from "../session/session_types.ts";
import {
  startTrainer,
  type TrainerOptions,
  TrainerStuckError,
  type TrainerThread,
} from "./trainer.ts";
import { checkDataset, type MemoryLimits, trainingLimit } from "./memory.ts";
import type { BackendFiles, BackendMeasurement } from "./trainer_api.ts";

export interface TrainerPoolOptions {
  /** Makes a worker that runs `trainer_thread.ts`. */
  readonly spawn: () => Worker;
  readonly choice: BackendChoice;
  /** Called once, for the first thread. */
  readonly files: () => Promise<BackendFiles>;
  readonly loadDataset: (
    manifest: DatasetManifest,
    signal: AbortSignal,
  ) => Promise<Dataset>;
  /** Asked at each use, because a page may join again. Default: no limits. */
  readonly memory?: () => MemoryLimits;
  /** Default: {@link startTrainer}. */
  readonly start?: (
    options: TrainerOptions,
    signal: AbortSignal,
  ) => Promise<TrainerThread>;
}

/** The backend that `auto` chose, and its measurements. */
interface Choice {
  readonly backend: BackendName;
  readonly measurements: readonly BackendMeasurement[];
}

/**
 * Starts the trainers of one page or process. They share the data set and the
 * choice of `auto`: one thread measures while the others wait, so that they do
 * not disturb it. That thread is then ended, which frees the memory of the
 * slower backends. A backend that failed is not chosen again.
 */
export function createTrainerPool(options: TrainerPoolOptions): StartTrainer {
  const { spawn, choice, memory, start = startTrainer } = options;
  let files: Promise<BackendFiles> | undefined;
  const dataset = oneAtATime(
    async (manifest: DatasetManifest, signal: AbortSignal) => {
      if (memory !== undefined) checkDataset(manifest, memory());
      try {
        return await options.loadDataset(manifest, signal);
      } catch (error) {
        if (error instanceof DamagedDataError || error instanceof IdxError) {
          throw new UnusableDataError(error.message);
        }
        throw error;
      }
    },
    ({ files }) => Object.values(files).map(({ sha256 }) => sha256).join(),
  );
  /**
   * Backends that hung, failed to start after the measurement, or failed in
   * training, in this or an earlier session of the page.
   */
  const unusable = new Set<BackendName>();

  const thread = async (
    dataset: Dataset,
    choice: BackendChoice,
    avoid: readonly BackendName[],
    signal: AbortSignal,
  ) => {
    files ??= options.files();
    const where = await files;
    const memoryBytes = memory && trainingLimit(dataset, memory());
    return await start(
      {
        ...{ spawn, dataset, choice, avoid, files: where },
        ...memoryBytes !== undefined && { memoryBytes },
      },
      signal,
    );
  };

  const measure = oneAtATime(
    async (
      { dataset, avoid }: { dataset: Dataset; avoid: readonly BackendName[] },
      signal: AbortSignal,
    ): Promise<Choice> => {
      const prober = await thread(dataset, "auto", avoid, signal);
      prober.close();
      const { backend, measurements } = prober.report;
      return { backend, measurements };
    },
    ({ avoid }) => avoid.join(),
  );

  const startFastest = async (
    request: TrainerRequest,
    dataset: Dataset,
    signal: AbortSignal,
  ): Promise<TrainerThread> => {
    for (const backend of demoted(request)) unusable.add(backend);
    while (true) {
      const avoid = [...unusable].sort();
      let chosen: Choice;
      try {
        chosen = await measure({ dataset, avoid }, signal);
      } catch (error) {
        const hung = error instanceof TrainerStuckError
          ? error.measuring
          : null;
        if (hung === null || unusable.has(hung)) throw error;
        unusable.add(hung);
        continue;
      }
      try {
        const started = await thread(dataset, chosen.backend, [], signal);
        const { measurements } = chosen;
        return { ...started, report: { ...started.report, measurements } };
      } catch (error) {
        // The backend was measured, but a GPU may support only a few threads.
        if (!(error instanceof CannotTrainError)) throw error;
        if (unusable.has(chosen.backend)) throw error;
        unusable.add(chosen.backend);
      }
    }
  };

  return async (request, signal) => {
    const data = await dataset(request.dataset, signal);
    return choice === "auto"
      ? await startFastest(request, data, signal)
      : await thread(data, choice, [], signal);
  };
}

/** A lost GPU stays lost, but a CPU thread may have died by chance. */
function demoted({ failedBackends }: TrainerRequest): BackendName[] {
  return failedBackends.filter((backend, i) =>
    backends[backend].gpu || failedBackends.indexOf(backend) !== i
  );
}

/**
 * Calls `make` once for all callers with the same key and keeps the latest
 * result. A failure rejects for all waiting callers and is not kept.
 */
function oneAtATime<Key, Result>(
  make: (key: Key, signal: AbortSignal) => Promise<Result>,
  nameOf: (key: Key) => string,
): (key: Key, signal: AbortSignal) => Promise<Result> {
  let latest: { name: string; result: Promise<Result> } | null = null;
  return (key, signal) => {
    const name = nameOf(key);
    if (latest?.name === name) return latest.result;
    const entry = { name, result: make(key, signal) };
    latest = entry;
    entry.result.catch(() => {
      if (latest === entry) latest = null;
    });
    return entry.result;
  };
}
