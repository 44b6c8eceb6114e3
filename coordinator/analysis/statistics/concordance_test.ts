import assert from "node:assert/strict";
import { concordance, type MeasuredPoint } from "./concordance.ts";
import { normals } from "../../../testing/studies/simulated_study.ts";

/** The definition, counted pair by pair. */
function pairByPair(points: readonly MeasuredPoint[]) {
  let [comparable, inOrder] = [0, 0];
  points.forEach((a, i) => {
    points.forEach((b, j) => {
      if (i === j || Number.isNaN(a.mean) || Number.isNaN(b.mean)) return;
      if (a.first > b.first || a.second > b.second) return;
      comparable += 1;
      if (a.mean < b.mean) inOrder += 1;
    });
  });
  return { comparable, inOrder };
}

/** Each pair of rates once, in random order. */
function pointsOf(
  rates1: readonly number[],
  rates2: readonly number[],
  mean: (first: number, second: number) => number,
  normal: () => number,
): MeasuredPoint[] {
  return rates1.flatMap((first) =>
    rates2.map((second) => ({
      point: { first, second, mean: mean(first, second) },
      place: normal(),
    }))
  ).sort((a, b) => a.place - b.place).map(({ point }) => point);
}

Deno.test("concordance equals a count pair by pair", () => {
  const normal = normals(7);
  for (const side of [0, 1, 2, 3, 5, 8, 13, 17]) {
    const rates = Array.from({ length: side }, (_, i) => i / 20);
    for (
      const mean of [
        (a: number, b: number) => a + b,
        (a: number, b: number) => -a - b,
        () => normal(),
        // With ties and points without a figure.
        () => Math.round(normal()),
        () => normal() > 1 ? NaN : normal(),
        () => 0.5,
      ]
    ) {
      const points = pointsOf(rates, rates.slice(0, 9), mean, normal);
      assert.deepEqual(concordance(points), pairByPair(points));
    }
  }
});

Deno.test("concordance of a surface that rises with both rates is complete", () => {
  const rates = [0, 0.1, 0.2, 0.3];
  const points = pointsOf(rates, rates, (a, b) => a + b, normals(1));
  // Without the pairs of a point with itself: (4 * 5 / 2) ** 2 - 16.
  assert.deepEqual(concordance(points), { comparable: 84, inOrder: 84 });
});
