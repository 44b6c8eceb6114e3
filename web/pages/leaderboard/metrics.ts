import {
  type MetricName,
  metricNames,
  metrics,
} from "../../../protocol/metrics.ts";
import type { Formats } from "../../i18n/format.ts";

/** How each metric is written and read. */

/** Whether a larger value is the better one. */
export function isHigherBetter(metric: MetricName): boolean {
  return metrics[metric].better === "higher";
}

/** Places after the point that a metric is shown with. */
export function decimalsOf(metric: MetricName): number {
  return metrics[metric].digits;
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
export const tableMetrics: readonly MetricName[] = metricNames
  .filter((name) => metrics[name].column !== null);

/** A p value in three places, or as below the smallest of those. */
export function formatP(p: number, formats: Formats): string {
  return p < 0.001 ? `< ${formats.fixed(0.001, 3)}` : formats.fixed(p, 3);
}
