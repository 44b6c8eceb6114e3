import { ratesOf } from "../../protocol/grid_point.ts";
import { tQuantile } from "../../coordinator/analysis/statistics/distributions.ts";
import type { Params } from "../../protocol/study.ts";
import { referencePoints } from "./reference.ts";

/**
 * What PyTorch's runs say of the notebook's conclusions. Of a point they give
 * mean and spread, not the runs: nothing is paired, so intervals are Welch's.
 */

type Metric = "trainLoss" | "testLoss" | "testAccuracy";
type Rates = readonly [number, number];

/** A weighted sum of means with its 95% interval. */
export interface Contrast {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

function finalOf([dropout1, dropout2]: Rates) {
  const found = referencePoints.find((point) =>
    point.dropout1 === dropout1 && point.dropout2 === dropout2
  );
  if (found === undefined) throw new Error(`no point: ${dropout1},${dropout2}`);
  return { ...found.final, n: found.replicates };
}

/** Welch (1947), Biometrika 34, 28-35; degrees of freedom by Satterthwaite. */
function contrast(
  metric: Metric,
  terms: readonly { readonly weight: number; readonly at: Rates }[],
): Contrast {
  let [mean, variance, rest] = [0, 0, 0];
  for (const { weight, at } of terms) {
    const { [metric]: figure, n } = finalOf(at);
    const part = weight ** 2 * figure.sd ** 2 / n;
    mean += weight * figure.mean;
    variance += part;
    rest += part ** 2 / (n - 1);
  }
  const half = tQuantile(0.975, variance ** 2 / rest) * Math.sqrt(variance);
  return { mean, low: mean - half, high: mean + half };
}

/** First point less second point. */
const differenceOf = (metric: Metric, first: Rates, second: Rates) =>
  contrast(metric, [{ weight: 1, at: first }, { weight: -1, at: second }]);

/** How much better the two points of the lowest rates are than this one. */
export function leadOfLowest(metric: Metric, rival: Rates): Contrast {
  const sign = metric === "testAccuracy" ? -1 : 1;
  return contrast(metric, [
    { weight: sign, at: rival },
    { weight: -sign / 2, at: [0.02, 0.02] },
    { weight: -sign / 2, at: [0.02, 0.05] },
  ]);
}

/** Least-squares slope of means on the mean rate, for 0.1 on both rates. */
export function slopeOf(
  points: readonly { readonly params: Params; readonly mean: number }[],
): number {
  const rate = ({ params }: { readonly params: Params }) =>
    (ratesOf(params).dropout1 + ratesOf(params).dropout2) / 2;
  const centre = points.reduce((sum, point) => sum + rate(point), 0) /
    points.length;
  let [sum, squares] = [0, 0];
  for (const point of points) {
    sum += (rate(point) - centre) * point.mean;
    squares += (rate(point) - centre) ** 2;
  }
  return 0.1 * sum / squares;
}

/** What PyTorch's runs say of the notebook's three conclusions. */
export const pytorch = {
  slope: slopeOf(
    referencePoints.map((point) => ({
      params: point,
      mean: point.final.trainLoss.mean,
    })),
  ),
  leads: {
    trainLoss: leadOfLowest("trainLoss", [0.1, 0.3]),
    testLoss: leadOfLowest("testLoss", [0.2, 0.2]),
    testAccuracy: leadOfLowest("testAccuracy", [0.2, 0.2]),
  },
  pair: {
    trainLoss: differenceOf("trainLoss", [0.1, 0.3], [0.3, 0.1]),
    testAccuracy: differenceOf("testAccuracy", [0.1, 0.3], [0.3, 0.1]),
  },
} as const;
