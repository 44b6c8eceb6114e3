import type { JSX } from "preact";
import type { Axis } from "./scale.ts";

/** A mean and its interval on an axis shared by a column of them. */
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
