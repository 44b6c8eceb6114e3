import {
  type MetricName,
  metricNames,
  metrics,
} from "../../../protocol/metrics.ts";
import type { Formats } from "../../i18n/format.ts";

/** Whether a larger value is better. */
export function isHigherBetter(metric: MetricName): boolean {
  return metrics[metric].better === "higher";
}

/** Decimals of a metric. */
export function decimalsOf(metric: MetricName): number {
  return metrics[metric].digits;
}

/** A metric's value with all decimals, for tables. */
export function formatMetric(
  metric: MetricName,
  value: number,
  formats: Formats,
): string {
  return formats.fixed(value, decimalsOf(metric));
}

/** A metric's value with fewer decimals, for cells of the heatmap. */
export function formatShort(
  metric: MetricName,
  value: number,
  formats: Formats,
): string {
  return formats.fixed(value, Math.max(1, decimalsOf(metric) - 1));
}

/** Metrics with a column in the table, in order. */
export const tableMetrics: readonly MetricName[] = metricNames
  .filter((name) => metrics[name].column !== null);

/** A p-value with three decimals, or `< 0.001`. */
export function formatP(p: number, formats: Formats): string {
  return p < 0.001 ? `< ${formats.fixed(0.001, 3)}` : formats.fixed(p, 3);
}
