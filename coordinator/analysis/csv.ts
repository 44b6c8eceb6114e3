// @ts-types="@types/papaparse"
import Papa from "papaparse";
import {
  type Leaderboard,
  type LeaderboardRow,
  MetricName,
} from "../protocol/leaderboard.ts";
import { rankedMetrics } from "./claims.ts";

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
  ...MetricName.options.flatMap((metric) =>
    estimateFields.map((field) => `${metric}.${field}`)
  ),
  ...rankedMetrics.map((metric) => `probabilityBest.${metric}`),
];

function cellsOf(row: LeaderboardRow): (number | null)[] {
  return [
    row.params.dropout1,
    row.params.dropout2,
    row.replicatesPlanned,
    row.replicatesDone,
    row.replicatesRunning,
    row.replicatesQuarantined,
    row.diverged,
    row.checksPassed,
    ...MetricName.options.flatMap((metric) =>
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
