import type {
  BackendChoice,
  BackendName,
  EpochMetrics,
  TrialResult,
} from "../../protocol/training.ts";
import type { TrialSpec } from "../../protocol/study.ts";
import type { Sha256 } from "../../protocol/ids.ts";
import type { Dataset } from "../data/dataset.ts";

/** What the two sides of a trainer thread say to each other, over Comlink. */

/** The step that is measured, on the data set at hand: the seed study's. */
export const MEASURED_STEP = {
  batchSize: 256,
  hiddenSizes: [256, 256],
} as const;

/** Why there is no figure of a backend. */
export type UnusedReason =
  /** It is slower than any other that there is. */
  | "slower"
  /** It has no GPU but a program that stands in for one. */
  | "software"
  /** It would not start, or computed what cannot be. */
  | "failed";

/** How one backend did on a few real steps. */
export interface BackendMeasurement {
  readonly backend: BackendName;
  /** Of the fastest sample; null where it was not used, see `unused`. */
  readonly stepMilliseconds: number | null;
  /** Present where there is no figure. */
  readonly unused?: UnusedReason;
  /** What the backend, or what stands in for a GPU, or the failure says. */
  readonly detail: string;
}

/** The backend a thread trains on, and what `auto` measured to choose it. */
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

/** What a trial came to. */
export interface TrainedTrial {
  readonly result: TrialResult;
  /** Null where it diverged. */
  readonly weights: FinalWeights | null;
}

/** Sent a few times a second while a trial trains. */
export interface StepProgress {
  /** Counted from 1. */
  readonly epoch: number;
  /** Steps done in the epoch, of `steps`. */
  readonly step: number;
  /** Of one epoch. */
  readonly steps: number;
}

/**
 * Where a thread finds the files that its backends load: addresses of folders,
 * ending in a slash, `file:` in Deno and `http:` in a page. A backend whose
 * files are nowhere is not tried.
 */
export interface BackendFiles {
  /** With the compiled kernels of `simd`. */
  readonly simdFolder?: string;
  /** With tfjs's `.wasm` files. */
  readonly wasmFolder?: string;
}

/** What a thread is told when it starts. */
export interface TrainerStart {
  readonly choice: BackendChoice;
  /** Backends that `auto` passes over: they failed before on this device. */
  readonly avoid: readonly BackendName[];
  readonly files: BackendFiles;
}

/** What a thread tells its host meanwhile. */
export interface TrainerEvents {
  /** Before it starts and measures a backend, which may take long or hang. */
  onMeasuring(backend: BackendName): void;
  onEpoch(metrics: EpochMetrics): void;
  onProgress(progress: StepProgress): void;
}

/** Exposed by a trainer thread to its own page or process, never further. */
export interface TrainerApi {
  /**
   * Once, first: keeps the data set and readies a backend.
   *
   * @throws {Error} named `BackendError` when no backend can be used.
   */
  start(
    dataset: Dataset,
    start: TrainerStart,
    events: TrainerEvents,
  ): Promise<BackendReport>;
  /** One trial at a time. Null when stopped. All its events come before. */
  train(spec: TrialSpec): Promise<TrainedTrial | null>;
  /** Makes a running `train` resolve to null within a few steps. */
  stop(): void;
  /** tf.memory() of the thread, for tests and the status line. */
  memory(): Promise<{ readonly tensors: number; readonly bytes: number }>;
}
