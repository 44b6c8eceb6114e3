import { type JSX, render } from "preact";
import { useRef, useState } from "preact/hooks";
import type { Leaderboard, MetricName } from "../../../protocol/leaderboard.ts";
import type { Params } from "../../../protocol/recipe.ts";
import { formats, words } from "../../components/language.ts";
import { leaderboardWords } from "../../i18n/language.ts";
import {
  axisLabel,
  axisName,
  fieldLabel,
  formatValue,
  isRatePair,
  type RecipeFieldName,
} from "./axes.ts";
import { ChartHead, PointDetails, SignKey } from "./chart_parts.tsx";
import {
  HEAT_STEPS,
  type Heatmap as HeatmapModel,
  type HeatmapCell,
  heatmapOf,
  type HeatmapSide,
  isLabelShown,
  stateSigns,
} from "./heatmap_model.ts";
import { formatMetric, formatShort, isHigherBetter } from "./metrics.ts";
import { pointLabel } from "./points.ts";
import { SaveChart } from "./save_chart.tsx";
import type { LeaderboardState } from "./state.ts";

/** The study's points by two axes, coloured by a metric. */
export function Heatmap(
  { state, leaderboard, axes }: {
    readonly state: LeaderboardState;
    readonly leaderboard: Leaderboard;
    readonly axes: readonly RecipeFieldName[];
  },
): JSX.Element {
  const t = words(leaderboardWords);
  const { metric } = state.view.value;
  const map = heatmapOf(leaderboard.rows, axes, state.view.value);
  const heading = isRatePair(axes) ? t.heatmap.heading : t.heatmap.every;
  if (map === null) {
    return (
      <section class="heatmap" aria-labelledby="chart-heading">
        <ChartHead state={state} heading={heading} />
        <p class="faint">{t.heatmap.none}</p>
      </section>
    );
  }
  const title = titleOf(map, metric);
  return (
    <section class="heatmap" aria-labelledby="chart-heading">
      <ChartHead state={state} heading={heading} />
      {!isRatePair(axes) && <Plane state={state} map={map} axes={axes} />}
      <p class="printed">{title}</p>
      <HeatmapGrid {...{ state, map, metric, leaderboard }} />
      <Scale map={map} metric={metric} />
      <p class="hint">{t.heatmap.hint}</p>
      <SaveChart
        leaderboard={leaderboard}
        name={`heatmap-${metric}`}
        title={title}
        chart={() => drawn(map, metric)}
      />
    </section>
  );
}

/** Names the metric, the two axes and the values of the other axes. */
function titleOf({ down, across, held }: HeatmapModel, metric: MetricName) {
  const t = words(leaderboardWords);
  return [
    t.heatmap.caption(
      t.metrics[metric].name,
      axisLabel(down.axis),
      axisLabel(across.axis),
    ),
    ...held.map(({ axis, value }) => fieldLabel(axis, value)),
  ].join(t.axisChart.comma);
}

/** The choice of the two axes and of the values of the other axes. */
function Plane(
  { state, map: { down, across, held }, axes }: {
    readonly state: LeaderboardState;
    readonly map: HeatmapModel;
    readonly axes: readonly RecipeFieldName[];
  },
): JSX.Element {
  const t = words(leaderboardWords).heatmap;
  const choose = (side: "down" | "across", name: string) => {
    const axis = axes.find((one) => one === name);
    if (axis === undefined) return;
    const now = { down: down.axis, across: across.axis };
    const other = side === "down" ? "across" : "down";
    // If the other side has the chosen axis, the two sides swap axes.
    state.change({
      ...now,
      ...now[other] === axis ? { [other]: now[side] } : {},
      [side]: axis,
    });
  };
  const hold = ({ axis, values }: HeatmapSide, text: string) => {
    const slice: Params = {
      ...Object.fromEntries(held.map(({ axis, value }) => [axis, value])),
      [axis]: values.find((one) => formatValue(one) === text),
    };
    state.change({ slice });
  };
  return (
    <div class="plane">
      {([["down", down], ["across", across]] as const).map(([name, side]) => (
        <label key={name} class="select">
          <span>{t[name]}</span>
          <select
            value={side.axis}
            onChange={(event) => choose(name, event.currentTarget.value)}
          >
            {axes.map((axis) => (
              <option key={axis} value={axis}>{axisLabel(axis)}</option>
            ))}
          </select>
        </label>
      ))}
      {held.map((side) => (
        <label key={side.axis} class="select">
          <span>{axisLabel(side.axis)}</span>
          <select
            value={formatValue(side.value)}
            onChange={(event) => hold(side, event.currentTarget.value)}
          >
            {side.values.map(formatValue).map((value) => (
              <option key={value} value={value}>{value}</option>
            ))}
          </select>
        </label>
      ))}
      {held.length > 0 && <p class="hint">{t.held}</p>}
    </div>
  );
}

/** The page's heatmap is a table, so its picture is drawn on request. */
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
  const cells = map.cells.flat();
  const states = new Set(
    cells.flatMap((cell) => cell === null ? [] : [cell.state]),
  );
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
      <SignKey states={states}>
        {cells.includes(null) && (
          <li>
            <i class="heat-cell is-absent" aria-hidden="true" />
            {t.heatmap.states.absent}
          </li>
        )}
      </SignKey>
    </div>
  );
}

/** Width of the cells, by the number of columns. */
const densities = [
  // The cells show figures.
  { most: 12, name: "heat", rem: 2.75 },
  // The cells are large enough for a finger.
  { most: 24, name: "heat is-dense", rem: 1.45 },
  // The cells only show colours; the tooltip and the table have the figures.
  { most: Infinity, name: "heat is-dense is-tiny", rem: 0.62 },
] as const;

/** Width of a label's character in rem. */
const CHARACTER = 0.44;

const longest = ({ values }: HeatmapSide) =>
  values.reduce<number>(
    (most, value) => Math.max(most, formatValue(value).length),
    0,
  );

/** Steps in rows and columns, by key. */
const moves: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  Home: [0, -Infinity],
  End: [0, Infinity],
};

/** The cells. They are one tab stop; arrow keys move from cell to cell. */
function HeatmapGrid(
  { state, map, metric, leaderboard }: {
    readonly state: LeaderboardState;
    readonly map: HeatmapModel;
    readonly metric: MetricName;
    readonly leaderboard: Leaderboard;
  },
): JSX.Element {
  const { down, across } = map;
  const [focus, setFocus] = useState<readonly [number, number]>([0, 0]);
  const [touched, setTouched] = useState(false);
  const table = useRef<HTMLTableElement>(null);
  const last = [down.values.length - 1, across.values.length - 1] as const;
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
  const columns = across.values.length;
  const density = densities.find(({ most }) => columns <= most) ??
    densities[2];
  const corner = Math.max(2.6, longest(down) * CHARACTER + 0.8);
  const column = density === densities[0]
    ? Math.max(density.rem, longest(across) * CHARACTER + 0.6)
    : density.rem;
  const labels = [down, across].map(({ axis }) => axisName(axis));
  return (
    <div class="heat-scroll">
      <table
        class={density.name}
        style={{
          minWidth: `${corner + 0.4 + columns * column}rem`,
          maxWidth: `${corner + 0.4 + columns * 7}rem`,
        }}
        role="grid"
        aria-labelledby="chart-heading"
        aria-multiselectable="true"
        ref={table}
        onKeyDown={onKeyDown}
      >
        <caption class="hidden">{titleOf(map, metric)}</caption>
        <thead>
          <tr>
            <td class="corner" style={{ width: `${corner}rem` }} />
            <th class="axis-name" colSpan={columns}>{labels[1]} →</th>
          </tr>
          <tr>
            <th class="corner" scope="col">
              <span class="hidden">{labels[0]}</span>
            </th>
            {across.values.map((value, j) => (
              <th key={formatValue(value)} scope="col">
                <Label text={formatValue(value)} index={j} of={columns} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {down.values.map((value, i) => (
            <tr key={formatValue(value)}>
              <th scope="row">
                <Label
                  text={formatValue(value)}
                  index={i}
                  of={down.values.length}
                />
              </th>
              {across.values.map((other, j) => (
                <Cell
                  key={formatValue(other)}
                  params={pointOf(map, i, j)}
                  cell={map.cells[i]?.[j] ?? null}
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
      <p class="axis-below" aria-hidden="true">↑ {labels[0]}</p>
      <PointDetails
        study={leaderboard.study.id}
        row={touched ? map.cells[here[0]]?.[here[1]]?.row ?? null : null}
        metric={metric}
      />
    </div>
  );
}

/** The grid point of a cell, even if the study does not have it. */
function pointOf(
  { down, across, held }: HeatmapModel,
  i: number,
  j: number,
): Params {
  return {
    ...Object.fromEntries(held.map(({ axis, value }) => [axis, value])),
    [down.axis]: down.values[i],
    [across.axis]: across.values[j],
  };
}

/** A label; on a crowded side some are only for screen readers. */
function Label(
  { text, index, of }: {
    readonly text: string;
    readonly index: number;
    readonly of: number;
  },
): JSX.Element {
  const shown = isLabelShown(index, of);
  return <span class={shown ? "written" : "hidden"}>{text}</span>;
}

function Cell(
  { params, cell, metric, at, focusable, state, onFocus }: {
    readonly params: Params;
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
  // The label has the text of the cell; the tooltip has every digit.
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

/** A short figure, or the sign that replaces it. */
export function cellText(
  cell: HeatmapCell | null,
  metric: MetricName,
): string {
  if (cell === null) return "";
  return cell.value === null
    ? stateSigns[cell.state]
    : formatShort(metric, cell.value, formats.value);
}
