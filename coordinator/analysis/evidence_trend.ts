import type { MetricName } from "../protocol/leaderboard.ts";
import type { Params } from "../protocol/study.ts";
import { concordance } from "./concordance.ts";
import { effectOf, type Evidence } from "./evidence.ts";
import {
  ALPHA,
  finiteMoments,
  moments,
  oneSided,
  replicatesToShow,
} from "./statistics.ts";
import { diverged, type PointData, valuesOf } from "./study_data.ts";

/** The effect is that of adding this much to both rates. */
export const RATE_STEP = 0.1;

const meanRate = ({ dropout1, dropout2 }: Params) => (dropout1 + dropout2) / 2;

/**
 * By replicate that all points have: the least-squares slope of the metric on
 * the mean of the two rates, for a step of `RATE_STEP`.
 */
function slopes(points: readonly PointData[], metric: MetricName): number[] {
  const rates = points.map(({ params }) => meanRate(params));
  const centre = moments(rates).mean;
  const squares = rates.reduce((sum, rate) => sum + (rate - centre) ** 2, 0);
  const columns = points.map((point) => valuesOf(point, metric));
  const replicates = columns[0]?.length ?? 0;
  const found: number[] = [];
  for (let replicate = 0; replicate < replicates; replicate++) {
    let sum = 0;
    rates.forEach((rate, index) => {
      sum += (rate - centre) * (columns[index]?.[replicate] ?? NaN);
    });
    if (!Number.isNaN(sum)) found.push(sum / squares * RATE_STEP);
  }
  return found;
}

function failingPoints(points: readonly PointData[]) {
  const failing: Params[] = [];
  const sometimesFailing: Params[] = [];
  for (const { params, cells } of points) {
    let [done, fails] = [0, 0];
    for (const { figures } of cells) {
      if (figures === null) continue;
      done += 1;
      if (!figures.passedLossCheck) fails += 1;
    }
    if (fails === 0) continue;
    (fails === done ? failing : sometimesFailing).push(params);
  }
  return { failing, sometimesFailing };
}

function haveThreeRates(points: readonly PointData[]): boolean {
  const rates = new Set<number>();
  for (const { params } of points) {
    rates.add(Math.round(meanRate(params) * 1e9));
    if (rates.size >= 3) return true;
  }
  return false;
}

/**
 * Does the metric rise with the rates? Each replicate gives one slope over all
 * points; a t test over replicates asks whether their mean is 0. Null where
 * the points have fewer than three different mean rates.
 */
export function trendEvidence(
  points: readonly PointData[],
  metric: MetricName,
): Evidence | null {
  if (!haveThreeRates(points)) return null;
  // A point that will never have all its replicates would take each of its
  // missing ones from every other point.
  const incomplete = (point: PointData) =>
    diverged(point) || point.cells.some(({ state }) => state === "quarantined");
  const used = points.filter((point) => !incomplete(point));
  const leftOut = points.filter(diverged).map(({ params }) => params);
  const values = haveThreeRates(used) ? slopes(used, metric) : [];
  const { above, below } = oneSided(values, 0);
  const { mean, sd } = moments(values);
  // A point of low rates that diverges speaks against the claim; leaving it
  // out must not help the claim.
  const middle = moments(used.map(({ params }) => meanRate(params))).mean;
  const flattering = leftOut.some((params) => meanRate(params) < middle);
  return {
    support: flattering ? 1 : Math.min(1, 2 * above),
    contradict: Math.min(1, 2 * below),
    effect: effectOf(values),
    replicates: values.length,
    comparisons: () => [],
    needed: (multiplier) =>
      replicatesToShow({
        distance: Math.abs(mean),
        sd,
        alpha: ALPHA / 2 / multiplier,
        power: 0.8,
      }),
    detail: {
      kind: "trend",
      points: used.length,
      ...failingPoints(points),
      ...concordance(used.map((point) => ({
        ...point.params,
        mean: finiteMoments(valuesOf(point, metric)).mean,
      }))),
      leftOut,
    },
  };
}
