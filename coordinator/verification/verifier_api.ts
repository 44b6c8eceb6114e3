import type { BackendFiles } from "../../worker/trainer/trainer_api.ts";
import type { DatasetManifest, TrialSpec } from "../../protocol/study.ts";
import type { BackendName, EpochMetrics } from "../../protocol/training.ts";
import type { RecomputedFigures } from "../lease/trial.ts";

/** What the verifier's thread is asked and answers, as messages. */

/** Told once, first. */
export interface VerifierStart {
  readonly dataset: DatasetManifest;
  /** Folder with its files, `<SHA-256>.gz` each. */
  readonly dataFolder: string;
  readonly files: BackendFiles;
}

/** One job at a time. */
export type VerifierJob =
  | {
    readonly type: "evaluate";
    readonly spec: TrialSpec;
    readonly weights: ArrayBuffer;
  }
  | {
    readonly type: "repeat";
    readonly spec: TrialSpec;
    /** So many first epochs of the trial. */
    readonly epochs: number;
  };

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

export type VerifierAnswer =
  | ({ readonly type: "ready" } & TrainedOn)
  /** It cannot be used: no data, or no backend. */
  | { readonly type: "unusable"; readonly message: string }
  | { readonly type: "evaluated"; readonly figures: RecomputedFigures }
  | { readonly type: "repeated"; readonly repetition: Repetition }
  /** This job cannot be done. */
  | { readonly type: "failed"; readonly message: string };

/** Computes again what workers say they computed. One job at a time. */
export interface Verifier {
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
