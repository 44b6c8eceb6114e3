import type { MetricName } from "../../../protocol/leaderboard.ts";
import type { Formats } from "../../i18n/format.ts";

/** How each metric is written and read. */

const higherIsBetter: ReadonlySet<MetricName> = new Set([
  "trainAccuracy",
  "testAccuracy",
]);

/** Whether a larger value is the better one. */
export function isHigherBetter(metric: MetricName): boolean {
  return higherIsBetter.has(metric);
}

/** Places after the point that a metric is shown with. */
export function decimalsOf(metric: MetricName): number {
  return metric === "epochsToHalf" ? 1 : 4;
}

/** A metric's value in full, for tables. */
export function formatMetric(
  metric: MetricName,
  value: number,
  formats: Formats,
): string {
  return formats.fixed(value, decimalsOf(metric));
}

/** The same in short, for cells of the heatmap. */
export function formatShort(
  metric: MetricName,
  value: number,
  formats: Formats,
): string {
  return formats.fixed(value, Math.max(1, decimalsOf(metric) - 1));
}

/** Metrics that the table has a column for, in order. */
export const tableMetrics = [
  "trainLoss",
  "trainAccuracy",
  "testAccuracy",
  "testLoss",
  "generalisationGap",
] as const satisfies readonly MetricName[];

/** Metrics by which a point can be the best of all. */
export const rankedMetrics = [
  "trainLoss",
  "trainLossDropoutOff",
  "testLoss",
  "testAccuracy",
] as const satisfies readonly MetricName[];
export type RankedMetric = typeof rankedMetrics[number];

/** A p value in three places, or as below the smallest of those. */
export function formatP(p: number, formats: Formats): string {
  return p < 0.001 ? `< ${formats.fixed(0.001, 3)}` : formats.fixed(p, 3);
}
