// @ts-types="@types/d3-shape"
import { line } from "d3-shape";
import type { JSX } from "preact";
import { type Axis, linearAxis } from "./scale.ts";

const width = 60;

const height = 22;

/** A function from a value to its height, for all lines of a column. */
export type SparkScale = Axis;

/** One scale for all lines, so that readers can compare them. */
export function sparkScale(
  lines: readonly (readonly number[])[],
): SparkScale {
  return linearAxis(lines.flat(), [height - 3, 3], 2, false);
}

/** A word-sized line with a value for each epoch. */
export function Sparkline(
  { values, scale, epochs, label }: {
    readonly values: readonly number[];
    readonly scale: SparkScale;
    /** Epochs over the whole width, also those without values. */
    readonly epochs: number;
    readonly label: string;
  },
): JSX.Element | null {
  const last = values.at(-1);
  if (last === undefined) return null;
  const x = linearAxis([1, Math.max(2, epochs)], [2, width - 4], 2, false);
  const path = line<number>()
    .defined(Number.isFinite)
    .x((_, i) => x(i + 1))
    .y((value) => scale(value))([...values]) ?? "";
  return (
    <svg
      class="spark"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={label}
    >
      <path d={path} />
      <circle cx={x(values.length)} cy={scale(last)} r={2} />
    </svg>
  );
}

/** A mean and its interval, on the axis of a whole column. */
export function Interval(
  { axis, width, mean, low, high }: {
    readonly axis: Axis;
    readonly width: number;
    readonly mean: number;
    readonly low: number | null;
    readonly high: number | null;
  },
): JSX.Element {
  const middle = 10;
  return (
    <svg
      class="interval"
      width={width}
      height={20}
      viewBox={`0 0 ${width} 20`}
      aria-hidden="true"
    >
      {axis.ticks.map((tick) => (
        <line
          key={tick}
          class="grid"
          x1={axis(tick)}
          x2={axis(tick)}
          y1={0}
          y2={20}
        />
      ))}
      {low !== null && high !== null && (
        <path
          class="whisker"
          d={`M${axis(low)} ${middle}H${axis(high)}M${axis(low)} 6v8M${
            axis(high)
          } 6v8`}
        />
      )}
      <circle
        class={low === null ? "mean alone" : "mean"}
        cx={axis(mean)}
        cy={middle}
        r={3.5}
      />
    </svg>
  );
}
