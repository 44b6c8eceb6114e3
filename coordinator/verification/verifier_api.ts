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

/** What trains or trained, as exactly as it says. */
export interface TrainedOn {
  readonly backend: BackendName;
  readonly backendDetail: string | null;
}

/** What training some first epochs again came to. */
export interface Repetition {
  readonly outcome: "trained" | "diverged";
  /** Those that were finished. */
  readonly epochs: readonly EpochMetrics[];
}

/** Computes again what workers say they computed. */
export interface VerifierJobs {
  /**
   * What the weights come to on the test set.
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

/** The thread's API. Its host asks one thing at a time. */
export interface VerifierApi extends VerifierJobs {
  /** Called first, once. Rejects where it has no data, or no backend. */
  start(options: VerifierStart): Promise<TrainedOn>;
}

/** The verifier as its host sees it: jobs are done one after the other. */
export interface Verifier extends VerifierJobs {
  /**
   * What it computes on.
   *
   * @throws {VerifierError} that is not usable
   */
  trainsOn(): Promise<TrainedOn>;
  close(): void;
}

/** The verifier gave no figures. */
export class VerifierError extends Error {
  override readonly name = "VerifierError";

  constructor(
    message: string,
    /** Whether another job may fare better: it could be started at least. */
    readonly usable: boolean,
  ) {
    super(message);
  }
}
