import type {
  Leaderboard,
  LeaderboardRow,
  MetricName,
  Verdict,
} from "../../../protocol/leaderboard.ts";
import { isHigherBetter } from "../leaderboard/metrics.ts";

/** The claims about each of the notebook's conclusions, in reading order. */
export const conclusionClaims = {
  high: ["high-rates"],
  lowest: [
    "lowest-train-loss",
    "lowest-train-loss-dropout-off",
    "lowest-test-loss",
    "lowest-test-accuracy",
  ],
  swap: [
    "swap",
    "swap-train-loss",
    "swap-test-accuracy",
    "order-train-loss",
    "order-test-accuracy",
  ],
} as const satisfies Record<string, readonly string[]>;

export type Conclusion = keyof typeof conclusionClaims;
export const conclusions: readonly Conclusion[] = ["high", "lowest", "swap"];

/** The verdicts on a conclusion. A study may lack some of them. */
export function verdictsOn(
  conclusion: Conclusion,
  { verdicts }: Pick<Leaderboard, "verdicts">,
): Verdict[] {
  const claims: readonly string[] = conclusionClaims[conclusion];
  return claims.flatMap((id) => verdicts.filter((v) => v.claimId === id));
}

/**
 * Points with a mean of this metric, the best one first. Points with a diverged
 * replicate come after all others.
 */
export function ranked(
  rows: readonly LeaderboardRow[],
  metric: MetricName,
): LeaderboardRow[] {
  const sign = isHigherBetter(metric) ? -1 : 1;
  return rows.filter((row) => row.metrics[metric].mean !== null).toSorted(
    (a, b) =>
      Number(a.diverged > 0) - Number(b.diverged > 0) ||
      sign * ((a.metrics[metric].mean ?? 0) - (b.metrics[metric].mean ?? 0)),
  );
}

/**
 * The smallest and the largest standard deviation over replicates at one
 * point; null where no point has two replicates.
 */
export function spreadOf(
  rows: readonly LeaderboardRow[],
  metric: MetricName,
): readonly [number, number] | null {
  const sds = rows.flatMap((row) => row.metrics[metric].sd ?? []);
  return sds.length === 0 ? null : [Math.min(...sds), Math.max(...sds)];
}

/** The parts of a study that concern an error of the notebook. */
export interface ErrorEvidence {
  /** Ids of the study's remarks. */
  readonly remarks?: readonly string[];
  /** Ids of the claims whose headlines are quoted. */
  readonly claims?: readonly string[];
  /** Quote the best point of each metric. */
  readonly ranking?: true;
  /** Quote the standard deviation over replicates. */
  readonly spread?: true;
}

/** The notebook's errors, in the order of its cells. */
export const errorIds = [
  "annealing",
  "assertion",
  "columns",
  "headings",
  "lower",
  "contradiction",
  "yardstick",
  "single",
  "order",
] as const;
export type ErrorId = typeof errorIds[number];

export const errorEvidence: Readonly<Record<ErrorId, ErrorEvidence>> = {
  annealing: {},
  assertion: {},
  columns: {},
  headings: {},
  lower: { remarks: ["lower-trainLoss-0.5-0.8-than-0.2-0.5"] },
  contradiction: {
    remarks: [
      "higher-trainLoss-0.02-0.02-than-0.2-0.2",
      "value-trainLoss-0.2-0.2",
      "value-trainLoss-0.02-0.02",
    ],
  },
  yardstick: { ranking: true },
  single: { spread: true },
  order: { claims: ["swap-train-loss", "swap-test-accuracy"] },
};
