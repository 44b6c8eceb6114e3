import { nice as roundEnds, ticks as roundTicks } from "d3-array";
import type { RefObject } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

// @ts-types="@types/d3-array"

/** A linear axis: from data to pixels, with ticks at round numbers. */
export interface Axis {
  (value: number): number;
  readonly ticks: readonly number[];
  /** Decimals that the ticks need to be told apart. */
  readonly decimals: number;
  readonly domain: readonly [number, number];
}

/**
 * An axis over the finite ones of `values`, its ends moved out to round
 * numbers. No values give the axis [0, 1]; equal ones get room around them.
 */
export function linearAxis(
  values: Iterable<number>,
  range: readonly [number, number],
  tickCount: number,
  nice = true,
): Axis {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) [low, high] = [0, 1];
  if (low === high) {
    const room = Math.abs(low) * 0.1 || 0.5;
    [low, high] = [low - room, high + room];
  }
  const [from, to] = nice ? roundEnds(low, high, tickCount) : [low, high];
  const ticks = roundTicks(from, to, tickCount);
  const step = ticks.length > 1
    ? Math.abs((ticks[1] ?? 0) - (ticks[0] ?? 0))
    : 1;
  const decimals = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
  const [start, end] = range;
  return Object.assign(
    (value: number) => start + (value - from) / (to - from) * (end - start),
    {
      ticks,
      decimals: Number.isFinite(decimals) ? decimals : 0,
      domain: [from, to] as const,
    },
  );
}

/** Ticks at whole numbers from 1 to `count`, at most about `most` of them. */
export function wholeTicks(count: number, most: number): number[] {
  if (count <= 0) return [];
  const rough = count / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(Math.max(1, rough)));
  const step = Math.max(
    1,
    [1, 2, 5, 10].map((factor) => factor * power).find((s) => s >= rough) ??
      10 * power,
  );
  const ticks = [1];
  for (let tick = step; tick <= count; tick += step) {
    if (tick > 1) ticks.push(tick);
  }
  return ticks;
}

/**
 * The width of an element in CSS pixels, followed as it changes: charts are
 * drawn at their true size, so that their text is as large as the page's.
 */
export function useWidth<T extends HTMLElement>(
  usual: number,
): [RefObject<T | null>, number] {
  const ref = useRef<T>(null);
  const [width, setWidth] = useState(usual);
  useLayoutEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const measure = () => setWidth(Math.max(120, element.clientWidth));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}
