// @ts-types="@types/papaparse"
import Papa from "papaparse";
import { formatValue } from "../../protocol/grid_point.ts";
import type {
  Leaderboard,
  LeaderboardRow,
} from "../../protocol/leaderboard.ts";
import { metricNames, rankedMetrics } from "../../protocol/metrics.ts";
import type { Params, RecipeFieldName } from "../../protocol/recipe.ts";
import { epochFigures } from "../../protocol/training.ts";
import type { TrialCurve } from "../../protocol/views.ts";

const estimateFields = ["n", "mean", "sd", "low", "high"] as const;

/** The columns after the axes; a figure's name begins with its metric. */
const columns = [
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

/** A cell of a CSV table; null leaves it empty. */
export type CsvCell = string | number | null;

/** What some reader takes for the end of a cell, whatever the quotes say. */
const SEPARATOR = /[,;|\t\r\n]/;

/**
 * Where a spreadsheet may begin to read a formula, in full-width forms too: at
 * the start of a text, and of each piece that is left of it when a reader
 * splits lines at another character than we do. Spaces and quotes may stand
 * before it. A tab or a line break at the start is dangerous by itself.
 */
const FORMULA =
  /^(?=[\t\r\n])|(?<=^|[,;|\t\r\n])(?=[\s"']*[=+\-@\uff1d\uff0b\uff0d\uff20])/g;

/** An apostrophe before a formula makes it a text. */
const withoutFormula = (cell: CsvCell) =>
  typeof cell === "string" ? cell.replaceAll(FORMULA, "'") : cell;

/**
 * Lines of a table as CSV by RFC 4180: each ends in CRLF. A text that a
 * spreadsheet would take for a formula gets an apostrophe in front; numbers
 * stay as they are, negative ones included.
 */
function csvLines(rows: readonly (readonly CsvCell[])[]): string {
  if (rows.length === 0) return "";
  const text = Papa.unparse(rows.map((row) => row.map(withoutFormula)), {
    newline: "\r\n",
    quotes: (cell) => typeof cell === "string" && SEPARATOR.test(cell),
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

/** A point's value on each axis, without rounding: `0.00005`, `256x128`. */
function valuesOn(axes: readonly RecipeFieldName[], params: Params): CsvCell[] {
  return axes.map((name) => {
    const value = params[name];
    return value === undefined ? null : formatValue(value);
  });
}

/** The leaderboard's rows as CSV, one grid point a line, in its order. */
export function leaderboardCsv(leaderboard: Leaderboard): string {
  const { study: { axes }, rows } = leaderboard;
  return csvOf(
    [...axes, ...columns],
    rows.map((row) => [...valuesOn(axes, row.params), ...cellsOf(row)]),
  );
}

const checks = ["trainLoss", "trainAccuracy", "testAccuracy"] as const;

const trialColumns = [
  "replicate",
  "state",
  "outcome",
  "divergedAtEpoch",
  ...epochFigures,
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
    trial.replicate,
    trial.state,
    trial.outcome,
    trial.divergedAtEpoch,
    ...epochFigures.map((figure) => final?.[figure] ?? null),
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
  "replicate",
  "state",
  "epoch",
  ...epochFigures,
  "seconds",
];

function curveRows(trial: TrialCurve): CsvCell[][] {
  const { replicate, state } = trial;
  return trial.epochs.map((metrics) => [
    replicate,
    state,
    metrics.epoch,
    ...epochFigures.map((figure) => metrics[figure]),
    metrics.seconds,
  ]);
}

/** A table of a study's trials that is written part by part. */
export interface TableWriter {
  readonly head: string;
  lines(trials: readonly TrialCurve[]): string;
}

/** Each line begins with the trial's id and its value on each axis. */
function writer(
  axes: readonly RecipeFieldName[],
  fields: readonly string[],
  rowsOf: (trial: TrialCurve) => CsvCell[][],
): TableWriter {
  return {
    head: csvLines([["trialId", ...axes, ...fields]]),
    lines: (trials) =>
      csvLines(trials.flatMap((trial) => {
        const known = [trial.trialId, ...valuesOn(axes, trial.params)];
        return rowsOf(trial).map((cells) => [...known, ...cells]);
      })),
  };
}

/** Trials as CSV, one a line. */
export const trialsCsv = (axes: readonly RecipeFieldName[]): TableWriter =>
  writer(axes, trialColumns, (trial) => [trialCells(trial)]);

/** Trials' figures by epoch as CSV, one epoch a line. */
export const curvesCsv = (axes: readonly RecipeFieldName[]): TableWriter =>
  writer(axes, curveColumns, curveRows);
