import type { ComponentChildren, JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import type { Axis } from "./scale.ts";

/** Writes a number with this many decimals. */
export type Format = (value: number, decimals: number) => string;

/** Grid lines and numbers at the ticks of a chart's vertical axis. */
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

/** A grid point in a chart: mean, interval and replicates of one metric. */
export interface Mark {
  readonly key: string;
  /** The value of the axis, formatted. */
  readonly label: string;
  /** The whole mark in words, for screen readers. */
  readonly text: string;
  /** Null without a figure; then the chart shows `sign`. */
  readonly mean: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly sign: string;
  /** The figures of the replicates that have one. */
  readonly replicates: readonly number[];
  /** Colour of its curve; null if the curve is not shown. */
  readonly colour: number | null;
}

/** All numbers that a chart of these marks must show. */
export const valuesOf = (marks: readonly Mark[]): number[] =>
  marks.flatMap(({ mean, low, high, replicates }) =>
    [mean, low, high, ...replicates].filter((value) => value !== null)
  );

/** Steps from mark to mark, by key. */
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
  /** A mark got the pointer or the focus. */
  readonly onLook: (key: string) => void;
  /** The area in which a mark reacts to the pointer. */
  readonly area: (index: number) => {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
  };
  readonly draw: (mark: Mark, index: number) => ComponentChildren;
}

/** A chart's marks as buttons. They are one tab stop; arrow keys move on. */
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
 * Distance, from `near` to `far`, of replicate `index` of `count` from its
 * mean: replicates are side by side and do not cover the interval.
 */
export function besideMean(
  index: number,
  count: number,
  near: number,
  far: number,
): number {
  return near + (far - near) * (count === 1 ? 0 : index / (count - 1));
}
