import assert from "node:assert/strict";
import { probabilityBest } from "./probability_best.ts";
import { moments } from "./statistics.ts";
import { normals } from "../../../testing/studies/simulated_study.ts";

const sum = (values: readonly number[]) =>
  values.reduce((total, value) => total + value, 0);

function near(actual: number, expected: number, tolerance: number) {
  assert.ok(
    Math.abs(actual - expected) <= tolerance,
    `${actual} is not ${expected} within ${tolerance}`,
  );
}

/** The same probabilities by sampling from the posteriors. */
function drawn(points: readonly (readonly number[])[], draws: number) {
  const normal = normals(11);
  const replicates = points[0]?.length ?? 0;
  const effects = Array.from(
    { length: replicates },
    (_, r) => sum(points.map((values) => values[r] ?? NaN)) / points.length,
  );
  const known = points.map((values) => {
    const rest = values.map((value, r) => value - (effects[r] ?? NaN));
    const { mean, sd } = moments(rest);
    const inflation = Math.sqrt(points.length / (points.length - 1));
    return { mean, scale: sd * inflation / Math.sqrt(replicates) };
  });
  const wins = points.map(() => 0);
  for (let draw = 0; draw < draws; draw++) {
    let best = -1;
    let least = Infinity;
    known.forEach(({ mean, scale }, index) => {
      let squares = 0;
      for (let i = 1; i < replicates; i++) squares += normal() ** 2;
      const t = normal() / Math.sqrt(squares / (replicates - 1));
      const value = mean + scale * t;
      if (value < least) [best, least] = [index, value];
    });
    wins[best] = (wins[best] ?? 0) + 1;
  }
  return wins.map((count) => count / draws);
}

for (
  const [count, replicates] of [[2, 3], [15, 3], [15, 5], [60, 2]] as const
) {
  Deno.test(`probabilityBest: agrees with sampling, ${count} points x ${replicates}`, () => {
    const normal = normals(count * 10 + replicates);
    const points = Array.from(
      { length: count },
      (_, index) =>
        Array.from(
          { length: replicates },
          () => 0.3 + 0.002 * index + 0.004 * (1 + index % 3) * normal(),
        ),
    );
    const computed = probabilityBest(points);
    // The standard error of a sampled share is at most 0.005.
    drawn(points, 10_000).forEach((share, index) =>
      near(computed[index] ?? NaN, share, 0.02)
    );
    near(sum(computed), 1, 1e-9);
  });
}

Deno.test("probabilityBest: equal data give equal probabilities", () => {
  const values = [0.3, 0.32, 0.31];
  const shuffled = [values, [0.32, 0.31, 0.3], [0.31, 0.3, 0.32]];
  for (const share of probabilityBest(shuffled)) near(share, 1 / 3, 1e-3);
});

Deno.test("probabilityBest: a clearly best point has nearly all the probability", () => {
  const [best] = probabilityBest([
    [0.2, 0.201, 0.199, 0.2],
    [0.4, 0.402, 0.397, 0.401],
    [0.5, 0.497, 0.502, 0.499],
  ]);
  assert.ok((best ?? 0) > 0.999);
});

Deno.test("probabilityBest: an effect of a replicate on all points does not matter", () => {
  const points = [[0.3, 0.33, 0.31], [0.32, 0.34, 0.3], [0.35, 0.33, 0.37]];
  const effects = [0.5, -0.2, 0.1];
  const moved = points.map((values) =>
    values.map((value, r) => value + (effects[r] ?? 0))
  );
  const plain = probabilityBest(points);
  probabilityBest(moved).forEach((share, index) =>
    near(share, plain[index] ?? NaN, 1e-6)
  );
});

Deno.test("probabilityBest: missing values are left out of the pairing", () => {
  const found = probabilityBest([
    [0.3, 0.31, NaN],
    [0.4, 0.41, 0.5],
    [0.41, 0.4, 0.51],
  ]);
  near(sum(found), 1, 1e-9);
  // The third replicate is worse at every point, so it is no evidence against
  // the first point.
  assert.ok((found[0] ?? 0) > 0.9);
});

Deno.test("probabilityBest: points without spread give finite probabilities", () => {
  const found = probabilityBest([[0.3, 0.3], [0.4, 0.4], [0.5, 0.5]]);
  assert.ok((found[0] ?? 0) > 0.999);
  assert.ok(found.every((share) => share >= 0 && share <= 1));
});
