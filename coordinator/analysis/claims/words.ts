import type { VerdictName } from "../../../protocol/leaderboard.ts";
import { pointText } from "../../../protocol/grid_point.ts";
import { type MetricName, metrics } from "../../../protocol/metrics.ts";
import type { Params, Text } from "../../../protocol/study.ts";
import { LOSS_LIMIT } from "../../../protocol/training.ts";
import { ALPHA, MOST_REPLICATES } from "../statistics/statistics.ts";
import type { Effect, Judgement } from "./claim.ts";

/** A verdict in words, as a headline begins with it. */
export const verdictWords: Readonly<Record<VerdictName, Text>> = {
  supported: { en: "Supported", zh: "成立" },
  contradicted: { en: "Contradicted", zh: "不成立" },
  "not-enough-evidence": { en: "Not enough evidence", zh: "证据不足" },
};

/** The same inside a sentence, after the claim's name. */
export const verdictInText: Readonly<Record<VerdictName, Text>> = {
  supported: { en: "supported", zh: verdictWords.supported.zh },
  contradicted: { en: "contradicted", zh: verdictWords.contradicted.zh },
  "not-enough-evidence": {
    en: "not enough evidence",
    zh: verdictWords["not-enough-evidence"].zh,
  },
};

/** Numbers of the method that any sentence may quote, by name. */
export const quotedConstants = {
  confidencePercent: 100 * (1 - ALPHA),
  levelPercent: 100 * ALPHA,
  /** A trend's effect is that of adding this much to both rates. */
  rateStep: 0.1,
  lossLimit: LOSS_LIMIT,
  leastReplicates: 2,
  mostReplicates: MOST_REPLICATES,
} as const;

/** A headline: `Supported on test loss: …`. */
export function headlineOn({ verdict, claim }: Judgement, text: Text): Text {
  const word = verdictWords[verdict];
  const name = metrics[claim.metric].phrase;
  return {
    en: `${word.en} on ${name.en}: ${text.en}.`,
    zh: `${word.zh}（按${name.zh}）：${text.zh}。`,
  };
}

/** ` (95% interval, 3 replicates, Holm-adjusted p < 0.001)` */
export function basis({ replicates, pAdjusted, effect }: Judgement): Text {
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

const isShare = (metric: MetricName) => metrics[metric].unit === "share";

/** Fixed decimals, and no minus sign before a zero. */
function fixed(value: number, decimals: number): string {
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? text.replace("-", "") : text;
}

/** A figure of a metric: `0.3108`, or `85.74%` for shares. */
export function figure(metric: MetricName, value: number): string {
  return isShare(metric) ? `${fixed(value * 100, 2)}%` : fixed(value, 4);
}

/** A mean and its interval: `0.3108 [0.3014, 0.3202]`, `85.74% [85.12%, 86.36%]`. */
export function figureWithInterval(
  metric: MetricName,
  { estimate, low, high }: Effect,
): string {
  const text = figure(metric, estimate);
  return low === null || high === null
    ? text
    : `${text} [${figure(metric, low)}, ${figure(metric, high)}]`;
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

/** A metric's margin, without zeros at its end: `0.01`, `1 percentage point`. */
export function marginText(metric: MetricName): Text {
  const { margin } = metrics[metric];
  if (!isShare(metric)) return { en: `${margin}`, zh: `${margin}` };
  const points = Number((margin * 100).toFixed(6));
  return {
    en: plural(points, "percentage point", "percentage points"),
    zh: `${points} 个百分点`,
  };
}

/** A difference and its interval: `0.0126 [0.0041, 0.0211]`. */
export function withInterval(metric: MetricName, effect: Effect): Text {
  const { en, zh } = unit(metric);
  const { estimate, low, high } = effect;
  const ends = low === null || high === null
    ? ""
    : ` [${digits(metric, low)}, ${digits(metric, high)}]`;
  const text = digits(metric, estimate) + ends;
  return { en: text + en, zh: text + zh };
}

/** A point with only the two rates, in both languages: `(0.2, 0.5)`. */
export function ratesText(params: Params): string {
  return pointText(params).en;
}

/** At most `most` points, and how many there are if that is not all. */
export function pointList(points: readonly Params[], most = 6): Text {
  const shown = points.slice(0, most).map(pointText);
  const all = points.length;
  const en = shown.map((point) => point.en).join(", ");
  const zh = shown.map((point) => point.zh).join("、");
  return all === shown.length ? { en, zh } : {
    en: `${en} and others, ${all} in all`,
    zh: `${zh}等 ${all} 个点`,
  };
}

/** What happens to points in an average when a replicate diverged. */
export const notAveraged: Text = {
  en: "left out of the average, not averaged away",
  zh: "不计入平均，也不被平均掩盖",
};

/** Names the points where a replicate diverged, and the consequence. */
export function leftOutWords(
  points: readonly Params[],
  consequence: Text,
): Text | null {
  if (points.length === 0) return null;
  const list = pointList(points);
  return {
    en: `A replicate diverged at ${list.en}: ${consequence.en}.`,
    zh: `${list.zh} 有重复发散：${consequence.zh}。`,
  };
}

/** `p = 0.034`, `p < 0.001`. */
function pText(p: number): string {
  if (p < 0.001) return "p < 0.001";
  return p >= 0.9995 ? "p = 1" : `p = ${fixed(p, 3)}`;
}

/** A probability as a whole percentage: `43%`, `> 99%`, `< 1%`. */
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
