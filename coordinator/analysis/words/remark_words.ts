import type { MetricName, SeedRemark } from "../../protocol/leaderboard.ts";
import type { Text } from "../../protocol/study.ts";
import type { CheckedRemark, Remark } from "../remarks.ts";
import { HALF } from "../trial_figures.ts";
import { figure, plural, pointText, withInterval } from "./format.ts";
import { quotedConstants } from "./shared.ts";

const { confidencePercent } = quotedConstants;

const names: Readonly<Partial<Record<MetricName, Text>>> = {
  trainLoss: { en: "final training loss", zh: "最终训练损失" },
  testAccuracy: { en: "test accuracy", zh: "测试准确率" },
  lossArea: {
    en: "mean training loss over the epochs",
    zh: "各轮训练损失的平均值",
  },
  testAccuracyFluctuation: {
    en: "fluctuation of test accuracy",
    zh: "测试准确率的波动",
  },
};

const nameOf = (metric: MetricName): Text =>
  names[metric] ?? { en: metric, zh: metric };

const agreementWords: Readonly<Record<SeedRemark["agreement"], Text>> = {
  agrees: { en: "agrees", zh: "相符" },
  disagrees: { en: "disagrees", zh: "不符" },
  open: { en: "open", zh: "未定" },
};

/** What the lesson says, in short. */
function saysWords(remark: Remark): Text {
  const { metric } = remark;
  const name = nameOf(metric);
  const at = pointText(remark.params);
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
        en: `${at}: fails d2l's check (loss below ${HALF})`,
        zh: `${at}：d2l 的检查（损失低于 ${HALF}）不通过`,
      };
    case "higher":
    case "lower":
    case "same": {
      const other = pointText(remark.against);
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
  const size = figure(metric, mean) +
    (low === null || high === null
      ? ""
      : ` [${figure(metric, low)}, ${figure(metric, high)}]`);
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
export function remarkWords(
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
