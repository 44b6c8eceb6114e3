import type {
  LeaderboardRow,
  MetricName,
  Progress,
  VerdictName,
} from "../../protocol/leaderboard.ts";
import type { StudyDefinition, Text } from "../../protocol/study.ts";
import { type ClaimTest, metricWords } from "./claims/claims.ts";
import type { JudgedClaim, TestedClaim } from "./claims/judge.ts";
import {
  difference,
  figure,
  marginText,
  plural,
  pointList,
  pointText,
  quotedConstants,
  rankedMetric,
  sentences,
  verdictWords,
} from "./claims/words.ts";

const { levelPercent, rateStep } = quotedConstants;

const topics: Readonly<Record<Exclude<ClaimTest["kind"], "all-of">, Text>> = {
  trend: {
    en: "Rates too high keep the training loss high",
    zh: "概率过高使训练损失居高不下",
  },
  lowest: { en: "The lowest rates train best", zh: "最低的概率训练效果最好" },
  swap: {
    en: "Swapping the two rates changes nothing",
    zh: "交换两层概率没有影响",
  },
  order: {
    en: "The lower rate belongs nearer the input",
    zh: "较低的概率应靠近输入",
  },
};

const inText: Readonly<Record<VerdictName, Text>> = {
  supported: { en: "supported", zh: verdictWords.supported.zh },
  contradicted: { en: "contradicted", zh: verdictWords.contradicted.zh },
  "not-enough-evidence": {
    en: "not enough evidence",
    zh: verdictWords["not-enough-evidence"].zh,
  },
};

function topicWords(
  topic: keyof typeof topics,
  judged: readonly JudgedClaim[],
): Text | null {
  const about = judged.filter((entry): entry is TestedClaim =>
    entry.kind === "tested" && entry.claim.test.kind === topic
  );
  const [first] = about;
  if (first === undefined) return null;
  const { en, zh } = topics[topic];
  if (topic === "trend") {
    const size = first.effect &&
      difference(first.claim.metric, first.effect.estimate);
    const is = inText[first.verdict];
    return {
      en: `${en}: ${is.en}` +
        (size ? ` (${rateStep} on both rates adds ${size.en} to it).` : "."),
      zh: `${zh}：${is.zh}` +
        (size ? `（两层概率各加 ${rateStep}，损失增加 ${size.zh}）。` : "。"),
    };
  }
  const groups = (["supported", "contradicted", "not-enough-evidence"] as const)
    .map((verdict) => ({
      is: inText[verdict],
      names: about.filter((entry) => entry.verdict === verdict)
        .map((entry) => metricWords[rankedMetric(entry)]),
    })).filter(({ names }) => names.length > 0);
  const enGroups = groups.map(({ is, names }) =>
    `${is.en} on ${names.map((name) => name.en).join(", ")}`
  );
  const zhGroups = groups.map(({ is, names }) =>
    `按${names.map((name) => name.zh).join("、")}${is.zh}`
  );
  return {
    en: `${en}: ${enGroups.join("; ")}.`,
    zh: `${zh}：${zhGroups.join("；")}。`,
  };
}

/** The first of the rows with the best mean of a metric; null for none. */
function bestRow(
  rows: readonly LeaderboardRow[],
  metric: "trainLoss" | "testAccuracy",
) {
  const sign = metric === "trainLoss" ? 1 : -1;
  let best: { row: LeaderboardRow; mean: number } | null = null;
  for (const row of rows) {
    const { mean } = row.metrics[metric];
    if (mean === null || row.diverged > 0) continue;
    if (best === null || sign * mean < sign * best.mean) best = { row, mean };
  }
  return best;
}

function bestWords(rows: readonly LeaderboardRow[]): Text | null {
  const loss = bestRow(rows, "trainLoss");
  const accuracy = bestRow(rows, "testAccuracy");
  if (loss === null || accuracy === null) return null;
  const lossAt = pointText(loss.row.params);
  const accuracyAt = pointText(accuracy.row.params);
  const lossText = figure("trainLoss", loss.mean);
  const accuracyText = figure("testAccuracy", accuracy.mean);
  return {
    en: `Lowest mean final training loss: ${lossText} at ${lossAt}; highest ` +
      `mean test accuracy: ${accuracyText} at ${accuracyAt}.`,
    zh: `平均最终训练损失最低：${lossAt}，${lossText}；` +
      `平均测试准确率最高：${accuracyAt}，${accuracyText}。`,
  };
}

function divergedWords(rows: readonly LeaderboardRow[]): Text | null {
  const failed = rows.filter(({ diverged }) => diverged > 0)
    .map(({ params }) => params);
  if (failed.length === 0) return null;
  const list = pointList(failed);
  return {
    en: `Training diverged at ${list.en}: ranked last.`,
    zh: `训练发散的点：${list.zh}，排在最后。`,
  };
}

/** One paragraph on a study, fit to paste into a report. */
export function summaryWords(
  definition: StudyDefinition,
  rows: readonly LeaderboardRow[],
  judged: readonly JudgedClaim[],
  { total, completed, quarantined }: TrialCounts,
): Text {
  const { title, id, replicates, recipe: { epochs }, dataset } = definition;
  const data = dataset === "fashion-mnist" ? "Fashion-MNIST" : dataset.name;
  const open = completed + quarantined < total;
  return sentences([
    {
      en: `Study "${title.en}" (${id}): ` +
        `${plural(rows.length, "grid point", "grid points")}, ` +
        `${plural(replicates, "replicate", "replicates")} each, ` +
        `${plural(epochs, "epoch", "epochs")} on ${data}; ` +
        `${completed} of ${total} trials are in` +
        (open ? ", so what follows is provisional." : "."),
      zh: `研究“${title.zh}”（${id}）：${rows.length} 个网格点，` +
        `每点重复 ${replicates} 次，在 ${data} 上训练 ${epochs} 轮；` +
        `${total} 次试验已完成 ${completed} 次` +
        (open ? "，以下结论均为暂定。" : "。"),
    },
    bestWords(rows),
    divergedWords(rows),
    ...(["trend", "lowest", "swap", "order"] as const).map((topic) =>
      topicWords(topic, judged)
    ),
    judged.length === 0 || open ? null : {
      en: `At most ${levelPercent}% of such studies give any wrong verdict ` +
        `(Holm's adjustment over the claims).`,
      zh: `这样的研究中，至多 ${levelPercent}% 会给出任何一条错误结论` +
        `（对各结论做了 Holm 校正）。`,
    },
  ]);
}

/** How many trials are in, of how many. */
export type TrialCounts = Pick<
  Progress,
  "total" | "completed" | "quarantined"
>;

/** With so few replicates only large effects show. */
const FEW_REPLICATES = 5;

const { leastReplicates, mostReplicates } = quotedConstants;

function metricCaution(metric: MetricName): Text | null {
  switch (metric) {
    case "trainLoss":
      return {
        en: "This loss is measured with dropout on, which raises it by " +
          "construction; it does not say how well the network generalises.",
        zh:
          "该损失是在开启暂退时测得的，暂退本身就会抬高它；它不反映泛化能力。",
      };
    case "trainLossDropoutOff":
      return {
        en: "A low training loss is not generalisation: compare the test " +
          "figures.",
        zh: "训练损失低并不等于泛化好：请对照测试指标。",
      };
    case "testLoss":
    case "testAccuracy":
      return {
        en: "Test figures are those of the last epoch, on one test set.",
        zh: "测试指标取自最后一轮，且只用了一个测试集。",
      };
    case "trainAccuracy":
    case "generalisationGap":
    case "lossArea":
    case "epochsToHalf":
    case "testAccuracyFluctuation":
      return null;
    default:
      return metric satisfies never;
  }
}

function provisionalWords(
  { total, completed, quarantined }: TrialCounts,
): readonly (Text | null)[] {
  return [
    completed + quarantined >= total ? null : {
      en: `Provisional: ${completed} of ${total} trials are in, and a look ` +
        `before the end finds things by chance; the verdict is final when ` +
        `all are in.`,
      zh:
        `暂定：${total} 次试验已完成 ${completed} 次，提前查看容易碰巧得出结论；` +
        `全部完成后才是最终结论。`,
    },
    quarantined === 0 ? null : {
      en: `${plural(quarantined, "trial is", "trials are")} missing: ` +
        `no worker could train ${quarantined === 1 ? "it" : "them"}.`,
      zh: `缺少 ${quarantined} 次试验：没有工作节点能完成。`,
    },
  ];
}

function replicateWords(judged: JudgedClaim): readonly (Text | null)[] {
  const { replicates, verdict, moreReplicates } = judged;
  const open = verdict === "not-enough-evidence";
  const few = replicates < leastReplicates
    ? {
      en: `A spread takes at least ${leastReplicates} replicates ` +
        `of everything compared; here it is ${replicates}.`,
      zh: `要估计离散程度，所比较的每个点至少需要 ${leastReplicates} 次重复；` +
        `目前为 ${replicates} 次。`,
    }
    : replicates < FEW_REPLICATES
    ? {
      en: `${replicates} replicates leave ` +
        `${
          plural(replicates - 1, "degree", "degrees")
        } of freedom: only large effects can be shown.`,
      zh: `${replicates} 次重复只有 ${replicates - 1} 个自由度：` +
        `只能证实很大的效应。`,
    }
    : null;
  const settle = !open || replicates < leastReplicates
    ? null
    : moreReplicates === null
    ? {
      en: `Up to ${mostReplicates} replicates would probably not settle it: ` +
        `what is measured is too close to the boundary.`,
      zh: `即使增加到 ${mostReplicates} 次重复也很可能无法定论：` +
        `测得的值太接近判断界限。`,
    }
    : {
      en: `If the effect is as measured, about ` +
        `${plural(moreReplicates, "more replicate", "more replicates")} a ` +
        `point would probably settle it.`,
      zh:
        `若效应确如所测，每个点再增加约 ${moreReplicates} 次重复很可能就能定论。`,
    };
  return [few, settle];
}

function leftOutWords(judged: JudgedClaim): Text | null {
  if (judged.kind === "combined") return null;
  const { detail } = judged.evidence;
  if (detail.kind === "lowest" && detail.lowDiverged) {
    return {
      en: "A replicate with the lowest rates diverged: these rates can fail " +
        "to learn.",
      zh: "概率最低的点有一次重复发散：这些概率可能学不起来。",
    };
  }
  if (detail.leftOut.length === 0) return null;
  const list = pointList(detail.leftOut);
  const swapped = detail.kind === "swap";
  return detail.kind === "lowest"
    ? {
      en: `Counted as beaten, because a replicate diverged: ${list.en}.`,
      zh: `因有重复发散而视为落败：${list.zh}。`,
    }
    : {
      en: `A replicate diverged at ${list.en}: ` +
        (swapped
          ? "that pair counts by signs alone."
          : "left out of the average, not averaged away."),
      zh: `${list.zh} 有重复发散：` +
        (swapped ? "该对只按符号检验。" : "不计入平均，也不被平均掩盖。"),
    };
}

function smallWords({ verdict, effect, claim }: JudgedClaim): Text | null {
  if (effect === null || verdict === "not-enough-evidence") return null;
  if (claim.test.kind === "swap" || claim.test.kind === "all-of") return null;
  if (Math.abs(effect.estimate) >= effect.margin) return null;
  const margin = marginText(effect.metric, effect.margin);
  return {
    en: `The difference is below ${margin.en}, the least that matters here.`,
    zh: `该差异低于 ${margin.zh}，即此处认为有意义的最小差异。`,
  };
}

/** What a reader must bear in mind with a verdict. */
export function cautionWords(judged: JudgedClaim, counts: TrialCounts): Text {
  return sentences([
    ...provisionalWords(counts),
    ...replicateWords(judged),
    leftOutWords(judged),
    smallWords(judged),
    judged.claim.test.kind === "order"
      ? {
        en: "This is an average: single pairs may go the other way.",
        zh: "这是平均结果：个别交换对可能相反。",
      }
      : null,
    metricCaution(judged.claim.metric),
  ]);
}
