import type { ComponentChildren, JSX } from "preact";
import { useRef, useState } from "preact/hooks";
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

/** A grid point in a chart: its mean, interval and replicates by one metric. */
export interface Mark {
  readonly key: string;
  /** The value of the axis, as people read it. */
  readonly label: string;
  /** All of it in words, for those who do not see the chart. */
  readonly text: string;
  /** Null where there is no figure; then `sign` stands in its place. */
  readonly mean: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly sign: string;
  /** Of the replicates that have one. */
  readonly replicates: readonly number[];
  /** Of its curve, where that is shown. */
  readonly colour: number | null;
}

/** All numbers that a chart of these marks has to find room for. */
export const valuesOf = (marks: readonly Mark[]): number[] =>
  marks.flatMap(({ mean, low, high, replicates }) =>
    [mean, low, high, ...replicates].filter((value) => value !== null)
  );

/** Moves among marks, for each key that moves. */
const moves: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowUp: -1,
  ArrowRight: 1,
  ArrowDown: 1,
  Home: -Infinity,
  End: Infinity,
};

interface MarksProps {
  readonly marks: readonly Mark[];
  /** A mark was clicked, or chosen with the keyboard. */
  readonly onChoose: (key: string) => void;
  /** A mark is pointed at or focused. */
  readonly onLook: (key: string) => void;
  /** Where a mark takes the pointer. */
  readonly area: (index: number) => {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
  };
  readonly draw: (mark: Mark, index: number) => ComponentChildren;
}

/** A chart's marks as buttons with one tab stop: arrow keys move among them. */
export function Marks(
  { marks, onChoose, onLook, area, draw }: MarksProps,
): JSX.Element {
  const [at, setAt] = useState(0);
  const group = useRef<SVGGElement>(null);
  const last = marks.length - 1;
  const here = Math.min(at, last);
  const onKeyDown = (event: KeyboardEvent, key: string) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      onChoose(key);
      return;
    }
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(last, here + move));
    setAt(next);
    const found = group.current?.children[next];
    if (found instanceof SVGElement) found.focus();
  };
  return (
    <g ref={group}>
      {marks.map((mark, i) => (
        <g
          key={mark.key}
          class={mark.colour === null
            ? "mark"
            : `mark is-chosen series-${mark.colour}`}
          role="button"
          tabIndex={i === here ? 0 : -1}
          aria-label={mark.text}
          aria-pressed={mark.colour !== null}
          onFocus={() => {
            setAt(i);
            onLook(mark.key);
          }}
          onPointerEnter={() => onLook(mark.key)}
          onClick={() => onChoose(mark.key)}
          onKeyDown={(event) => onKeyDown(event, mark.key)}
        >
          <rect class="target" rx={4} {...area(i)} />
          {draw(mark, i)}
        </g>
      ))}
    </g>
  );
}

/**
 * How far from its mean replicate `index` of `count` is drawn, from `near` to
 * `far`: side by side, and clear of the interval.
 */
export function besideMean(
  index: number,
  count: number,
  near: number,
  far: number,
): number {
  return near + (far - near) * (count === 1 ? 0 : index / (count - 1));
}
