import type {
  LeaderboardRow,
  MetricName,
} from "../../coordinator/protocol/leaderboard.ts";
import { formatMetric } from "../leaderboard/metrics.ts";
import { formats } from "../ui/language.ts";

/** A point's mean with its interval: `0.3103 [0.3032, 0.3174]`. */
export function intervalText(row: LeaderboardRow, metric: MetricName): string {
  const { mean, low, high } = row.metrics[metric];
  if (mean === null) return "–";
  const text = (value: number) => formatMetric(metric, value, formats.value);
  return low === null || high === null
    ? text(mean)
    : `${text(mean)} [${text(low)}, ${text(high)}]`;
}
