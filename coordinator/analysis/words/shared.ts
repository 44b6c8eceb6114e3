import type { VerdictName } from "../../protocol/leaderboard.ts";
import type { Text } from "../../protocol/study.ts";
import { type RankedMetric, rankedMetrics } from "../claims.ts";
import type { Detail } from "../evidence.ts";
import { RATE_STEP } from "../evidence_trend.ts";
import type { JudgedClaim } from "../judge.ts";
import { ALPHA, MOST_REPLICATES } from "../statistics.ts";
import { HALF } from "../trial_figures.ts";
import { plural, pText } from "./format.ts";

/** Headline and evidence of a verdict. */
export interface ClaimWords {
  readonly headline: Text;
  readonly evidence: Text;
}

/** The detail of one kind of claim. */
export type DetailOf<K extends Detail["kind"]> = Extract<Detail, { kind: K }>;

/** A verdict in words, as a headline begins with it. */
export const verdictWords: Readonly<Record<VerdictName, Text>> = {
  supported: { en: "Supported", zh: "成立" },
  contradicted: { en: "Contradicted", zh: "不成立" },
  "not-enough-evidence": { en: "Not enough evidence", zh: "证据不足" },
};

/** Numbers of the method that any sentence may quote, by name. */
export const quotedConstants = {
  confidencePercent: 100 * (1 - ALPHA),
  levelPercent: 100 * ALPHA,
  rateStep: RATE_STEP,
  lossLimit: HALF,
  leastReplicates: 2,
  mostReplicates: MOST_REPLICATES,
} as const;

/** The metric that a claim is judged by. */
export function rankedMetric(judged: JudgedClaim): RankedMetric {
  return rankedMetrics.find((name) => name === judged.claim.metric) ??
    "trainLoss";
}

/** ` (95% interval, 3 replicates, Holm-adjusted p < 0.001)` */
export function basis({ replicates, pAdjusted, effect }: JudgedClaim): Text {
  const { confidencePercent } = quotedConstants;
  const hasInterval = effect !== null && effect.low !== null;
  const p = pAdjusted === null ? null : pText(pAdjusted);
  const en = [
    hasInterval ? `${confidencePercent}% interval` : null,
    plural(replicates, "replicate", "replicates"),
    p && `Holm-adjusted ${p}`,
  ];
  const zh = [
    hasInterval ? `${confidencePercent}% 区间` : null,
    `${replicates} 次重复`,
    p && `Holm 校正后 ${p}`,
  ];
  return {
    en: ` (${en.filter((part) => part !== null).join(", ")})`,
    zh: `（${zh.filter((part) => part !== null).join("，")}）`,
  };
}
