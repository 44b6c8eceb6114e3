import * as z from "zod";
import type { Infer } from "./ids.ts";
import type { Text } from "./study.ts";
import { type EpochMetrics, LOSS_LIMIT } from "./training.ts";

/** A figure of a trained trial, and how it is shown and compared. */
export interface Metric {
  readonly better: "lower" | "higher";
  /** A share is between 0 and 1; its differences are percentage points. */
  readonly unit: "nats" | "share" | "epochs";
  /** Decimals in tables. */
  readonly digits: number;
  /** Heading, and a shorter one for tables and charts. */
  readonly label: Text;
  readonly short: Text;
  /** How it is measured. */
  readonly note: Text;
  /** The name inside a sentence. */
  readonly phrase: Text;
  /** The smallest difference that matters, in the metric's unit. */
  readonly margin: number;
  /** What a reader of a claim about this metric has to bear in mind. */
  readonly caution: Text | null;
  /**
   * Place among the ranked metrics: by these a point can be the best, and
   * swapped pairs are compared. Null: not ranked.
   */
  readonly rank: number | null;
  /** Its column in tables of grid points; null: none. */
  readonly column: {
    /** The rest is for the terminal: place, heading, and decimals. */
    readonly place: number;
    readonly head: Text;
    readonly digits: number;
    /** If the terminal is narrow, columns with a higher number go first. */
    readonly spare: number;
  } | null;
  /**
   * True: no mean unless every trained replicate has the figure, because a mean
   * over some of them would flatter the point.
   */
  readonly needsAll: boolean;
  /**
   * The figure of a trial that trained to its end; NaN where it has none.
   *
   * @param epochs Every epoch, at least one.
   */
  readonly of: (epochs: readonly EpochMetrics[]) => number;
}

/** Smaller differences in loss (in nats) do not matter: the lesson's last digit. */
export const LOSS_MARGIN = 0.01;

/**
 * Differences in accuracy below this do not matter: one percentage point is
 * about twice the standard error of a difference on 10,000 test images.
 */
const ACCURACY_MARGIN = 0.01;

const common = { caution: null, rank: null, column: null, needsAll: false };

const loss = {
  ...common,
  better: "lower",
  unit: "nats",
  digits: 4,
  margin: LOSS_MARGIN,
} as const;

const accuracy = {
  ...common,
  better: "higher",
  unit: "share",
  digits: 4,
  margin: ACCURACY_MARGIN,
} as const;

const lastEpochDropoutOn: Text = {
  en: "Last epoch, dropout on, as d2l measures it",
  zh: "最后一轮，启用暂退，按 d2l 的方式计量",
};

const lastEpochDropoutOff: Text = {
  en: "After the last epoch, dropout off",
  zh: "最后一轮之后，关闭暂退",
};

const oneTestSet: Text = {
  en: "Test figures are those of the last epoch, on one test set.",
  zh: "测试指标取自最后一轮，且只用了一个测试集。",
};

const last = (name: keyof EpochMetrics) => (epochs: readonly EpochMetrics[]) =>
  epochs.at(-1)?.[name] ?? NaN;

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Standard deviation (n - 1); NaN for fewer than two values. */
function deviation(values: readonly number[]): number {
  if (values.length < 2) return NaN;
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  const sd = Math.sqrt(squares / (values.length - 1));
  // Accuracies are shares of thousands of examples: less is a rounding error.
  return sd < 1e-9 ? 0 : sd;
}

function epochsToHalf(epochs: readonly EpochMetrics[]): number {
  const index = epochs.findIndex(({ trainLoss }) => trainLoss <= LOSS_LIMIT);
  return index < 0 ? NaN : index + 1;
}

/**
 * Standard deviation of the epoch-to-epoch changes of test accuracy that end in
 * the last half of the epochs.
 */
function fluctuation(epochs: readonly EpochMetrics[]): number {
  const from = Math.max(1, Math.floor(epochs.length / 2));
  const changes = epochs.slice(from).map(({ testAccuracy }, i) =>
    testAccuracy - (epochs[from + i - 1]?.testAccuracy ?? NaN)
  );
  return deviation(changes);
}

/** Every metric of a grid point, in the order in which they are shown. */
export const metrics = {
  trainLoss: {
    ...loss,
    label: { en: "Final training loss", zh: "最终训练损失" },
    short: { en: "Training loss", zh: "训练损失" },
    note: lastEpochDropoutOn,
    phrase: { en: "final training loss", zh: "最终训练损失" },
    caution: {
      en: "This loss is measured with dropout on, which raises it by " +
        "construction; it does not say how well the network generalises.",
      zh: "该损失是在开启暂退时测得的，暂退本身就会抬高它；它不反映泛化能力。",
    },
    rank: 1,
    column: {
      place: 1,
      head: { en: "train loss", zh: "训练损失" },
      digits: 3,
      spare: 0,
    },
    of: last("trainLoss"),
  },
  trainAccuracy: {
    ...accuracy,
    label: { en: "Final training accuracy", zh: "最终训练准确率" },
    short: { en: "Training accuracy", zh: "训练准确率" },
    note: lastEpochDropoutOn,
    phrase: { en: "final training accuracy", zh: "最终训练准确率" },
    column: {
      place: 2,
      head: { en: "train %", zh: "训练 %" },
      digits: 1,
      spare: 2,
    },
    of: last("trainAccuracy"),
  },
  testAccuracy: {
    ...accuracy,
    label: { en: "Test accuracy", zh: "测试准确率" },
    short: { en: "Test accuracy", zh: "测试准确率" },
    note: lastEpochDropoutOff,
    phrase: { en: "test accuracy", zh: "测试准确率" },
    caution: oneTestSet,
    rank: 4,
    column: {
      place: 4,
      head: { en: "test %", zh: "测试 %" },
      digits: 1,
      spare: 0,
    },
    of: last("testAccuracy"),
  },
  testLoss: {
    ...loss,
    label: { en: "Test loss", zh: "测试损失" },
    short: { en: "Test loss", zh: "测试损失" },
    note: lastEpochDropoutOff,
    phrase: { en: "test loss", zh: "测试损失" },
    caution: oneTestSet,
    rank: 3,
    column: {
      place: 3,
      head: { en: "test loss", zh: "测试损失" },
      digits: 3,
      spare: 1,
    },
    of: last("testLoss"),
  },
  generalisationGap: {
    ...loss,
    label: { en: "Generalisation gap", zh: "泛化差距" },
    short: { en: "Gap", zh: "泛化差距" },
    note: {
      en: "Test loss minus training loss, both with dropout off",
      zh: "测试损失减训练损失，均关闭暂退",
    },
    phrase: { en: "generalisation gap", zh: "泛化差距" },
    column: {
      place: 5,
      head: { en: "gap", zh: "泛化差距" },
      digits: 2,
      spare: 3,
    },
    of: (epochs) =>
      last("testLoss")(epochs) - last("trainLossDropoutOff")(epochs),
  },
  trainLossDropoutOff: {
    ...loss,
    label: { en: "Training loss, dropout off", zh: "训练损失（关闭暂退）" },
    short: { en: "Training loss, off", zh: "训练损失（关）" },
    note: {
      en: "After the last epoch, over the whole training set",
      zh: "最后一轮之后，在整个训练集上",
    },
    phrase: {
      en: "training loss with dropout off",
      zh: "关闭暂退后的训练损失",
    },
    caution: {
      en: "A low training loss is not generalisation: compare the test " +
        "figures.",
      zh: "训练损失低并不等于泛化好：请对照测试指标。",
    },
    rank: 2,
    of: last("trainLossDropoutOff"),
  },
  lossArea: {
    ...loss,
    label: { en: "Area under the loss curve", zh: "损失曲线下面积" },
    short: { en: "Loss area", zh: "损失面积" },
    note: {
      en: "Mean training loss over the epochs: lower descends faster",
      zh: "各轮训练损失的均值：越低下降越快",
    },
    phrase: {
      en: "mean training loss over the epochs",
      zh: "各轮训练损失的平均值",
    },
    of: (epochs) => mean(epochs.map(({ trainLoss }) => trainLoss)),
  },
  epochsToHalf: {
    ...common,
    better: "lower",
    unit: "epochs",
    digits: 1,
    margin: 1,
    label: { en: "Epochs to a loss of 0.5", zh: "损失降到 0.5 的轮数" },
    short: { en: "Epochs to 0.5", zh: "降到 0.5 的轮数" },
    note: {
      en: "First epoch with a training loss of at most 0.5",
      zh: "训练损失首次不高于 0.5 的轮次",
    },
    phrase: { en: "epochs to a loss of 0.5", zh: "损失降到 0.5 的轮数" },
    needsAll: true,
    of: epochsToHalf,
  },
  testAccuracyFluctuation: {
    ...accuracy,
    better: "lower",
    label: { en: "Fluctuation of test accuracy", zh: "测试准确率的波动" },
    short: { en: "Fluctuation", zh: "波动" },
    note: {
      en: "Spread of its changes from epoch to epoch over the last half",
      zh: "后一半轮次中逐轮变化的离散程度",
    },
    phrase: { en: "fluctuation of test accuracy", zh: "测试准确率的波动" },
    of: fluctuation,
  },
} as const satisfies Readonly<Record<string, Metric>>;

type Metrics = typeof metrics;

/** A metric of a grid point. */
export type MetricName = Infer<typeof MetricName>;

/** @internal */
export const MetricName = z.enum(Object.keys(metrics) as (keyof Metrics)[]);

/** Every metric's name, in the order in which they are shown. */
export const metricNames: readonly MetricName[] = MetricName.options;

/** A metric by which a point can be the best. */
export type RankedMetric = {
  [Name in MetricName]: Metrics[Name]["rank"] extends number ? Name : never;
}[MetricName];

/** The metrics by which a point can be the best, in the order of their rank. */
export const rankedMetrics: readonly RankedMetric[] = metricNames
  .filter((name): name is RankedMetric => metrics[name].rank !== null)
  .sort((a, b) => metrics[a].rank - metrics[b].rank);

/** @internal */
export const RankedMetric = z.enum(rankedMetrics);

/** Makes a value for each metric, by its name. */
export function byMetric<T>(
  make: (name: MetricName, metric: Metric) => T,
): Record<MetricName, T> {
  return byName(metricNames, (name) => make(name, metrics[name]));
}

/** Makes a value for each ranked metric, by its name. */
export function byRankedMetric<T>(
  make: (name: RankedMetric) => T,
): Record<RankedMetric, T> {
  return byName(rankedMetrics, make);
}

function byName<Name extends string, T>(
  names: readonly Name[],
  make: (name: Name) => T,
): Record<Name, T> {
  return Object.fromEntries(
    names.map((name) => [name, make(name)]),
  ) as Record<Name, T>;
}
