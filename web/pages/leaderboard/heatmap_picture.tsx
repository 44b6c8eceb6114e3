import type { JSX } from "preact";
import type { MetricName } from "../../../protocol/leaderboard.ts";
import { leaderboardWords } from "../../i18n/language.ts";
import { formats, words } from "../../components/language.ts";
import { axisName, formatValue } from "./axes.ts";
import { cellText } from "./heatmap.tsx";
import {
  HEAT_STEPS,
  type Heatmap,
  type HeatmapCell,
  isLabelShown,
  MOST_LABELS,
} from "./heatmap_model.ts";
import { formatShort, isHigherBetter } from "./metrics.ts";

/** Width of a label's character in CSS pixels. */
const CHARACTER = 7;
const top = 44;

/** The heatmap as SVG, for a file. */
export function HeatmapPicture(
  { map, metric }: {
    readonly map: Heatmap;
    readonly metric: MetricName;
  },
): JSX.Element {
  const t = words(leaderboardWords);
  const [down, across] = [map.down, map.across].map(({ axis, values }) => ({
    name: axisName(axis),
    labels: values.map(formatValue),
  }));
  const [rows, columns] = [down?.labels ?? [], across?.labels ?? []];
  const longest = (labels: readonly string[]) =>
    CHARACTER * labels.reduce((most, { length }) => Math.max(most, length), 0);
  const left = Math.max(52, longest(rows) + 16);
  const most = Math.max(rows.length, columns.length);
  const cell = most <= MOST_LABELS
    ? Math.max(56, longest(columns) + 10)
    : Math.max(8, Math.min(56, 640 / most));
  const tall = Math.min(cell, 36);
  const width = left + Math.max(columns.length * cell, 320);
  const foot = top + rows.length * tall;
  const height = foot + 66;
  return (
    <svg
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
    >
      <text class="tick" x={left} y={14}>{across?.name} →</text>
      {columns.map((label, j) =>
        isLabelShown(j, columns.length) && (
          <text
            key={label}
            class="tick"
            x={left + (j + 0.5) * cell}
            y={top - 8}
            text-anchor="middle"
          >
            {label}
          </text>
        )
      )}
      {rows.map((label, i) =>
        isLabelShown(i, rows.length) && (
          <text
            key={label}
            class="tick"
            x={left - 8}
            y={top + (i + 0.5) * tall}
            dy="0.32em"
            text-anchor="end"
          >
            {label}
          </text>
        )
      )}
      {map.cells.map((row, i) =>
        row.map((one, j) => (
          <Cell
            key={`${i},${j}`}
            cell={one}
            metric={metric}
            x={left + j * cell}
            y={top + i * tall}
            width={cell}
            height={tall}
          />
        ))
      )}
      <text class="tick" x={left} y={foot + 18}>↑ {down?.name}</text>
      {map.extent !== null && (
        <g transform={`translate(${left} ${foot + 34})`}>
          <text class="tick" x={0} y={11}>
            {formatShort(metric, map.extent[0], formats.value)}
          </text>
          {Array.from({ length: HEAT_STEPS }, (_, i) => (
            <rect
              key={i}
              class={`heat-${i} heat-fill`}
              x={46 + i * 16}
              width={16}
              height={13}
            />
          ))}
          <text class="tick" x={54 + HEAT_STEPS * 16} y={11}>
            {formatShort(metric, map.extent[1], formats.value)}{" "}
            {isHigherBetter(metric)
              ? t.table.higherIsBetter
              : t.table.lowerIsBetter}
          </text>
        </g>
      )}
    </svg>
  );
}

function Cell(
  { cell, metric, x, y, width, height }: {
    readonly cell: HeatmapCell | null;
    readonly metric: MetricName;
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
  },
): JSX.Element | null {
  const [cx, cy] = [x + width / 2, y + height / 2];
  if (cell === null) {
    return width < 16
      ? null
      : <circle class="heat-absent" cx={cx} cy={cy} r={1.5} />;
  }
  const gap = width < 16 ? 0.25 : 1;
  const text = cell.value === null || width >= 40 ? cellText(cell, metric) : "";
  return (
    <>
      <rect
        class={cell.step === null
          ? `heat-state is-${cell.state}`
          : `heat-${cell.step} heat-fill`}
        x={x + gap}
        y={y + gap}
        width={width - 2 * gap}
        height={height - 2 * gap}
        rx={width < 16 ? 0 : 3}
      />
      {text !== "" && (
        <text
          class={cell.step === null ? "tick" : `heat-${cell.step} heat-figure`}
          x={cx}
          y={cy}
          dy="0.34em"
          text-anchor="middle"
        >
          {text}
        </text>
      )}
    </>
  );
}
