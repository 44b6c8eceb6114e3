import { byMetric, type MetricName } from "../../protocol/metrics.ts";
import type { Params } from "../../protocol/study.ts";
import type { PointData } from "../../coordinator/analysis/study_data.ts";

/**
 * A generator of standard normal numbers with a fixed seed, for tests and the
 * calibration: splitmix32 and the polar method of Marsaglia and Bray.
 */
export function normals(seed: number): () => number {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  };
  return () => {
    for (;;) {
      const [x, y] = [2 * uniform() - 1, 2 * uniform() - 1];
      const s = x * x + y * y;
      if (s > 0 && s < 1) return x * Math.sqrt(-2 * Math.log(s) / s);
    }
  };
}

/** A normal population of one metric at one point. */
export interface Population {
  readonly mean: number;
  readonly sd: number;
}

/** A study with known true means. */
export interface TrueStudy {
  readonly points: readonly {
    readonly params: Params;
    readonly metrics: Readonly<Partial<Record<MetricName, Population>>>;
  }[];
  /** Share of the variance that is common to all points of a replicate. */
  readonly shared: number;
}

const none = byMetric(() => NaN);

/** Draws a study's data: every replicate of every point, complete. */
export function simulateStudy(
  { points, shared }: TrueStudy,
  replicates: number,
  normal: () => number,
): PointData[] {
  const [common, own] = [Math.sqrt(shared), Math.sqrt(1 - shared)];
  const effects = Array.from({ length: replicates }, normal);
  return points.map(({ params, metrics }) => ({
    params,
    cells: effects.map((effect) => {
      const drawn = { ...none };
      for (const name of Object.keys(none)) {
        const metric = metrics[name as keyof typeof metrics];
        if (metric === undefined) continue;
        drawn[name as keyof typeof drawn] = metric.mean +
          metric.sd * (common * effect + own * normal());
      }
      return {
        state: "completed" as const,
        figures: {
          diverged: false,
          metrics: drawn,
          passedChecks: drawn.trainLoss < 0.5,
          passedLossCheck: drawn.trainLoss < 0.5,
          curves: { trainLoss: [], trainAccuracy: [], testAccuracy: [] },
        },
      };
    }),
  }));
}
