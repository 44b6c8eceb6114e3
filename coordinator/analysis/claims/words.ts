import type { MetricName, VerdictName } from "../../../protocol/leaderboard.ts";
import type { Params, Text } from "../../../protocol/study.ts";
import { ALPHA, MOST_REPLICATES } from "../statistics/statistics.ts";
import { HALF } from "../study_data.ts";
import { type RankedMetric, rankedMetrics, RATE_STEP } from "./claims.ts";
import type { Detail } from "./evidence.ts";
import type { JudgedClaim } from "./judge.ts";

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

/** How the words write numbers down: one way, in both languages. */

const isShare = (metric: MetricName) =>
  metric === "trainAccuracy" || metric === "testAccuracy" ||
  metric === "testAccuracyFluctuation";

/** Fixed decimals, and no minus sign before a zero. */
function fixed(value: number, decimals: number): string {
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? text.replace("-", "") : text;
}

/** A figure of a metric: `0.3108`, or `85.74%` for shares. */
export function figure(metric: MetricName, value: number): string {
  return isShare(metric) ? `${fixed(value * 100, 2)}%` : fixed(value, 4);
}

/** A difference's digits alone: shares in percentage points. */
function digits(metric: MetricName, value: number): string {
  return isShare(metric) ? fixed(value * 100, 2) : fixed(value, 4);
}

const unit = (metric: MetricName): Text =>
  isShare(metric)
    ? { en: " percentage points", zh: " 个百分点" }
    : { en: "", zh: "" };

/** A difference: `0.0126`, or `0.32 percentage points`. */
export function difference(metric: MetricName, value: number): Text {
  const { en, zh } = unit(metric);
  const text = digits(metric, value);
  return { en: text + en, zh: text + zh };
}

/** A margin, without needless zeros: `0.01`, or `1 percentage point`. */
export function marginText(metric: MetricName, margin: number): Text {
  if (!isShare(metric)) return { en: `${margin}`, zh: `${margin}` };
  const points = Number((margin * 100).toFixed(6));
  return {
    en: plural(points, "percentage point", "percentage points"),
    zh: `${points} 个百分点`,
  };
}

/** A difference and its interval: `0.0126 [0.0041, 0.0211]`. */
export function withInterval(
  metric: MetricName,
  effect: {
    readonly estimate: number;
    readonly low: number | null;
    readonly high: number | null;
  },
): Text {
  const { en, zh } = unit(metric);
  const { estimate, low, high } = effect;
  const ends = low === null || high === null
    ? ""
    : ` [${digits(metric, low)}, ${digits(metric, high)}]`;
  const text = digits(metric, estimate) + ends;
  return { en: text + en, zh: text + zh };
}

/** `(0.2, 0.5)`: dropout1, dropout2. */
export function pointText({ dropout1, dropout2 }: Params): string {
  return `(${dropout1}, ${dropout2})`;
}

/** At most `most` points, and how many there are if that is not all. */
export function pointList(points: readonly Params[], most = 6): Text {
  const shown = points.slice(0, most).map(pointText);
  const all = points.length;
  if (all === shown.length) {
    return { en: shown.join(", "), zh: shown.join("、") };
  }
  return {
    en: `${shown.join(", ")} and others, ${all} in all`,
    zh: `${shown.join("、")}等 ${all} 个点`,
  };
}

/** `p = 0.034`, `p < 0.001`. */
export function pText(p: number): string {
  if (p < 0.001) return "p < 0.001";
  return p >= 0.9995 ? "p = 1" : `p = ${fixed(p, 3)}`;
}

/** A probability as a whole percentage: `43%`; the ends stay open. */
export function percent(probability: number): string {
  if (probability > 0.99 && probability < 1) return "> 99%";
  if (probability < 0.01 && probability > 0) return "< 1%";
  return `${fixed(probability * 100, 0)}%`;
}

/** `1 replicate`, `3 replicates`. */
export function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Joins sentences; Chinese ones stand without a space. */
export function sentences(texts: readonly (Text | null)[]): Text {
  const all = texts.filter((text) => text !== null);
  return {
    en: all.map(({ en }) => en).join(" "),
    zh: all.map(({ zh }) => zh).join(""),
  };
}
