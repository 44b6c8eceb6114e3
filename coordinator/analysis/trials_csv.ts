import type { EpochMetrics } from "../protocol/training.ts";
import type { TrialCurve } from "../protocol/views.ts";
import { type CsvCell, csvLines } from "./csv.ts";

/** Figures of an epoch that have a column each. */
const figures = [
  "trainLoss",
  "trainAccuracy",
  "trainLossDropoutOff",
  "testLoss",
  "testAccuracy",
] as const satisfies readonly (keyof EpochMetrics)[];

const checks = ["trainLoss", "trainAccuracy", "testAccuracy"] as const;

const trialColumns = [
  "trialId",
  "dropout1",
  "dropout2",
  "replicate",
  "state",
  "outcome",
  "divergedAtEpoch",
  ...figures,
  ...checks.map((check) => `check.${check}`),
  "epochsDone",
  "seconds",
  "attempts",
  "worker",
  "backend",
  "backendDetail",
  "startedAt",
  "endedAt",
];

/**
 * A trial's figures are those of its last epoch, and only of an accepted
 * result: what a running trial has reported is not final.
 */
function trialCells(trial: TrialCurve): CsvCell[] {
  const final = trial.outcome === "trained" ? trial.epochs.at(-1) : undefined;
  return [
    trial.trialId,
    trial.params.dropout1,
    trial.params.dropout2,
    trial.replicate,
    trial.state,
    trial.outcome,
    trial.divergedAtEpoch,
    ...figures.map((figure) => final?.[figure] ?? null),
    ...checks.map((check) =>
      trial.checks === null ? null : String(trial.checks[check])
    ),
    trial.epochsDone,
    trial.seconds,
    trial.attempts,
    trial.workerName,
    trial.backend,
    trial.backendDetail,
    trial.startedAt,
    trial.endedAt,
  ];
}

const curveColumns = [
  "trialId",
  "dropout1",
  "dropout2",
  "replicate",
  "state",
  "epoch",
  ...figures,
  "seconds",
];

function curveRows(trial: TrialCurve): CsvCell[][] {
  const { trialId, params, replicate, state } = trial;
  return trial.epochs.map((metrics) => [
    trialId,
    params.dropout1,
    params.dropout2,
    replicate,
    state,
    metrics.epoch,
    ...figures.map((figure) => metrics[figure]),
    metrics.seconds,
  ]);
}

/** A table that is written part by part. */
export interface TableWriter {
  readonly head: string;
  lines(trials: readonly TrialCurve[]): string;
}

/** Trials as CSV, one a line. */
export const trialsCsv: TableWriter = {
  head: csvLines([trialColumns]),
  lines: (trials) => csvLines(trials.map(trialCells)),
};

/** Trials' figures by epoch as CSV, one epoch a line. */
export const curvesCsv: TableWriter = {
  head: csvLines([curveColumns]),
  lines: (trials) => csvLines(trials.flatMap(curveRows)),
};
