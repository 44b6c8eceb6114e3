import { ratesOf } from "../../protocol/grid_point.ts";
import Papa from "papaparse";
import type {
  Leaderboard,
  LeaderboardRow,
} from "../../protocol/leaderboard.ts";
import { metricNames, rankedMetrics } from "../../protocol/metrics.ts";
import type { EpochMetrics } from "../../protocol/training.ts";
import type { TrialCurve } from "../../protocol/views.ts";

// @ts-types="@types/papaparse"

const estimateFields = ["n", "mean", "sd", "low", "high"] as const;

/** The columns, in order; figures carry the metric's name in front. */
const columns = [
  "dropout1",
  "dropout2",
  "replicatesPlanned",
  "replicatesDone",
  "replicatesRunning",
  "replicatesQuarantined",
  "diverged",
  "checksPassed",
  ...metricNames.flatMap((metric) =>
    estimateFields.map((field) => `${metric}.${field}`)
  ),
  ...rankedMetrics.map((metric) => `probabilityBest.${metric}`),
];

function cellsOf(row: LeaderboardRow): (number | null)[] {
  return [
    ratesOf(row.params).dropout1,
    ratesOf(row.params).dropout2,
    row.replicatesPlanned,
    row.replicatesDone,
    row.replicatesRunning,
    row.replicatesQuarantined,
    row.diverged,
    row.checksPassed,
    ...metricNames.flatMap((metric) =>
      estimateFields.map((field) => row.metrics[metric][field])
    ),
    ...rankedMetrics.map((metric) => row.probabilityBest[metric]),
  ];
}

/** Fields of a table to be written as CSV: null leaves a cell empty. */
export type CsvCell = string | number | null;

/**
 * What a spreadsheet may take for the start of a formula, in full-width forms
 * too, whatever stands after it: the library's own pattern lets a text with
 * line breaks pass.
 */
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/**
 * Lines of a table as CSV after RFC 4180: each ends in CRLF. A text that a
 * spreadsheet would take for a formula gets an apostrophe in front; numbers
 * stay as they are, negative ones included.
 */
export function csvLines(rows: readonly (readonly CsvCell[])[]): string {
  if (rows.length === 0) return "";
  const text = Papa.unparse(rows.map((row) => [...row]), {
    newline: "\r\n",
    escapeFormulae: FORMULA,
  });
  return `${text}\r\n`;
}

/** A table as CSV, its fields' names in the first line. */
export function csvOf(
  fields: readonly string[],
  rows: readonly (readonly CsvCell[])[],
): string {
  return csvLines([fields, ...rows]);
}

/** The leaderboard's rows as CSV, one grid point a line, in its order. */
export function leaderboardCsv(leaderboard: Leaderboard): string {
  return csvOf(columns, leaderboard.rows.map(cellsOf));
}

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
    ratesOf(trial.params).dropout1,
    ratesOf(trial.params).dropout2,
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
    ratesOf(params).dropout1,
    ratesOf(params).dropout2,
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
