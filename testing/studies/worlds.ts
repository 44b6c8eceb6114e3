import { ratesOf } from "../../protocol/grid_point.ts";
import type { VerdictName } from "../../protocol/leaderboard.ts";
import {
  byRankedMetric,
  metrics as metricTable,
  type RankedMetric,
} from "../../protocol/metrics.ts";
import { lowPoints } from "../../coordinator/analysis/claims/lowest.ts";
import {
  claimKinds,
  claims,
} from "../../coordinator/analysis/claims/registry.ts";
import { swappedPairs } from "../../coordinator/analysis/claims/swapped_pairs.ts";
import {
  type PointData,
  signOf,
  valuesOf,
} from "../../coordinator/analysis/study_data.ts";
import { guessedPoints, referencePoints } from "./reference_points.ts";
import {
  type Population,
  simulateStudy,
  type TrueStudy,
} from "./simulated_study.ts";

/** Simulated studies with known truth and different noise. */

const realPoints = [...referencePoints, ...guessedPoints].map((point) => ({
  params: point.params,
  metrics: {
    trainLoss: point.trainLoss,
    // Not in the reference: assumed near the test loss, with the same spread.
    trainLossDropoutOff: {
      mean: point.testLoss.mean - 0.07,
      sd: point.testLoss.sd,
    },
    testLoss: point.testLoss,
    testAccuracy: point.testAccuracy,
  } as Partial<Record<RankedMetric, Population>>,
}));

/** The real points and spreads with other means. */
function world(
  mean: (metric: RankedMetric, rates: readonly [number, number]) => number,
): TrueStudy {
  return {
    shared: 0.3,
    points: realPoints.map(({ params, metrics }) => {
      const { dropout1, dropout2 } = ratesOf(params);
      const rates = [dropout1, dropout2] as const;
      return {
        params,
        metrics: byRankedMetric((metric) => ({
          mean: mean(metric, rates),
          sd: metrics[metric]?.sd ?? 0.01,
        })),
      };
    }),
  };
}

/** The study `seed` with the means of PyTorch's runs. */
export const measured: TrueStudy = { points: realPoints, shared: 0.3 };

/** All points have the same mean. */
export const withoutEffect = world(() => 0.4);

/** Worlds in which the claims are true, false, or at the boundary. */
export const worlds: readonly (readonly [string, TrueStudy])[] = [
  ["as measured", measured],
  ["no effect at all", withoutEffect],
  [
    "the other way round",
    world((metric, [d1, d2]) => 0.4 - signOf(metric) * (0.1 * d1 + 0.15 * d2)),
  ],
  [
    // The higher rate in the first layer costs exactly the margin.
    "at the margin",
    world((metric, [d1, d2]) =>
      0.4 + (d1 > d2 ? signOf(metric) * metricTable[metric].margin : 0)
    ),
  ],
  [
    // Half a margin from each boundary, on the true side of the swap's.
    "a hair inside",
    world((metric, [d1, d2]) =>
      0.4 + signOf(metric) * (0.01 * (d1 + d2) +
          (d1 > d2 ? metricTable[metric].margin / 2 : 0))
    ),
  ],
];

/** The correct verdicts; at a boundary neither is correct. */
export function rightVerdicts(
  study: TrueStudy,
): Map<string, readonly VerdictName[]> {
  const [truth] = [simulateStudy(study, 1, () => 0)];
  const mean = (point: PointData, metric: RankedMetric) =>
    valuesOf(point, metric)[0] ?? NaN;
  // Means are decimals: differences below this are rounding errors.
  const verdictOf = (distance: number): readonly VerdictName[] =>
    Math.abs(distance) < 1e-9
      ? ["not-enough-evidence"]
      : [distance > 0 ? "supported" : "contradicted", "not-enough-evidence"];
  const { low, rivals } = lowPoints(truth);
  const right = new Map<string, readonly VerdictName[]>();
  for (const [{ id, metric, allOf }, kind] of claims) {
    if (allOf !== null) continue;
    const pairs = swappedPairs(truth).map(({ lowerFirst, higherFirst }) =>
      signOf(metric) * (mean(higherFirst, metric) - mean(lowerFirst, metric))
    );
    const lowMean = low.reduce((sum, point) => sum + mean(point, metric), 0) /
      low.length;
    if (kind === claimKinds.trend) {
      const rate = ({ params }: PointData) =>
        ratesOf(params).dropout1 + ratesOf(params).dropout2;
      const centre = truth.reduce((sum, point) => sum + rate(point), 0) /
        truth.length;
      right.set(
        id,
        verdictOf(
          truth.reduce(
            (sum, point) => sum + (rate(point) - centre) * mean(point, metric),
            0,
          ),
        ),
      );
    } else if (kind === claimKinds.lowest) {
      const leads = rivals.map((point) =>
        signOf(metric) * (mean(point, metric) - lowMean)
      );
      right.set(id, verdictOf(Math.min(...leads)));
    } else if (kind === claimKinds.swap) {
      const widest = Math.max(...pairs.map(Math.abs));
      right.set(id, verdictOf(metricTable[metric].margin - widest));
    } else if (kind === claimKinds.order) {
      right.set(id, verdictOf(pairs.reduce((sum, lead) => sum + lead, 0)));
    }
  }
  const parts = ["swap-train-loss", "swap-test-accuracy"]
    .map((id) => right.get(id) ?? []);
  const all = (name: VerdictName) => parts.every((part) => part.includes(name));
  const some = (name: VerdictName) => parts.some((part) => part.includes(name));
  right.set("swap", [
    "not-enough-evidence",
    ...(all("supported") ? ["supported" as const] : []),
    ...(some("contradicted") ? ["contradicted" as const] : []),
  ]);
  return right;
}

/** Normal noise with occasional spikes of five times its size. */
function spiky(normal: () => number): () => number {
  // Scaled to the variance of normal noise.
  const scale = 1 / Math.sqrt(0.95 + 0.05 * 25);
  return () => {
    const value = normal() * scale;
    return normal() > 1.645 ? 5 * value : value;
  };
}

/** Skewed noise: mostly slightly better, sometimes much worse. */
function skewed(normal: () => number): () => number {
  // Chi-square with one degree of freedom, at mean 0 and variance 1.
  return () => (normal() ** 2 - 1) / Math.SQRT2;
}

/** Functions from normal numbers to numbers with the same mean and variance. */
export const noises = {
  normal: (normal: () => number) => normal,
  spiky,
  skewed,
} as const;
