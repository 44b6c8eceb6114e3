import type { JSX } from "preact";
import type { StudyId } from "../../coordinator/protocol/ids.ts";
import type { MetricName } from "../../coordinator/protocol/leaderboard.ts";
import { leaderboardWords } from "../i18n/leaderboard_words.ts";
import { trialsWords } from "../i18n/trials_words.ts";
import { formats, words } from "../ui/language.ts";
import { PointAnchor } from "../ui/point_anchor.tsx";
import type { HeatmapCell } from "./heatmap_model.ts";
import { formatMetric } from "./metrics.ts";
import { pointLabel } from "./points.ts";

/** The cell that was chosen last, in full, with the way to its own page. */
export function HeatmapDetails(
  { study, cell, metric }: {
    readonly study: StudyId | null;
    /** Null before any was chosen. */
    readonly cell: HeatmapCell | null;
    readonly metric: MetricName;
  },
): JSX.Element {
  const { metrics, heatmap } = words(leaderboardWords);
  const t = words(trialsWords);
  if (study === null || cell === null) return <p class="heat-details" />;
  const { params, metrics: figures } = cell.row;
  const { sd } = figures[metric];
  const figure = (value: number) => formatMetric(metric, value, formats.value);
  return (
    <p class="heat-details">
      <PointAnchor study={study} params={params}>
        {t.pointTitle(pointLabel(params))}
      </PointAnchor>
      {cell.value !== null
        ? ` · ${metrics[metric].short} ${figure(cell.value)}`
        : cell.state !== "value" && ` · ${heatmap.states[cell.state]}`}
      {cell.value !== null && sd !== null && ` · ${t.stats.sd(figure(sd))}`}
    </p>
  );
}
