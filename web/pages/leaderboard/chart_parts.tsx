import type { ComponentChildren, JSX } from "preact";
import {
  type LeaderboardRow,
  MetricName,
} from "../../../protocol/leaderboard.ts";
import type { StudyId } from "../../../protocol/ids.ts";
import { formats, words } from "../../components/language.ts";
import { PointAnchor } from "../../components/site.tsx";
import { leaderboardWords, trialsWords } from "../../i18n/language.ts";
import {
  type CellState,
  stateOf,
  stateSigns,
  valueOf,
} from "./heatmap_model.ts";
import { formatMetric } from "./metrics.ts";
import { pointLabel } from "./points.ts";
import type { LeaderboardState } from "./state.ts";

/** Parts of the heatmap and of the charts that replace it. */

/** The heading and the choice of the metric. */
export function ChartHead(
  { state, heading }: {
    readonly state: LeaderboardState;
    readonly heading: string;
  },
): JSX.Element {
  const t = words(leaderboardWords);
  return (
    <div class="section-head">
      <h2 id="chart-heading">{heading}</h2>
      <label class="select">
        <span class="hidden">{t.heatmap.metric}</span>
        <select
          value={state.view.value.metric}
          onChange={(event) => {
            const chosen = MetricName.safeParse(event.currentTarget.value);
            if (chosen.success) state.change({ metric: chosen.data });
          }}
        >
          {MetricName.options.map((name) => (
            <option key={name} value={name}>{t.metrics[name].name}</option>
          ))}
        </select>
      </label>
    </div>
  );
}

/** Explains the signs of points without a figure. */
export function SignKey(
  { states, children }: {
    readonly states: ReadonlySet<CellState>;
    readonly children?: ComponentChildren;
  },
): JSX.Element {
  const t = words(leaderboardWords).heatmap.states;
  return (
    <ul class="key">
      {(["running", "queued", "failed", "none"] as const)
        .filter((state) => states.has(state))
        .map((state) => (
          <li key={state}>
            <i class={`heat-cell is-${state}`} aria-hidden="true">
              {stateSigns[state]}
            </i>
            {t[state]}
          </li>
        ))}
      {children}
    </ul>
  );
}

/** The last point with the pointer or the focus, and a link to its page. */
export function PointDetails(
  { study, row, metric }: {
    readonly study: StudyId;
    /** Null before any point had the pointer or the focus. */
    readonly row: LeaderboardRow | null;
    readonly metric: MetricName;
  },
): JSX.Element {
  if (row === null) return <p class="heat-details" />;
  const { metrics, heatmap } = words(leaderboardWords);
  const t = words(trialsWords);
  const [value, state] = [valueOf(row, metric), stateOf(row, metric)];
  const { sd } = row.metrics[metric];
  const figure = (value: number) => formatMetric(metric, value, formats.value);
  return (
    <p class="heat-details">
      <PointAnchor study={study} params={row.params}>
        {t.pointTitle(pointLabel(row.params))}
      </PointAnchor>
      {value !== null
        ? ` · ${metrics[metric].short} ${figure(value)}`
        : state !== "value" && ` · ${heatmap.states[state]}`}
      {value !== null && sd !== null && ` · ${t.stats.sd(figure(sd))}`}
    </p>
  );
}
