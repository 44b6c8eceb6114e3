import type { JSX } from "preact";
import type { Format } from "./marks.tsx";
import { besideMean, type Mark, Marks, valuesOf } from "./marks.tsx";
import { linearAxis, useWidth } from "./scale.ts";

interface DotPlotProps {
  /** One mark for each row. */
  readonly marks: readonly Mark[];
  readonly label: string;
  readonly xLabel: string;
  readonly format: Format;
  readonly onChoose: (key: string) => void;
  readonly onLook: (key: string) => void;
}

const margin = { top: 8, right: 22, bottom: 42, gap: 12 };
/** Heights of rows in CSS pixels: `many` applies to charts with many rows. */
const rowHeight = { usual: 44, many: 26 };
const MANY = 12;
/** Width of a label's character in CSS pixels. */
const CHARACTER = 8.4;

/**
 * A metric over an axis of names or lists. Each value has a row with its mean,
 * its 95% interval and a dot for each replicate. Callers add a table.
 */
export function DotPlot(props: DotPlotProps): JSX.Element {
  const { marks, format } = props;
  const [ref, width] = useWidth<HTMLDivElement>(640);
  const longest = marks.reduce((n, { label }) => Math.max(n, label.length), 0);
  const left = Math.min(width * 0.4, longest * CHARACTER + 6) + margin.gap;
  const right = width - margin.right;
  const row = marks.length > MANY ? rowHeight.many : rowHeight.usual;
  const beside = [row / 5, row / 2.5] as const;
  const bottom = margin.top + marks.length * row;
  const height = bottom + margin.bottom;
  const ticks = Math.max(2, Math.floor((right - left) / 90));
  // Rounding the ends would cost width, which phones do not have.
  const x = linearAxis(valuesOf(marks), [left + 8, right], ticks, false);
  return (
    <div class="chart" ref={ref}>
      <svg
        class="marks"
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        role="group"
        aria-label={props.label}
      >
        <g class="axes" aria-hidden="true">
          {x.ticks.map((tick) => (
            <g key={tick}>
              <line
                class="grid"
                x1={x(tick)}
                x2={x(tick)}
                y1={margin.top}
                y2={bottom}
              />
              <text
                class="tick"
                x={x(tick)}
                y={bottom + 16}
                text-anchor="middle"
              >
                {format(tick, x.decimals)}
              </text>
            </g>
          ))}
          <text class="axis-name" x={right} y={height - 4} text-anchor="end">
            {props.xLabel}
          </text>
        </g>
        <Marks
          {...props}
          area={(i) => ({
            x: 1,
            y: margin.top + i * row + 1,
            width: width - 2,
            height: row - 2,
          })}
          draw={({ label, mean, low, high, replicates, sign }, i) => {
            const middle = margin.top + (i + 0.42) * row;
            return (
              <>
                <text
                  class="row-name"
                  x={left - margin.gap}
                  y={middle}
                  dy="0.34em"
                  text-anchor="end"
                >
                  {label}
                </text>
                {replicates.map((value, r) => (
                  <circle
                    key={r}
                    class="replicate"
                    cx={x(value)}
                    cy={middle + besideMean(r, replicates.length, ...beside)}
                    r={2.5}
                  />
                ))}
                {low !== null && high !== null && (
                  <path
                    class="whisker"
                    d={`M${x(low)} ${middle}H${x(high)}M${x(low)} ${
                      middle - 5
                    }v10M${x(high)} ${middle - 5}v10`}
                  />
                )}
                {mean === null
                  ? (
                    <text class="sign" x={left + 12} y={middle} dy="0.34em">
                      {sign}
                    </text>
                  )
                  : <circle class="mean" cx={x(mean)} cy={middle} r={5} />}
              </>
            );
          }}
        />
      </svg>
    </div>
  );
}
