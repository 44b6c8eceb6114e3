import assert from "node:assert/strict";
import { LOSS_MARGIN, type MetricName } from "../../../protocol/metrics.ts";
import type { Params } from "../../../protocol/study.ts";
import { claimKinds } from "./registry.ts";
import { swapsOf } from "./swapped_pairs.ts";
import {
  analyserOf,
  progressOf,
  referenceStudy,
} from "../../../testing/studies/reference_study.ts";
import {
  normals,
  type Population,
  simulateStudy,
} from "../../../testing/studies/simulated_study.ts";

const boardOf = (replicates: number) =>
  analyserOf(referenceStudy({ replicates }, replicates))
    .leaderboard(progressOf(15 * replicates, 15 * replicates), 1);

Deno.test("swapsOf: differences are those of the verdicts' comparisons", () => {
  const { swaps, verdicts } = boardOf(5);
  assert.equal(swaps.length, 5);
  for (const metric of ["trainLoss", "testAccuracy"] as const) {
    const id = claimKinds.swap.claims.find((claim) =>
      claim.allOf === null && claim.metric === metric
    )?.id;
    const compared = verdicts.find(({ claimId }) => claimId === id)
      ?.comparisons ?? [];
    assert.equal(compared.length, swaps.length);
    for (const swap of swaps) {
      const figures = swap.metrics[metric];
      const comparison = compared.find(({ first: [first] }) =>
        first?.dropout1 === swap.lowerFirst.dropout1 &&
        first?.dropout2 === swap.lowerFirst.dropout2
      );
      assert.ok(comparison);
      assert.deepEqual(figures.difference, comparison.difference);
      // Holm never lowers a p-value.
      assert.ok((figures.pDifference ?? -1) >= (comparison.pDifference ?? 2));
      assert.ok((figures.pEquivalence ?? -1) >= (comparison.pEquivalence ?? 2));
    }
  }
});

Deno.test("swapsOf: replicates are the pairs behind the difference and the rows' means", () => {
  const { swaps, rows } = boardOf(4);
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const near = (a: number, b: number | null | undefined) =>
    assert.ok(Math.abs(a - (b ?? NaN)) < 2e-6, `${a} ${b}`);
  for (const { lowerFirst, higherFirst, metrics } of swaps) {
    const row = ({ dropout1, dropout2 }: Params) =>
      rows.find(({ params }) =>
        params.dropout1 === dropout1 && params.dropout2 === dropout2
      );
    for (const name of ["trainLoss", "testLoss", "testAccuracy"] as const) {
      const { replicates, difference } = metrics[name];
      assert.equal(replicates.length, 4);
      const [lower, higher] = [0, 1].map((side) =>
        replicates.map((pair) => pair[side] ?? NaN)
      );
      near(mean(lower ?? []), row(lowerFirst)?.metrics[name].mean);
      near(mean(higher ?? []), row(higherFirst)?.metrics[name].mean);
      near(mean(lower ?? []) - mean(higher ?? []), difference.mean);
    }
  }
});

Deno.test("swapsOf: the largest difference in training loss comes first", () => {
  const sizes = boardOf(3).swaps.map(({ metrics }) =>
    Math.abs(metrics.trainLoss.difference.mean ?? NaN)
  );
  assert.deepEqual(sizes, sizes.toSorted((a, b) => b - a));
});

Deno.test("swapsOf: one replicate has no interval, no p-value and no verdict", () => {
  for (const { metrics } of boardOf(1).swaps) {
    const { difference, pDifference, pEquivalence, verdict } =
      metrics.trainLoss;
    assert.equal(difference.n, 1);
    assert.equal(difference.low, null);
    assert.deepEqual([pDifference, pEquivalence], [null, null]);
    assert.equal(verdict, "open");
  }
});

Deno.test("swapsOf: a diverged replicate has no figure, and its pair comes first", () => {
  const study = referenceStudy({ replicates: 3 });
  const analyser = analyserOf(study);
  const trial = study.trials.find(({ params, replicate }) =>
    params.dropout1 === 0.3 && params.dropout2 === 0.1 && replicate === 1
  );
  assert.ok(trial);
  analyser.set(trial.trialId, { state: "queued", result: null });
  analyser.set(trial.trialId, {
    state: "completed",
    result: {
      outcome: "diverged",
      epochs: [],
      backend: "cpu",
      seconds: 1,
      divergedAtEpoch: 1,
    },
  });
  const [first] = analyser.leaderboard(progressOf(45, 45), 1).swaps;
  assert.deepEqual(first?.higherFirst, { dropout1: 0.3, dropout2: 0.1 });
  const { diverged, difference, replicates } = first.metrics.trainLoss;
  assert.equal(diverged, "higherFirst");
  assert.equal(difference.mean, null);
  assert.equal(replicates[1]?.[1], null);
  assert.notEqual(replicates[0]?.[1], null);
});

/** Verdicts on six pairs of points with these training losses. */
function simulate(
  lower: Population,
  higher: Population,
  replicates: number,
  seed: number,
) {
  const metrics = (
    loss: Population,
  ): Partial<Record<MetricName, Population>> => ({ trainLoss: loss });
  const points = Array.from({ length: 6 }, (_, i) => (i + 1) / 20).flatMap(
    (rate) => [
      { params: { dropout1: rate, dropout2: 0.9 }, metrics: metrics(lower) },
      { params: { dropout1: 0.9, dropout2: rate }, metrics: metrics(higher) },
    ],
  );
  const normal = normals(seed);
  return swapsOf(simulateStudy({ points, shared: 0.3 }, replicates, normal))
    .map(({ metrics: { trainLoss } }) => trainLoss.verdict);
}

const STUDIES = 600;

/** The share of studies with any such verdict, and of pairs with it. */
function shareOf(
  verdict: string,
  lower: Population,
  higher: Population,
  replicates: number,
) {
  let [studies, pairs] = [0, 0];
  for (let seed = 1; seed <= STUDIES; seed++) {
    const found = simulate(lower, higher, replicates, seed)
      .filter((name) => name === verdict).length;
    studies += Number(found > 0);
    pairs += found / 6;
  }
  return { anyPair: studies / STUDIES, pairs: pairs / STUDIES };
}

// 600 studies: twice the standard error of a rate of 5% is 1.8 points.
const MOST = 0.05 + 0.018;

Deno.test("swapsOf, calibrated: equal points are called different in at most 5% of studies", () => {
  const same = { mean: 0.35, sd: 0.02 };
  const { anyPair } = shareOf("different", same, same, 5);
  assert.ok(anyPair <= MOST, `${anyPair}`);
});

Deno.test("swapsOf, calibrated: points a margin apart are called equivalent in at most 5% of studies", () => {
  const lower = { mean: 0.35, sd: 0.003 };
  const higher = { mean: 0.35 + LOSS_MARGIN, sd: 0.003 };
  const { anyPair } = shareOf("equivalent", lower, higher, 5);
  assert.ok(anyPair <= MOST, `${anyPair}`);
});

Deno.test("swapsOf, calibrated: it detects clear differences", () => {
  const lower = { mean: 0.35, sd: 0.003 };
  const far = { mean: 0.35 + 4 * LOSS_MARGIN, sd: 0.003 };
  const different = shareOf("different", lower, far, 5).pairs;
  assert.ok(different > 0.99, `${different}`);
  const equivalent = shareOf("equivalent", lower, lower, 8).pairs;
  assert.ok(equivalent > 0.8, `${equivalent}`);
});
