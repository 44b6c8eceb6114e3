import {
  axesOf,
  formatValue,
  isRatePair,
  ratesOf,
} from "../../protocol/grid_point.ts";
import type { Estimate, SeedRemark } from "../../protocol/leaderboard.ts";
import { type MetricName, metrics } from "../../protocol/metrics.ts";
import { recipeFieldNames, recipeFields } from "../../protocol/recipe.ts";
import type { Params, StudyDefinition, Text } from "../../protocol/study.ts";
import { LOSS_LIMIT } from "../../protocol/training.ts";
import { compare } from "./claims/claim.ts";
import {
  figure,
  figureWithInterval,
  plural,
  quotedConstants,
  ratesText,
  withInterval,
} from "./claims/words.ts";
import { tQuantile } from "./statistics/distributions.ts";
import {
  ALPHA,
  estimate,
  moments,
  noEstimate,
  oneSided,
  outside,
  round6,
} from "./statistics/statistics.ts";
import { diverged, paired, type PointData, valuesOf } from "./study_data.ts";

/**
 * What the lesson behind the study (the "seed", one run a point, no repeats)
 * reports of its experiments, as data.
 */
type Remark =
  & {
    readonly params: Params;
    readonly metric: MetricName;
  }
  & (
    /** A final figure, rounded to `decimals`. */
    | {
      readonly kind: "value";
      readonly reported: number;
      readonly decimals: number;
    }
    /** A final figure below a number. */
    | { readonly kind: "below"; readonly reported: number }
    /** Higher, lower or about the same as at another point. */
    | { readonly kind: "higher" | "lower" | "same"; readonly against: Params }
    /** d2l's check of the training loss fails. */
    | { readonly kind: "fails-check" }
  );

/** A remark's figures, before it is put in words. */
type CheckedRemark = Omit<SeedRemark, "says" | "words">;

const at = (dropout1: number, dropout2: number): Params => ({
  dropout1,
  dropout2,
});

const baseline = at(0.2, 0.5);

function value(params: Params, reported: number, decimals: number): Remark {
  return { kind: "value", params, metric: "trainLoss", reported, decimals };
}

function than(
  params: Params,
  kind: "higher" | "lower" | "same",
  against: Params,
  metric: MetricName = "trainLoss",
): Remark {
  return { kind, params, metric, against };
}

/** In the order of the lesson. */
export const remarks: readonly Remark[] = [
  value(baseline, 0.35, 2),
  value(at(0.5, 0.8), 0.45, 2),
  // The lesson says lower, but reports 0.45 against 0.35.
  than(at(0.5, 0.8), "lower", baseline),
  than(at(0.5, 0.8), "higher", baseline, "lossArea"),
  than(at(0.5, 0.8), "higher", baseline, "testAccuracyFluctuation"),
  value(at(0.8, 0.3), 0.5419, 4),
  { kind: "fails-check", params: at(0.8, 0.3), metric: "trainLoss" },
  than(at(0.8, 0.3), "higher", at(0.5, 0.8), "lossArea"),
  {
    kind: "below",
    params: at(0.1, 0.3),
    metric: "trainLoss",
    reported: 0.35,
  },
  than(at(0.1, 0.3), "lower", baseline),
  than(at(0.1, 0.3), "lower", baseline, "lossArea"),
  than(at(0.1, 0.3), "lower", at(0.5, 0.8), "testAccuracyFluctuation"),
  than(at(0.3, 0.1), "same", at(0.1, 0.3)),
  than(at(0.3, 0.1), "same", at(0.1, 0.3), "testAccuracy"),
  value(at(0.02, 0.05), 0.3, 1),
  than(at(0.02, 0.05), "lower", at(0.1, 0.3), "lossArea"),
  than(at(0.02, 0.05), "lower", at(0.5, 0.8), "testAccuracyFluctuation"),
  value(at(0.2, 0.2), 0.38, 2),
  value(at(0.02, 0.02), 0.3, 1),
  // The lesson says higher, but reports 0.3 against 0.38.
  than(at(0.02, 0.02), "higher", at(0.2, 0.2)),
  than(at(0.02, 0.02), "lower", at(0.2, 0.2), "lossArea"),
  value(at(0.6, 0.6), 0.42, 2),
  than(at(0.6, 0.6), "higher", at(0.4, 0.4)),
  than(at(0.6, 0.6), "higher", at(0.4, 0.4), "lossArea"),
];

/**
 * Whether a study trains as the lesson did, so that figures compare: Fashion-
 * MNIST, and every field but the rates as the lesson has it, which is its neutral
 * value. The networks compute the same function, so each of them is allowed.
 */
export function trainsAsTheLesson(
  { dataset, recipe }: Pick<StudyDefinition, "dataset" | "recipe">,
): boolean {
  const free: readonly string[] = ["dropout1", "dropout2", "network"];
  return dataset === "fashion-mnist" &&
    recipeFieldNames.every((name) =>
      free.includes(name) ||
      formatValue(recipe[name]) === formatValue(recipeFields[name].neutral)
    );
}

type Agreement = SeedRemark["agreement"];

function agreementOf(agrees: number, disagrees: number): Agreement {
  if (agrees <= ALPHA) return "agrees";
  return disagrees <= ALPHA ? "disagrees" : "open";
}

/** 95% prediction interval of one more run, widened for rounding. */
function expectedRun(values: readonly number[], decimals: number) {
  const { n, mean, sd } = moments(values);
  if (n < 2) return null;
  const half = tQuantile(1 - ALPHA / 2, n - 1) * sd * Math.sqrt(1 + 1 / n) +
    0.5 * 10 ** -decimals;
  return { low: round6(mean - half), high: round6(mean + half) };
}

interface Checked {
  readonly measured: Estimate;
  readonly expected: SeedRemark["expected"];
  readonly agreement: Agreement;
}

function checkOwn(
  remark: Exclude<Remark, { readonly against: unknown }>,
  point: PointData,
): Checked {
  // A diverged replicate has no figure; a mean over the others would hide it.
  const values = diverged(point)
    ? []
    : valuesOf(point, remark.metric).filter((value) => !Number.isNaN(value));
  switch (remark.kind) {
    case "value": {
      const expected = expectedRun(values, remark.decimals);
      const inside = expected !== null && remark.reported >= expected.low &&
        remark.reported <= expected.high;
      return {
        measured: estimate(values),
        expected,
        agreement: expected === null ? "open" : inside ? "agrees" : "disagrees",
      };
    }
    case "below": {
      const { below, above } = oneSided(values, remark.reported);
      return {
        measured: estimate(values),
        expected: null,
        agreement: agreementOf(2 * below, 2 * above),
      };
    }
    case "fails-check": {
      const done = point.cells.map(({ figures }) => figures)
        .filter((figures) => figures !== null);
      const fails = done.filter(({ passedLossCheck }) => !passedLossCheck);
      const [n, k] = [done.length, fails.length];
      return {
        measured: {
          ...noEstimate(n),
          mean: n === 0 ? null : round6(k / n),
        },
        expected: null,
        agreement: n < 2 || (k > 0 && k < n)
          ? "open"
          : k === n
          ? "agrees"
          : "disagrees",
      };
    }
    default:
      return remark satisfies never;
  }
}

function checkAgainst(
  remark: Extract<Remark, { readonly against: unknown }>,
  point: PointData,
  other: PointData,
): Checked {
  const { margin } = metrics[remark.metric];
  const comparison = compare(remark.metric, [point], [other]);
  const differences = paired(
    valuesOf(point, remark.metric),
    valuesOf(other, remark.metric),
  );
  const { above, below } = oneSided(differences, 0);
  const agreement = {
    higher: agreementOf(2 * above, 2 * below),
    lower: agreementOf(2 * below, 2 * above),
    same: agreementOf(
      comparison.pEquivalence ?? 1,
      outside(differences, margin),
    ),
  }[remark.kind];
  return { measured: comparison.difference, expected: null, agreement };
}

function inId(params: Params): string {
  const { dropout1, dropout2 } = ratesOf(params);
  return `${dropout1}-${dropout2}`;
}

function idOf(remark: Remark): string {
  const { params, metric } = remark;
  const own = `${metric}-${inId(params)}`;
  switch (remark.kind) {
    case "value":
    case "below":
    case "fails-check":
      return `${remark.kind}-${own}`;
    case "higher":
    case "lower":
    case "same": {
      return `${remark.kind}-${own}-than-${inId(remark.against)}`;
    }
    default:
      return remark satisfies never;
  }
}

/**
 * Compares what the lesson reports with what the study measured. Each remark is
 * checked on its own at 5%: these are descriptions, not verdicts, and nothing is
 * adjusted for their number. Empty if the study varies other fields than the two
 * rates, or trains in another way than the lesson.
 */
export function checkRemarks(
  definition: StudyDefinition,
  points: readonly PointData[],
): SeedRemark[] {
  const axes = axesOf(points.map(({ params }) => params));
  if (!isRatePair(axes) || !trainsAsTheLesson(definition)) return [];
  const byRates = new Map(
    points.map((point) => [inId(point.params), point]),
  );
  return remarks.flatMap((remark): SeedRemark[] => {
    const point = byRates.get(inId(remark.params));
    if (point === undefined) return [];
    let checked: Checked;
    if ("against" in remark) {
      const other = byRates.get(inId(remark.against));
      if (other === undefined) return [];
      checked = checkAgainst(remark, point, other);
    } else {
      checked = checkOwn(remark, point);
    }
    const figures: CheckedRemark = {
      id: idOf(remark),
      params: remark.params,
      against: "against" in remark ? remark.against : null,
      metric: remark.metric,
      reported: "reported" in remark ? remark.reported : null,
      ...checked,
    };
    return [{ ...figures, ...remarkWords(remark, figures) }];
  });
}

const { confidencePercent } = quotedConstants;

const nameOf = (metric: MetricName): Text => metrics[metric].phrase;

const agreementWords: Readonly<Record<SeedRemark["agreement"], Text>> = {
  agrees: { en: "agrees", zh: "相符" },
  disagrees: { en: "disagrees", zh: "不符" },
  open: { en: "open", zh: "未定" },
};

/** What the lesson says, in short. */
function saysWords(remark: Remark): Text {
  const { metric } = remark;
  const name = nameOf(metric);
  const at = ratesText(remark.params);
  switch (remark.kind) {
    case "value":
      return {
        en: `${at}: ${name.en} ${remark.reported}`,
        zh: `${at}：${name.zh} ${remark.reported}`,
      };
    case "below":
      return {
        en: `${at}: ${name.en} below ${remark.reported}`,
        zh: `${at}：${name.zh}低于 ${remark.reported}`,
      };
    case "fails-check":
      return {
        en: `${at}: fails d2l's check (loss below ${LOSS_LIMIT})`,
        zh: `${at}：d2l 的检查（损失低于 ${LOSS_LIMIT}）不通过`,
      };
    case "higher":
    case "lower":
    case "same": {
      const other = ratesText(remark.against);
      const relation = relations(metric)[remark.kind];
      return {
        en: `${at}: ${relation.en} ${other}`,
        zh: `${at}：${relation.zh.replace("_", other)}`,
      };
    }
    default:
      return remark satisfies never;
  }
}

function relations(metric: MetricName) {
  const { en, zh } = nameOf(metric);
  switch (metric) {
    case "lossArea":
      return {
        higher: { en: "loss falls more slowly than at", zh: "损失下降比 _ 慢" },
        lower: { en: "loss falls faster than at", zh: "损失下降比 _ 快" },
        same: { en: "loss falls as fast as at", zh: "损失下降与 _ 一样快" },
      };
    case "testAccuracyFluctuation":
      return {
        higher: {
          en: "test accuracy fluctuates more than at",
          zh: "测试准确率波动比 _ 大",
        },
        lower: {
          en: "test accuracy is stable, unlike at",
          zh: "测试准确率稳定，不像 _",
        },
        same: {
          en: "test accuracy fluctuates as at",
          zh: "测试准确率波动与 _ 相同",
        },
      };
    default:
      return {
        higher: { en: `${en} higher than at`, zh: `${zh}高于 _` },
        lower: { en: `${en} lower than at`, zh: `${zh}低于 _` },
        same: { en: `about the same ${en} as at`, zh: `${zh}与 _ 基本相同` },
      };
  }
}

function measuredWords(remark: Remark, figures: CheckedRemark): Text {
  const { metric, measured, expected } = figures;
  const { n, mean, low, high } = measured;
  const count = {
    en: plural(n, "replicate", "replicates"),
    zh: `${n} 次重复`,
  };
  if (mean === null) {
    return {
      en: "Measured: no figure, because none is in or a replicate diverged.",
      zh: "实测：暂无数值（尚无结果，或有重复发散）。",
    };
  }
  if (remark.kind === "fails-check") {
    const fails = Math.round(mean * n);
    return {
      en: `Measured: it fails in ${fails} of ${count.en}.`,
      zh: `实测：${n} 次重复中有 ${fails} 次不通过。`,
    };
  }
  const interval = low === null ? { en: "", zh: "" } : {
    en: `${confidencePercent}% interval, `,
    zh: `${confidencePercent}% 区间，`,
  };
  if ("against" in remark) {
    const size = withInterval(metric, { estimate: mean, low, high });
    const name = nameOf(metric);
    return {
      en: `Measured: ${name.en} differs by ${size.en} ` +
        `(${interval.en}${count.en}).`,
      zh: `实测：${name.zh}之差 ${size.zh}（${interval.zh}${count.zh}）。`,
    };
  }
  const size = figureWithInterval(metric, { estimate: mean, low, high });
  const run = expected === null ? { en: "", zh: "" } : {
    en: `; one more run would fall between ${figure(metric, expected.low)} ` +
      `and ${figure(metric, expected.high)}`,
    zh: `；再跑一次预计在 ${figure(metric, expected.low)} 与 ` +
      `${figure(metric, expected.high)} 之间`,
  };
  return {
    en: `Measured: ${size} (${interval.en}${count.en})${run.en}.`,
    zh: `实测：${size}（${interval.zh}${count.zh}）${run.zh}。`,
  };
}

/** What the lesson says and what we measured, with the numbers. */
function remarkWords(
  remark: Remark,
  figures: CheckedRemark,
): Pick<SeedRemark, "says" | "words"> {
  const says = saysWords(remark);
  const measured = measuredWords(remark, figures);
  const is = agreementWords[figures.agreement];
  return {
    says,
    words: {
      en: `${says.en}. ${measured.en} This ${
        figures.agreement === "open" ? "is open" : is.en
      }.`,
      zh: `${says.zh}。${measured.zh}结论：${is.zh}。`,
    },
  };
}
