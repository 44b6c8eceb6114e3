import type { JSX } from "preact";
import type { Axis } from "./scale.ts";

/** Writes a number with so many decimals. */
export type Format = (value: number, decimals: number) => string;

/** Lines across a chart at the ticks of its upright axis, and their numbers. */
export function UprightAxis(
  { y, left, right, format }: {
    readonly y: Axis;
    readonly left: number;
    readonly right: number;
    readonly format: Format;
  },
): JSX.Element {
  return (
    <>
      {y.ticks.map((tick) => (
        <g key={tick}>
          <line class="grid" x1={left} x2={right} y1={y(tick)} y2={y(tick)} />
          <text
            class="tick"
            x={left - 8}
            y={y(tick)}
            dy="0.32em"
            text-anchor="end"
          >
            {format(tick, y.decimals)}
          </text>
        </g>
      ))}
    </>
  );
}
