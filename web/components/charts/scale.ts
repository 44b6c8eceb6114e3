// @ts-types="@types/d3-array"
import { nice as roundEnds, ticks as roundTicks } from "d3-array";
import type { RefObject } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

/** A function from data to pixels, linear, with ticks at round numbers. */
export interface Axis {
  (value: number): number;
  readonly ticks: readonly number[];
  /** Decimals with which the ticks differ. */
  readonly decimals: number;
  readonly domain: readonly [number, number];
}

/**
 * An axis over the finite numbers of `values`. If `nice`, its ends move out to
 * round numbers. Without values it is [0, 1]; equal values get some room.
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

/** How the values of a study's axis are spread along a chart's side. */
export type Spread = "linear" | "logarithmic" | "even";

/** A function from a value of a study's axis to its place on a chart. */
export interface ValueScale {
  (value: number): number;
  readonly spread: Spread;
}

/**
 * A scale that keeps values apart: linear if no gap is much smaller than the
 * mean gap; else logarithmic, if all values are positive and that separates
 * them; else with equal gaps.
 *
 * @param values ascending, each once
 */
export function valueScale(
  values: readonly number[],
  [start, end]: readonly [number, number],
): ValueScale {
  const even = new Map(values.map((value, i) => [value, i]));
  const transforms: Readonly<Record<Spread, (value: number) => number>> = {
    linear: (value) => value,
    logarithmic: Math.log,
    even: (value) => even.get(value) ?? 0,
  };
  const tightest = (spread: Spread) => closest(values.map(transforms[spread]));
  const spread: Spread = tightest("linear") >= 0.35
    ? "linear"
    : (values[0] ?? 0) > 0 && tightest("logarithmic") >= 0.15
    ? "logarithmic"
    : "even";
  const transform = transforms[spread];
  const [low, high] = [
    transform(values[0] ?? 0),
    transform(values.at(-1) ?? 0),
  ];
  const scale = (value: number) =>
    low === high
      ? (start + end) / 2
      : start + (transform(value) - low) / (high - low) * (end - start);
  return Object.assign(scale, { spread });
}

/** The smallest gap divided by the mean gap; 1 without gaps. */
function closest(places: readonly number[]): number {
  const gaps = places.slice(1).map((place, i) => place - (places[i] ?? 0));
  if (gaps.length === 0) return 1;
  const mean = gaps.reduce((a, b) => a + b) / gaps.length;
  return gaps.reduce((a, b) => Math.min(a, b)) / mean;
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
 * The current width of an element in CSS pixels. Charts are not scaled, so that
 * their text is as large as the page's.
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
