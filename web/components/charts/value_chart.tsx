// @ts-types="@types/d3-shape"
import { line } from "d3-shape";
import type { JSX } from "preact";
import {
  besideMean,
  type Format,
  type Mark,
  Marks,
  UprightAxis,
  valuesOf,
} from "./marks.tsx";
import { linearAxis, useWidth, type ValueScale, valueScale } from "./scale.ts";

/** A mark at a number on the study's axis. */
export interface ValueMark extends Mark {
  readonly value: number;
}

interface ValueChartProps {
  /** Ascending by value. */
  readonly marks: readonly ValueMark[];
  readonly label: string;
  readonly xLabel: string;
  readonly format: Format;
  readonly onChoose: (key: string) => void;
  readonly onLook: (key: string) => void;
}

const margin = { top: 14, right: 14, bottom: 40, left: 46 };
const height = 320;
/** Width of a digit in CSS pixels. */
const DIGIT = 7;

/**
 * A metric over a study's only axis: means joined by lines, 95% intervals and a
 * dot for each replicate. Callers add a table with the same figures.
 */
export function ValueChart(props: ValueChartProps): JSX.Element {
  const { marks, format } = props;
  const [ref, width] = useWidth<HTMLDivElement>(640);
  const right = width - margin.right;
  const bottom = height - margin.bottom;
  const x = marksScale(marks, [margin.left + 22, right - 22]);
  const y = linearAxis(valuesOf(marks), [bottom, margin.top], 5);
  const places = marks.map(({ value }) => x(value));
  const gap = Math.min(
    right - margin.left,
    ...places.slice(1).map((place, i) => place - (places[i] ?? 0)),
  );
  const half = Math.min(22, gap / 2);
  // Replicates are drawn in the gap to the next interval.
  const beside = [Math.min(9, gap / 4), Math.min(20, gap / 2)] as const;
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
          <UprightAxis {...{ y, right, format }} left={margin.left} />
          {written(marks, places).map((i) => (
            <text
              key={i}
              class="tick"
              x={places[i]}
              y={bottom + 18}
              text-anchor="middle"
            >
              {marks[i]?.label}
            </text>
          ))}
          <text class="axis-name" x={right} y={height - 4} text-anchor="end">
            {props.xLabel}
          </text>
        </g>
        <path
          class="means"
          d={line<ValueMark>()
            .defined(({ mean }) => mean !== null)
            .x(({ value }) => x(value))
            .y(({ mean }) => y(mean ?? 0))([...marks]) ?? ""}
        />
        <Marks
          {...props}
          area={(i) => ({
            x: (places[i] ?? 0) - half + 1,
            y: margin.top - 6,
            width: 2 * half - 2,
            height: bottom - margin.top + 12,
          })}
          draw={({ mean, low, high, replicates, sign }, i) => {
            const at = places[i] ?? 0;
            return (
              <>
                {replicates.map((value, r) => (
                  <circle
                    key={r}
                    class="replicate"
                    cx={at + besideMean(r, replicates.length, ...beside)}
                    cy={y(value)}
                    r={2.5}
                  />
                ))}
                {low !== null && high !== null && (
                  <path
                    class="whisker"
                    d={`M${at} ${y(low)}V${y(high)}M${at - 5} ${y(low)}h10M${
                      at - 5
                    } ${y(high)}h10`}
                  />
                )}
                {mean === null
                  ? (
                    <text
                      class="sign"
                      x={at}
                      y={bottom - 8}
                      text-anchor="middle"
                    >
                      {sign}
                    </text>
                  )
                  : <circle class="mean" cx={at} cy={y(mean)} r={5} />}
              </>
            );
          }}
        />
      </svg>
    </div>
  );
}

/** The scale of the marks' values. The chart's hint describes its spread. */
export function marksScale(
  marks: readonly ValueMark[],
  range: readonly [number, number] = [0, 1],
): ValueScale {
  return valueScale(marks.map(({ value }) => value), range);
}

/** Indices of the labels that do not overlap the label before them. */
function written(
  marks: readonly ValueMark[],
  places: readonly number[],
): number[] {
  let free = -Infinity;
  return marks.flatMap(({ label }, i) => {
    const half = label.length * DIGIT / 2;
    const at = places[i] ?? 0;
    if (at - half < free) return [];
    free = at + half + DIGIT;
    return [i];
  });
}
