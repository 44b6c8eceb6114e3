import type {
  BackendChoice,
  BackendName,
  EpochMetrics,
  TrialResult,
} from "../../protocol/training.ts";
import type { TrialSpec } from "../../protocol/study.ts";
import type { Sha256 } from "../../protocol/ids.ts";
import type { Dataset } from "../data/dataset.ts";

/** The interface between a trainer thread and its host, over Comlink. */

/** The step that `auto` measures: the seed study's, on the current data set. */
export const MEASURED_STEP = {
  batchSize: 256,
  hiddenSizes: [256, 256],
} as const;

/** Examples in a batch of an evaluation; no result depends on it. */
export const EVALUATION_BATCH = 1000;

/** Why a backend has no measurement. */
export type UnusedReason =
  /** It is always slower than the others. */
  | "slower"
  /** It has only a software renderer instead of a GPU. */
  | "software"
  /** It did not start, or computed impossible values. */
  | "failed";

/** The measurement of one backend on a few real steps. */
export interface BackendMeasurement {
  readonly backend: BackendName;
  /**
   * Milliseconds per step, fastest sample; null: not measured, see `unused`.
   */
  readonly stepMilliseconds: number | null;
  /** Why there is no figure; absent if there is one. */
  readonly unused?: UnusedReason;
  /** Description of the backend or renderer, or the failure's message. */
  readonly detail: string;
}

/** A thread's backend, and the measurements from which `auto` chose it. */
export interface BackendReport {
  readonly backend: BackendName;
  readonly backendDetail: string;
  readonly stepMilliseconds: number;
  readonly measurements: readonly BackendMeasurement[];
}

/** A network's final weights, ready to be uploaded. */
export interface FinalWeights {
  /** Float32, little-endian, layer by layer: weights, then biases. */
  readonly bytes: ArrayBuffer;
  readonly sha256: Sha256;
}

/** The result of training a trial. */
export interface TrainedTrial {
  readonly result: TrialResult;
  /** Null if the trial diverged. */
  readonly weights: FinalWeights | null;
}

/** Sent a few times a second while a trial trains. */
export interface StepProgress {
  /** Counted from 1. */
  readonly epoch: number;
  /** Steps done in the epoch, out of `steps`. */
  readonly step: number;
  /** Steps in one epoch. */
  readonly steps: number;
}

/**
 * Addresses of the folders with the files that backends load, ending in a
 * slash: `file:` in Deno, `http:` in a page. A backend without its files is not
 * tried.
 */
export interface BackendFiles {
  /** Folder of the compiled kernels of `simd`. */
  readonly simdFolder?: string;
  /** Folder of tfjs's `.wasm` files. */
  readonly wasmFolder?: string;
}

/** Options with which a thread starts. */
export interface TrainerStart {
  readonly choice: BackendChoice;
  /** Backends that `auto` skips because they failed before on this device. */
  readonly avoid: readonly BackendName[];
  readonly files: BackendFiles;
}

/** Events that a thread sends to its host. */
export interface TrainerEvents {
  /** Sent before a backend is started and measured, which may hang. */
  onMeasuring(backend: BackendName): void;
  onEpoch(metrics: EpochMetrics): void;
  onProgress(progress: StepProgress): void;
}

/** The API that a trainer thread exposes to its own page or process. */
export interface TrainerApi {
  /**
   * Called first and once: stores the data set and starts a backend.
   *
   * @throws {Error} named `BackendError` if no backend is usable.
   */
  start(
    dataset: Dataset,
    start: TrainerStart,
    events: TrainerEvents,
  ): Promise<BackendReport>;
  /** One trial at a time. Null if stopped. Its events arrive before. */
  train(spec: TrialSpec): Promise<TrainedTrial | null>;
  /** Makes a running `train` resolve to null within a few steps. */
  stop(): void;
  /** `tf.memory()` of the thread, for tests and the status line. */
  memory(): Promise<{ readonly tensors: number; readonly bytes: number }>;
}
