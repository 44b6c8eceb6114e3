import { pointKey } from "../../../protocol/grid_point.ts";
import { type JSX, render } from "preact";
import { useRef, useState } from "preact/hooks";
import type { StudyId } from "../../../protocol/ids.ts";
import { type Leaderboard, MetricName } from "../../../protocol/leaderboard.ts";
import { formats, words } from "../../components/language.ts";
import { PointAnchor } from "../../components/site.tsx";
import { leaderboardWords, trialsWords } from "../../i18n/language.ts";
import {
  HEAT_STEPS,
  type Heatmap as HeatmapModel,
  type HeatmapCell,
  heatmapOf,
} from "./heatmap_model.ts";
import { formatMetric, formatShort, isHigherBetter } from "./metrics.ts";
import { pointLabel } from "./points.ts";
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

/** How closely the cells stand, by the number of columns. */
const densities = [
  // Room for figures in the cells,
  { most: 12, name: "heat", rem: 2.75 },
  // for cells to be hit with a finger,
  { most: 24, name: "heat is-dense", rem: 1.45 },
  // or for a picture: the tooltip and the table have the figures.
  { most: Infinity, name: "heat is-dense is-tiny", rem: 0.62 },
] as const;

/** Rates written along a side at most. */
const MOST_LABELS = 12;

/** Moves by a number of cells, for each key that moves. */
const moves: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  Home: [0, -Infinity],
  End: [0, Infinity],
};

/** The cells, one tab stop: arrow keys move among them. */
export function HeatmapGrid(
  { state, map, metric }: {
    readonly state: LeaderboardState;
    readonly map: HeatmapModel;
    readonly metric: MetricName;
  },
): JSX.Element {
  const t = words(leaderboardWords);
  const [focus, setFocus] = useState<readonly [number, number]>([0, 0]);
  const [touched, setTouched] = useState(false);
  const table = useRef<HTMLTableElement>(null);
  const last = [map.rates1.length - 1, map.rates2.length - 1] as const;
  const clamp = (value: number, most: number) =>
    Math.max(0, Math.min(most, value));
  const here = [clamp(focus[0], last[0]), clamp(focus[1], last[1])] as const;
  const onKeyDown = (event: KeyboardEvent) => {
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    const next = [
      clamp(here[0] + move[0], last[0]),
      clamp(here[1] + move[1], last[1]),
    ] as const;
    setFocus(next);
    table.current?.querySelector<HTMLElement>(
      `[data-at="${next[0]},${next[1]}"]`,
    )?.focus();
  };
  const columns = map.rates2.length;
  const density = densities.find(({ most }) => columns <= most) ??
    densities[2];
  return (
    <div class="heat-scroll">
      <table
        class={density.name}
        style={{
          minWidth: `${3 + columns * density.rem}rem`,
          maxWidth: `${3 + columns * 7}rem`,
        }}
        role="grid"
        aria-labelledby="heatmap-heading"
        aria-multiselectable="true"
        ref={table}
        onKeyDown={onKeyDown}
      >
        <caption class="hidden">
          {t.heatmap.caption(t.metrics[metric].name)}
        </caption>
        <thead>
          <tr>
            <td class="corner" />
            <th class="axis-name" colSpan={Math.max(1, map.rates2.length)}>
              {t.heatmap.dropout2} →
            </th>
          </tr>
          <tr>
            <th class="corner" scope="col">
              <span class="hidden">{t.heatmap.dropout1}</span>
            </th>
            {map.rates2.map((rate, j) => (
              <th key={rate} scope="col">
                <RateLabel rate={rate} index={j} of={columns} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {map.rates1.map((rate1, i) => (
            <tr key={rate1}>
              <th scope="row">
                <RateLabel rate={rate1} index={i} of={map.rates1.length} />
              </th>
              {map.rates2.map((rate2, j) => (
                <Cell
                  key={rate2}
                  params={{ dropout1: rate1, dropout2: rate2 }}
                  cell={map.cells.get(
                    pointKey({ dropout1: rate1, dropout2: rate2 }),
                  ) ?? null}
                  metric={metric}
                  at={`${i},${j}`}
                  focusable={i === here[0] && j === here[1]}
                  state={state}
                  onFocus={() => {
                    setFocus([i, j]);
                    setTouched(true);
                  }}
                />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <p class="axis-below" aria-hidden="true">↑ {t.heatmap.dropout1}</p>
      <HeatmapDetails
        study={state.leaderboard.value?.study.id ?? null}
        cell={touched
          ? map.cells.get(pointKey({
            dropout1: map.rates1[here[0]],
            dropout2: map.rates2[here[1]],
          })) ?? null
          : null}
        metric={metric}
      />
    </div>
  );
}

/** Along a crowded side only some are written; screen readers hear all. */
function RateLabel(
  { rate, index, of }: {
    readonly rate: number;
    readonly index: number;
    readonly of: number;
  },
): JSX.Element {
  const shown = index % Math.ceil(of / MOST_LABELS) === 0;
  return (
    <span class={shown ? "written" : "hidden"}>{formats.value.rate(rate)}</span>
  );
}

function Cell(
  { params, cell, metric, at, focusable, state, onFocus }: {
    readonly params: { readonly dropout1: number; readonly dropout2: number };
    readonly cell: HeatmapCell | null;
    readonly metric: MetricName;
    readonly at: string;
    readonly focusable: boolean;
    readonly state: LeaderboardState;
    readonly onFocus: () => void;
  },
): JSX.Element {
  const t = words(leaderboardWords).heatmap;
  const colour = cell === null ? undefined : state.chosen.value.get(cell.key);
  // Named by what stands in the cell; the tooltip has every digit.
  const label = t.cell(pointLabel(params), describe(cell, metric, formatShort));
  const title = t.cell(
    pointLabel(params),
    describe(cell, metric, formatMetric),
  );
  const choose = () => {
    if (cell !== null) state.toggle(cell.key);
  };
  return (
    <td
      class={[
        cell === null ? "is-absent" : `is-${cell.state}`,
        cell?.step === null || cell === null ? "" : `heat-${cell.step}`,
        colour === undefined ? "" : `is-chosen series-${colour}`,
        cell !== null && cell.row.replicatesRunning > 0 ? "has-running" : "",
      ].filter((name) => name !== "").join(" ")}
      role="gridcell"
      data-at={at}
      tabIndex={focusable ? 0 : -1}
      aria-label={label}
      aria-selected={cell === null ? undefined : colour !== undefined}
      aria-disabled={cell === null}
      title={title}
      onFocus={onFocus}
      onClick={choose}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        choose();
      }}
    >
      <span aria-hidden="true">{cellText(cell, metric)}</span>
    </td>
  );
}

function describe(
  cell: HeatmapCell | null,
  metric: MetricName,
  format: typeof formatShort,
): string {
  const t = words(leaderboardWords).heatmap;
  if (cell === null) return t.states.absent;
  return cell.state !== "value"
    ? t.states[cell.state]
    : format(metric, cell.value ?? 0, formats.value);
}

function cellText(cell: HeatmapCell | null, metric: MetricName): string {
  if (cell === null) return "";
  switch (cell.state) {
    case "value":
      return cell.value === null
        ? ""
        : formatShort(metric, cell.value, formats.value);
    case "running":
      return "…";
    case "queued":
      return "·";
    case "failed":
      return "×";
    case "none":
      return "–";
    default:
      return cell.state satisfies never;
  }
}
