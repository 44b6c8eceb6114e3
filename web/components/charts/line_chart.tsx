import type { JSX } from "preact";
// @ts-types="@types/d3-shape"
import { area, curveLinear, line } from "d3-shape";
import { ChartTable } from "../tables.tsx";
import { formats } from "../language.ts";
import { type Format, UprightAxis } from "./marks.tsx";
import { type Axis, linearAxis, useWidth, wholeTicks } from "./scale.ts";

/** One line: a value for each epoch from 1. */
export interface Series {
  readonly key: string;
  readonly label: string;
  /** Index of a colour with its dashes: 0 … 7. */
  readonly colour: number;
  readonly values: readonly number[];
  /** Ends of the interval around each value; null without an interval. */
  readonly band?: readonly (readonly [number, number] | null)[];
}

interface LineChartProps {
  readonly series: readonly Series[];
  /** For screen readers. */
  readonly label: string;
  readonly xLabel: string;
  /** Epochs on the axis, also those without values. */
  readonly epochs: number;
  readonly format: Format;
  /** The epoch under the pointer, or null; shown as a vertical line. */
  readonly at: number | null;
  readonly onPoint: (epoch: number | null) => void;
  readonly height?: number;
  /** The ends of the vertical axis. Default: the values decide. */
  readonly domain?: readonly [number, number];
}

const margin = { top: 14, right: 14, bottom: 40, left: 46 };

/** Lines over epochs. Callers add a table with the same figures. */
export function LineChart(props: LineChartProps): JSX.Element {
  const { series, epochs, at } = props;
  const height = props.height ?? 320;
  const [ref, width] = useWidth<HTMLDivElement>(640);
  const right = width - margin.right;
  const bottom = height - margin.bottom;
  const x = linearAxis(
    [1, Math.max(2, epochs)],
    [margin.left, right],
    5,
    false,
  );
  const y = linearAxis(
    props.domain ?? series.flatMap(({ values, band = [] }) => [
      ...values,
      ...band.flatMap((ends) => ends ?? []),
    ]),
    [bottom, margin.top],
    Math.max(3, Math.round(height / (props.domain ? 36 : 64))),
    props.domain === undefined,
  );
  // Lines are clipped, but dots at the edge need this much room.
  const room = 6;
  const frame = {
    x: margin.left - room,
    y: margin.top - room,
    width: Math.max(1, right - margin.left + 2 * room),
    height: bottom - margin.top + 2 * room,
  };
  const point = (event: PointerEvent) => {
    const box = ref.current?.getBoundingClientRect();
    if (box === undefined) return;
    const share = (event.clientX - box.left - margin.left) /
      Math.max(1, right - margin.left);
    const epoch = Math.round(1 + share * (Math.max(2, epochs) - 1));
    props.onPoint(Math.min(epochs, Math.max(1, epoch)));
  };
  return (
    <div class="chart" ref={ref}>
      <svg
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={props.label}
        onPointerMove={point}
        onPointerDown={point}
        onPointerLeave={() => props.onPoint(null)}
      >
        <Axes
          {...{ x, y, right, bottom, height, epochs }}
          xLabel={props.xLabel}
          format={props.format}
        />
        {at !== null && (
          <line
            class="cursor"
            x1={x(at)}
            x2={x(at)}
            y1={margin.top}
            y2={bottom}
          />
        )}
        <svg
          {...frame}
          viewBox={`${frame.x} ${frame.y} ${frame.width} ${frame.height}`}
        >
          {series.map((one) => (
            <Line key={one.key} series={one} at={at} x={x} y={y} />
          ))}
        </svg>
      </svg>
    </div>
  );
}

function Line(
  { series, at, x, y }: {
    readonly series: Series;
    readonly at: number | null;
    readonly x: Axis;
    readonly y: Axis;
  },
): JSX.Element {
  const { values, band } = series;
  const here = at === null ? undefined : values[at - 1];
  return (
    <g class={`series series-${series.colour}`}>
      {band !== undefined && <path class="band" d={bandPath(band, x, y)} />}
      <path class="line" d={linePath(values, x, y)} />
      {values.length === 1 && values[0] !== undefined && (
        <circle class="dot" cx={x(1)} cy={y(values[0])} r={3} />
      )}
      {at !== null && here !== undefined && (
        <circle class="dot" cx={x(at)} cy={y(here)} r={4} />
      )}
    </g>
  );
}

function Axes(
  props: {
    readonly x: Axis;
    readonly y: Axis;
    readonly right: number;
    readonly bottom: number;
    readonly height: number;
    readonly epochs: number;
    readonly xLabel: string;
    readonly format: Format;
  },
): JSX.Element {
  const { x, y, right, bottom } = props;
  const most = Math.max(2, Math.floor((right - margin.left) / 44));
  return (
    <g class="axes">
      <UprightAxis {...{ y, right }} left={margin.left} format={props.format} />
      {wholeTicks(props.epochs, most).map((tick) => (
        <text
          key={tick}
          class="tick"
          x={x(tick)}
          y={bottom + 18}
          text-anchor="middle"
        >
          {tick}
        </text>
      ))}
      <text class="axis-name" x={right} y={props.height - 4} text-anchor="end">
        {props.xLabel}
      </text>
    </g>
  );
}

function linePath(values: readonly number[], x: Axis, y: Axis): string {
  return line<number>()
    .defined(Number.isFinite)
    .x((_, i) => x(i + 1))
    .y((value) => y(value))
    .curve(curveLinear)([...values]) ?? "";
}

function bandPath(
  band: readonly (readonly [number, number] | null)[],
  x: Axis,
  y: Axis,
): string {
  return area<readonly [number, number] | null>()
    .defined((ends) => ends !== null)
    .x((_, i) => x(i + 1))
    .y0((ends) => y(ends?.[0] ?? 0))
    .y1((ends) => y(ends?.[1] ?? 0))([...band]) ?? "";
}

/** A sample of a line, for a legend. */
export function Stroke(): JSX.Element {
  return (
    <svg class="stroke" viewBox="0 0 28 8" aria-hidden="true">
      <path class="line" d="M1 4h26" />
    </svg>
  );
}

/** The figures of the lines. */
export function SeriesTable(
  { series, epochs, caption, words }: {
    readonly series: readonly Series[];
    readonly epochs: number;
    readonly caption: string;
    readonly words: { readonly asTable: string; readonly epoch: string };
  },
): JSX.Element {
  return (
    <ChartTable
      summary={words.asTable}
      caption={caption}
      heads={[words.epoch, ...series.map(({ label }) => label)]}
      rows={Array.from({ length: epochs }, (_, i) => [
        i + 1,
        ...series.map(({ values: { [i]: value } }) =>
          value === undefined ? "–" : formats.value.fixed(value, 4)
        ),
      ])}
    />
  );
}
