import type { MetricName } from "../../../protocol/leaderboard.ts";
import type { Text } from "../../../protocol/study.ts";

/** How a claim is put to the test. docs/statistics.md argues each. */
export type ClaimTest =
  /** The metric rises with the mean of the two rates. */
  | { readonly kind: "trend" }
  /** The points with the lowest rates beat every other point. */
  | { readonly kind: "lowest" }
  /** Each swapped pair is equivalent within the margin. */
  | { readonly kind: "swap" }
  /** Over the swapped pairs, the lower rate nearer the input is better. */
  | { readonly kind: "order" }
  /** Every one of these other claims holds. */
  | { readonly kind: "all-of"; readonly of: readonly string[] };

/** A claim as data. */
export interface Claim {
  readonly id: string;
  readonly sentence: Text;
  readonly metric: MetricName;
  /** The smallest difference that matters, in the metric's unit. */
  readonly margin: number;
  readonly test: ClaimTest;
}

/**
 * Differences in loss below this (in nats) count as none: the last digit that
 * the lesson behind the study reports.
 */
export const LOSS_MARGIN = 0.01;

/**
 * Differences in accuracy below this count as none: one percentage point,
 * about twice the standard error of a difference on 10,000 test images.
 */
export const ACCURACY_MARGIN = 0.01;

/** A trend's effect is that of adding this much to both rates. */
export const RATE_STEP = 0.1;

/** Metrics by which a point can be the best. */
export const rankedMetrics = [
  "trainLoss",
  "trainLossDropoutOff",
  "testLoss",
  "testAccuracy",
] as const satisfies readonly MetricName[];
/** A metric by which a point can be the best. */
export type RankedMetric = typeof rankedMetrics[number];

/** The margin of a metric by which points are ranked. */
export function marginOf(metric: RankedMetric): number {
  return metric === "testAccuracy" ? ACCURACY_MARGIN : LOSS_MARGIN;
}

/** What a claim is judged by, in words. */
export const metricWords: Readonly<Record<RankedMetric, Text>> = {
  trainLoss: {
    en: "final training loss",
    zh: "最终训练损失",
  },
  trainLossDropoutOff: {
    en: "training loss with dropout off",
    zh: "关闭暂退后的训练损失",
  },
  testLoss: { en: "test loss", zh: "测试损失" },
  testAccuracy: { en: "test accuracy", zh: "测试准确率" },
};

const idWords: Readonly<Record<RankedMetric, string>> = {
  trainLoss: "train-loss",
  trainLossDropoutOff: "train-loss-dropout-off",
  testLoss: "test-loss",
  testAccuracy: "test-accuracy",
};

function judgedBy(
  kind: "lowest" | "swap" | "order",
  metric: RankedMetric,
  sentence: Text,
): Claim {
  const { en, zh } = metricWords[metric];
  return {
    id: `${kind}-${idWords[metric]}`,
    sentence: {
      en: `${sentence.en}, judged by ${en}.`,
      zh: `${sentence.zh}（按${zh}）。`,
    },
    metric,
    margin: marginOf(metric),
    test: { kind },
  };
}

/** The built-in claims, in the order in which they are shown. */
export const claims: readonly Claim[] = [
  {
    id: "high-rates",
    sentence: {
      en: "Dropout rates that are too high keep the training loss high.",
      zh: "暂退概率过高会使训练损失居高不下。",
    },
    metric: "trainLoss",
    margin: LOSS_MARGIN,
    test: { kind: "trend" },
  },
  ...rankedMetrics.map((metric) =>
    judgedBy("lowest", metric, {
      en: "The lowest dropout rates train best",
      zh: "两层暂退概率最低时训练效果最好",
    })
  ),
  {
    id: "swap",
    sentence: {
      en: "Swapping the two dropout rates changes nothing.",
      zh: "交换两层的暂退概率，模型表现不变。",
    },
    metric: "trainLoss",
    margin: LOSS_MARGIN,
    test: { kind: "all-of", of: ["swap-train-loss", "swap-test-accuracy"] },
  },
  ...(["trainLoss", "testAccuracy"] as const).map((metric) =>
    judgedBy("swap", metric, {
      en: "Swapping the two dropout rates changes nothing",
      zh: "交换两层的暂退概率，模型表现不变",
    })
  ),
  ...(["trainLoss", "testAccuracy"] as const).map((metric) =>
    judgedBy("order", metric, {
      en: "The lower dropout rate belongs nearer the input",
      zh: "较低的暂退概率应放在靠近输入的一层",
    })
  ),
];
