import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import type {
  Leaderboard,
  LeaderboardRow,
  MetricName,
} from "../../../protocol/leaderboard.ts";
import { DotPlot } from "../../components/charts/dot_plot.tsx";
import type { Mark } from "../../components/charts/marks.tsx";
import {
  marksScale,
  ValueChart,
  type ValueMark,
} from "../../components/charts/value_chart.tsx";
import { ChartTable } from "../../components/tables.tsx";
import { formats, words } from "../../components/language.ts";
import { leaderboardWords } from "../../i18n/language.ts";
import {
  axisLabel,
  axisName,
  fieldOf,
  formatValue,
  pointOrder,
  type RecipeFieldName,
  type RecipeValue,
} from "./axes.ts";
import { ChartHead, PointDetails, SignKey } from "./chart_parts.tsx";
import { Heatmap } from "./heatmap.tsx";
import { stateOf, stateSigns, valueOf } from "./heatmap_model.ts";
import { formatMetric } from "./metrics.ts";
import { pointKey, pointLabel } from "./points.ts";
import { SaveChart } from "./save_chart.tsx";
import type { LeaderboardState } from "./state.ts";

/**
 * The study's points by its axes: a heatmap for two or more axes, a chart for a
 * single axis.
 */
export function StudyChart(
  { state, leaderboard }: {
    readonly state: LeaderboardState;
    readonly leaderboard: Leaderboard;
  },
): JSX.Element {
  const { axes } = leaderboard.study;
  const [axis] = axes;
  return axes.length === 1 && axis !== undefined
    ? <AxisChart {...{ state, leaderboard, axis }} />
    : <Heatmap {...{ state, leaderboard, axes }} />;
}

/** A metric over the only axis: lines for numbers, rows for names or lists. */
export function AxisChart(
  { state, leaderboard, axis }: {
    readonly state: LeaderboardState;
    readonly leaderboard: Leaderboard;
    readonly axis: RecipeFieldName;
  },
): JSX.Element {
  const all = words(leaderboardWords);
  const t = all.axisChart;
  const frame = useRef<HTMLDivElement>(null);
  const [looked, look] = useState<string | null>(null);
  const { metric } = state.view.value;
  const order = pointOrder([axis]);
  const rows = leaderboard.rows.toSorted((a, b) => order(a.params, b.params));
  const marks = rows.map((row) => {
    const key = pointKey(row.params);
    return markOf(row, axis, metric, state.chosen.value.get(key) ?? null);
  });
  const numeric = marks.flatMap((mark, i): ValueMark[] => {
    const value = rows[i]?.params[axis];
    return typeof value === "number" ? [{ ...mark, value }] : [];
  });
  const isLine = fieldOf(axis).kind === "number";
  const name = axisLabel(axis);
  const title = t.title(all.metrics[metric].name, name);
  const spread = isLine ? marksScale(numeric).spread : "linear";
  const said = spread === "linear" ? t.key : `${t.key} ${t.spread[spread]}`;
  const chart = {
    label: t.chart(title, formats.value.integer(marks.length)),
    format: formats.value.fixed,
    onChoose: state.toggle,
    onLook: look,
  };
  return (
    <section class="heatmap" aria-labelledby="chart-heading">
      <ChartHead state={state} heading={t.heading(name)} />
      <p class="printed">{title}</p>
      <div class="chart-frame" ref={frame}>
        {isLine
          ? (
            <ValueChart
              {...chart}
              marks={numeric}
              xLabel={axisName(axis)}
            />
          )
          : (
            <DotPlot
              {...chart}
              marks={marks}
              xLabel={all.metrics[metric].short}
            />
          )}
      </div>
      <PointDetails
        study={leaderboard.study.id}
        row={rows.find((row) => pointKey(row.params) === looked) ?? null}
        metric={metric}
      />
      <div class="heat-key">
        <SignKey states={new Set(rows.map((row) => stateOf(row, metric)))} />
      </div>
      <p class="hint">{`${said} ${t.choose}`}</p>
      <SaveChart
        leaderboard={leaderboard}
        name={`${axis}-${metric}`}
        title={title}
        subtitle={said}
        chart={() => frame.current?.querySelector("svg") ?? null}
      />
      <ChartTable
        summary={t.asTable}
        caption={title}
        heads={[axisName(axis), t.mean, t.interval, t.count, t.each]}
        rows={rows.map((row) => cellsOf(row, axis, metric))}
      />
    </section>
  );
}

function markOf(
  row: LeaderboardRow,
  axis: RecipeFieldName,
  metric: MetricName,
  colour: number | null,
): Mark {
  const { axisChart: t, heatmap, metrics } = words(leaderboardWords);
  const mean = valueOf(row, metric);
  const { low, high, n } = row.metrics[metric];
  const figure = (value: number) => formatMetric(metric, value, formats.value);
  const state = stateOf(row, metric);
  const described = mean === null
    ? [state === "value" ? "" : heatmap.states[state]]
    : [
      `${metrics[metric].short} ${figure(mean)}`,
      ...low === null || high === null
        ? []
        : [t.between(figure(low), figure(high))],
      t.replicates(formats.value.integer(n)),
    ];
  return {
    key: pointKey(row.params),
    label: textOf(row.params[axis]),
    text: `${pointLabel(row.params)}: ${described.join(t.comma)}`,
    mean,
    low: mean === null ? null : low,
    high: mean === null ? null : high,
    sign: stateSigns[state],
    replicates: (row.byReplicate?.[metric] ?? [])
      .filter((value) => value !== null),
    colour,
  };
}

/** The figures of a grid point, for a row of the table. */
function cellsOf(
  { params, metrics, byReplicate }: LeaderboardRow,
  axis: RecipeFieldName,
  metric: MetricName,
): string[] {
  const { mean, low, high, n } = metrics[metric];
  const figure = (value: number | null) =>
    value === null ? "–" : formatMetric(metric, value, formats.value);
  const each = byReplicate?.[metric].map(figure) ?? [];
  return [
    textOf(params[axis]),
    figure(mean),
    low === null || high === null ? "–" : `${figure(low)} … ${figure(high)}`,
    formats.value.integer(n),
    each.length === 0 ? "–" : each.join(", "),
  ];
}

const textOf = (value: RecipeValue | undefined) =>
  value === undefined ? "" : formatValue(value);
