import type { JSX } from "preact";
import { type Format, UprightAxis } from "./marks.tsx";
import { type Axis, linearAxis, useWidth } from "./scale.ts";

/** One end of a slope: a mean and its interval. */
export interface SlopeEnd {
  readonly label: string;
  readonly mean: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

/** Two points, and the difference between them. */
export interface Slope {
  readonly key: string;
  /** Shown above the panel. */
  readonly title: string;
  readonly tone: "different" | "equivalent" | "open";
  readonly left: SlopeEnd;
  readonly right: SlopeEnd;
  /** Both ends of each replicate; null if unknown. */
  readonly replicates: readonly (readonly [number | null, number | null])[];
  /** Half the height of the band around the left end. */
  readonly margin: number;
}

interface SlopeChartProps {
  readonly slopes: readonly Slope[];
  /** For screen readers. */
  readonly label: string;
  readonly format: Format;
}

const margin = { left: 46, right: 2 };
/** Minimum width of a panel, gap between panels, and heights of its parts. */
const panel = { width: 130, gap: 8, head: 26, plot: 168, foot: 30 };
/** Distance between the two ends, as a share of the panel's width. */
const reach = 0.56;
const panelHeight = panel.head + panel.plot + panel.foot;

/**
 * A panel for each pair, all on one axis. A row has as many panels as fit.
 * Callers add a table with the same figures.
 */
export function SlopeChart(props: SlopeChartProps): JSX.Element {
  const { slopes, format } = props;
  const [ref, width] = useWidth<HTMLDivElement>(640);
  const room = width - margin.left - margin.right;
  const columns = Math.max(
    1,
    Math.min(
      slopes.length,
      Math.floor((room + panel.gap) / (leastWidth(slopes, room) + panel.gap)),
    ),
  );
  const panelWidth = Math.min(
    2 * panel.width,
    (room - (columns - 1) * panel.gap) / columns,
  );
  const rows = Math.ceil(slopes.length / columns);
  const height = rows * panelHeight;
  const y = linearAxis(
    slopes.flatMap(valuesOf),
    [panel.head + panel.plot, panel.head],
    4,
  );
  const drawn = margin.left + columns * (panelWidth + panel.gap) - panel.gap;
  return (
    <div class="chart" ref={ref}>
      <svg
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={props.label}
      >
        {Array.from(
          { length: rows },
          (_, row) => (
            <g
              key={row}
              class="axes"
              transform={`translate(0 ${row * panelHeight})`}
            >
              <UprightAxis
                {...{ y, format }}
                left={margin.left}
                right={drawn}
              />
            </g>
          ),
        )}
        {slopes.map((slope, i) => (
          <g
            key={slope.key}
            class={`slope is-${slope.tone}`}
            transform={`translate(${
              margin.left + (i % columns) * (panelWidth + panel.gap)
            } ${Math.floor(i / columns) * panelHeight})`}
          >
            <Panel slope={slope} y={y} width={panelWidth} />
          </g>
        ))}
      </svg>
    </div>
  );
}

/** The width that the labels need, limited so that a phone fits two panels. */
function leastWidth(slopes: readonly Slope[], room: number): number {
  const characters = slopes.flatMap((
    { left, right },
  ) => [left.label.length, right.label.length]);
  const label = 6.2 * Math.max(0, ...characters);
  return Math.max(
    panel.width,
    Math.min(label / (1 - reach), (room - panel.gap) / 2),
  );
}

function valuesOf({ left, right, replicates }: Slope): number[] {
  return [left.mean, left.low, left.high, right.mean, right.low, right.high]
    .concat(replicates.flat()).filter((value) => value !== null);
}

function Panel(
  { slope, y, width }: {
    readonly slope: Slope;
    readonly y: Axis;
    readonly width: number;
  },
): JSX.Element {
  const { left, right } = slope;
  const [x1, x2] = [width * (1 - reach) / 2, width * (1 + reach) / 2];
  const [top, bottom] = [panel.head, panel.head + panel.plot];
  const clamp = (value: number) => Math.max(top, Math.min(bottom, y(value)));
  return (
    <>
      <text class="slope-title" x={width / 2} y={14} text-anchor="middle">
        {slope.title}
      </text>
      {left.mean !== null && (
        <rect
          class="margin"
          x={x1}
          width={x2 - x1}
          y={clamp(left.mean + slope.margin)}
          height={clamp(left.mean - slope.margin) -
            clamp(left.mean + slope.margin)}
        />
      )}
      {slope.replicates.map(([from, to], i) =>
        from !== null && to !== null && (
          <line
            key={i}
            class="replicate"
            x1={x1}
            x2={x2}
            y1={y(from)}
            y2={y(to)}
          />
        )
      )}
      {left.mean !== null && right.mean !== null && (
        <line
          class="mean-line"
          x1={x1}
          x2={x2}
          y1={y(left.mean)}
          y2={y(right.mean)}
        />
      )}
      <End end={left} x={x1} y={y} at={bottom} />
      <End end={right} x={x2} y={y} at={bottom} />
    </>
  );
}

function End(
  { end, x, y, at }: {
    readonly end: SlopeEnd;
    readonly x: number;
    readonly y: Axis;
    readonly at: number;
  },
): JSX.Element {
  const { label, mean, low, high } = end;
  return (
    <>
      <line class="upright" x1={x} x2={x} y1={panel.head} y2={at} />
      {low !== null && high !== null && (
        <path
          class="whisker"
          d={`M${x} ${y(low)}V${y(high)}M${x - 4} ${y(low)}h8M${x - 4} ${
            y(high)
          }h8`}
        />
      )}
      {mean !== null && <circle class="mean" cx={x} cy={y(mean)} r={4} />}
      <text class="tick" x={x} y={at + 18} text-anchor="middle">{label}</text>
    </>
  );
}
