import { type JSX, render } from "preact";
import {
  type Leaderboard,
  MetricName,
} from "../../coordinator/protocol/leaderboard.ts";
import { leaderboardWords } from "../i18n/leaderboard_words.ts";
import { formats, words } from "../ui/language.ts";
import { HeatmapGrid } from "./heatmap_grid.tsx";
import {
  HEAT_STEPS,
  type Heatmap as HeatmapModel,
  heatmapOf,
} from "./heatmap_model.ts";
import { formatShort, isHigherBetter } from "./metrics.ts";
import { SaveChart } from "./save_chart.tsx";
import type { LeaderboardState } from "./state.ts";

/** The study's points by their two rates, coloured by a metric. */
export function Heatmap(
  { state, leaderboard }: {
    readonly state: LeaderboardState;
    readonly leaderboard: Leaderboard;
  },
): JSX.Element {
  const t = words(leaderboardWords);
  const { metric } = state.view.value;
  const map = heatmapOf(leaderboard.rows, metric);
  const title = t.heatmap.caption(t.metrics[metric].name);
  return (
    <section class="heatmap" aria-labelledby="heatmap-heading">
      <div class="section-head">
        <h2 id="heatmap-heading">{t.heatmap.heading}</h2>
        <label class="select">
          <span class="hidden">{t.heatmap.metric}</span>
          <select
            value={metric}
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
      {map.cells.size === 0 ? <p class="faint">{t.heatmap.none}</p> : (
        <>
          <p class="printed">{title}</p>
          <HeatmapGrid state={state} map={map} metric={metric} />
          <Scale map={map} metric={metric} />
          <p class="hint">{t.heatmap.hint}</p>
          <SaveChart
            leaderboard={leaderboard}
            name={`heatmap-${metric}`}
            title={title}
            chart={() => drawn(map, metric)}
          />
        </>
      )}
    </section>
  );
}

/** The heatmap on the page is a table: its picture is drawn when asked for. */
async function drawn(
  map: HeatmapModel,
  metric: MetricName,
): Promise<SVGSVGElement | null> {
  const { HeatmapPicture } = await import("./heatmap_picture.tsx");
  const box = document.createElement("div");
  render(<HeatmapPicture map={map} metric={metric} />, box);
  return box.querySelector("svg");
}

function Scale(
  { map, metric }: {
    readonly map: HeatmapModel;
    readonly metric: MetricName;
  },
): JSX.Element {
  const t = words(leaderboardWords);
  const states = new Set([...map.cells.values()].map((cell) => cell.state));
  const full = map.rates1.length * map.rates2.length === map.cells.size;
  return (
    <div class="heat-key">
      {map.extent !== null && (
        <div class="ramp">
          <span>{formatShort(metric, map.extent[0], formats.value)}</span>
          <span class="steps" aria-hidden="true">
            {Array.from(
              { length: HEAT_STEPS },
              (_, i) => <i key={i} class={`heat-${i}`} />,
            )}
          </span>
          <span>{formatShort(metric, map.extent[1], formats.value)}</span>
          <span class="faint">
            {isHigherBetter(metric)
              ? t.table.higherIsBetter
              : t.table.lowerIsBetter}
          </span>
        </div>
      )}
      <ul class="key">
        {(["running", "queued", "failed", "none"] as const)
          .filter((state) => states.has(state))
          .map((state) => (
            <li key={state}>
              <i class={`heat-cell is-${state}`} aria-hidden="true">
                {{ running: "…", queued: "·", failed: "×", none: "–" }[state]}
              </i>
              {t.heatmap.states[state]}
            </li>
          ))}
        {!full && (
          <li>
            <i class="heat-cell is-absent" aria-hidden="true" />
            {t.heatmap.states.absent}
          </li>
        )}
      </ul>
    </div>
  );
}
