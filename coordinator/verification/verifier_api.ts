import type { Sha256 } from "../../protocol/ids.ts";
import type { BackendFiles } from "../../worker/trainer/trainer_api.ts";
import type { DatasetManifest, TrialSpec } from "../../protocol/study.ts";
import type { BackendName, EpochMetrics } from "../../protocol/training.ts";
import type { RecomputedFigures } from "../lease/trial.ts";

/** What the verifier's thread needs before its first job. */
export interface VerifierStart {
  readonly dataset: DatasetManifest;
  /** Folder with its files, `<SHA-256>.gz` each. */
  readonly dataFolder: string;
  readonly files: BackendFiles;
}

/** A backend and its description of itself. */
export interface TrainedOn {
  readonly backend: BackendName;
  readonly backendDetail: string | null;
}

/** The outcome of training first epochs again. */
export interface Repetition {
  readonly outcome: "trained" | "diverged";
  /** The finished epochs. */
  readonly epochs: readonly EpochMetrics[];
  /** Hash of the weights after the last epoch; null if it diverged. */
  readonly weights: Sha256 | null;
}

/** Recomputes workers' figures. */
export interface VerifierJobs {
  /**
   * Computes the test figures of weights.
   *
   * @throws {VerifierError}
   */
  evaluate(
    spec: TrialSpec,
    weights: Uint8Array<ArrayBuffer>,
  ): Promise<RecomputedFigures>;
  /**
   * Trains the first epochs of a trial.
   *
   * @throws {VerifierError}
   */
  repeat(spec: TrialSpec, epochs: number): Promise<Repetition>;
}

/** The thread's API. Its host makes one call at a time. */
export interface VerifierApi extends VerifierJobs {
  /** Called first and once. Rejects without data or without a backend. */
  start(options: VerifierStart): Promise<TrainedOn>;
}

/** The verifier as its host uses it: jobs run one after the other. */
export interface Verifier extends VerifierJobs {
  /**
   * The backend of the verifier.
   *
   * @throws {VerifierError} with `usable` false
   */
  trainsOn(): Promise<TrainedOn>;
  close(): void;
}

/** The verifier gave no figures. */
export class VerifierError extends Error {
  override readonly name = "VerifierError";

  constructor(
    message: string,
    /** Whether another job may succeed: the verifier could be started. */
    readonly usable: boolean,
  ) {
    super(message);
  }
}
