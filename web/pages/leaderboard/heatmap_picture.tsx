import { pointKey } from "../../../protocol/grid_point.ts";
import type { JSX } from "preact";
import type { MetricName } from "../../../protocol/leaderboard.ts";
import { leaderboardWords } from "../../i18n/language.ts";
import { formats, words } from "../../components/language.ts";
import { HEAT_STEPS, type Heatmap, type HeatmapCell } from "./heatmap_model.ts";
import { formatShort, isHigherBetter } from "./metrics.ts";

/** Rates written along a side at most. */
const MOST_LABELS = 12;
const left = 52;
const top = 44;

/** The heatmap as one SVG: what is saved as a file. */
export function HeatmapPicture(
  { map, metric }: {
    readonly map: Heatmap;
    readonly metric: MetricName;
  },
): JSX.Element {
  const t = words(leaderboardWords);
  const [rows, columns] = [map.rates1.length, map.rates2.length];
  const cell = Math.max(8, Math.min(56, 640 / Math.max(rows, columns)));
  const tall = Math.min(cell, 36);
  const width = left + Math.max(columns * cell, 320);
  const foot = top + rows * tall;
  const height = foot + 66;
  const rate = formats.value.rate;
  const written = (index: number, of: number) =>
    index % Math.ceil(of / MOST_LABELS) === 0;
  return (
    <svg
      class="heat-picture"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
    >
      <text class="tick" x={left} y={14}>{t.heatmap.dropout2} →</text>
      {map.rates2.map((value, j) =>
        written(j, columns) && (
          <text
            key={value}
            class="tick"
            x={left + (j + 0.5) * cell}
            y={top - 8}
            text-anchor="middle"
          >
            {rate(value)}
          </text>
        )
      )}
      {map.rates1.map((value, i) =>
        written(i, rows) && (
          <text
            key={value}
            class="tick"
            x={left - 8}
            y={top + (i + 0.5) * tall}
            dy="0.32em"
            text-anchor="end"
          >
            {rate(value)}
          </text>
        )
      )}
      {map.rates1.map((rate1, i) =>
        map.rates2.map((rate2, j) => (
          <Cell
            key={`${rate1},${rate2}`}
            cell={map.cells.get(
              pointKey({ dropout1: rate1, dropout2: rate2 }),
            ) ?? null}
            metric={metric}
            x={left + j * cell}
            y={top + i * tall}
            width={cell}
            height={tall}
          />
        ))
      )}
      <text class="tick" x={left} y={foot + 18}>↑ {t.heatmap.dropout1}</text>
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
  const room = width >= 40;
  const gap = width < 16 ? 0.25 : 1;
  const sign = {
    value: "",
    running: "…",
    queued: "·",
    failed: "×",
    none: "–",
  }[cell.state];
  const text = cell.value === null
    ? sign
    : room
    ? formatShort(metric, cell.value, formats.value)
    : "";
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
