import { isRatePair, pointText } from "../../protocol/grid_point.ts";
import type { LeaderboardRow, Progress } from "../../protocol/leaderboard.ts";
import {
  metrics,
  type RankedMetric,
  rankedMetrics,
} from "../../protocol/metrics.ts";
import type { RecipeFieldName } from "../../protocol/recipe.ts";
import type { StudyDefinition, Text } from "../../protocol/study.ts";
import type { ClaimKind, JudgedClaim, TestedClaim } from "./claims/claim.ts";
import { claimKinds } from "./claims/registry.ts";
import {
  figure,
  figureWithInterval,
  percent,
  plural,
  pointList,
  quotedConstants,
  ratesText,
  sentences,
  verdictInText,
} from "./claims/words.ts";
import { signOf } from "./study_data.ts";
import { textIn } from "../../protocol/text.ts";

const { levelPercent } = quotedConstants;

/** The verdicts on the claims of one kind; null where none was tested. */
function topicWords(
  kind: ClaimKind,
  judged: readonly JudgedClaim[],
): Text | null {
  const about = judged.filter((entry): entry is TestedClaim =>
    entry.kind === "tested" && entry.claimKind === kind
  );
  const [first] = about;
  if (first === undefined) return null;
  const { topic: { en, zh }, summarySize } = kind;
  if (summarySize !== undefined) {
    const is = verdictInText[first.verdict];
    const size = first.effect && summarySize(first.effect);
    return {
      en: `${en}: ${is.en}${size ? ` (${size.en})` : ""}.`,
      zh: `${zh}：${is.zh}${size ? `（${size.zh}）` : ""}。`,
    };
  }
  const groups = (["supported", "contradicted", "not-enough-evidence"] as const)
    .map((verdict) => ({
      is: verdictInText[verdict],
      names: about.filter((entry) => entry.verdict === verdict)
        .map(({ claim }) => metrics[claim.metric].phrase),
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
  metric: RankedMetric,
) {
  const sign = signOf(metric);
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
  const lossAt = ratesText(loss.row.params);
  const accuracyAt = ratesText(accuracy.row.params);
  const lossText = figure("trainLoss", loss.mean);
  const accuracyText = figure("testAccuracy", accuracy.mean);
  return {
    en: `Lowest mean final training loss: ${lossText} at ${lossAt}; highest ` +
      `mean test accuracy: ${accuracyText} at ${accuracyAt}.`,
    zh: `平均最终训练损失最低：${lossAt}，${lossText}；` +
      `平均测试准确率最高：${accuracyAt}，${accuracyText}。`,
  };
}

/**
 * The best point by each metric, with its interval and its probability of being
 * the best; for a study whose claims do not say it.
 */
function bestByMetric(rows: readonly LeaderboardRow[]): readonly Text[] {
  return rankedMetrics.flatMap((metric) => {
    const best = bestRow(rows, metric);
    if (best === null) return [];
    const { row: { params, metrics: figures, probabilityBest }, mean } = best;
    const { phrase, better } = metrics[metric];
    const { low, high } = figures[metric];
    const at = pointText(params);
    const size = figureWithInterval(metric, { estimate: mean, low, high });
    const probability = probabilityBest[metric];
    const sure = probability === null ? { en: "", zh: "" } : {
      en: `, the best of all points with probability ${percent(probability)}`,
      zh: `，为最优点的概率 ${percent(probability)}`,
    };
    return [{
      en: `Best mean ${phrase.en} (${better} is better): ${size} at ` +
        `${at.en}${sure.en}.`,
      zh:
        `${phrase.zh}均值最优（越${better === "lower" ? "低" : "高"}越好）：` +
        `${at.zh}，${size}${sure.zh}。`,
    }];
  });
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
  axes: readonly RecipeFieldName[],
  rows: readonly LeaderboardRow[],
  judged: readonly JudgedClaim[],
  { total, completed, quarantined }: TrialCounts,
): Text {
  const { title, id, replicates, recipe: { epochs }, dataset } = definition;
  const data = dataset === "fashion-mnist" ? "Fashion-MNIST" : dataset.name;
  const open = completed + quarantined < total;
  const ofEpochs = axes.includes("epochs") ? { en: "", zh: "" } : {
    en: `${plural(epochs, "epoch", "epochs")} `,
    zh: ` ${epochs} 轮`,
  };
  return sentences([
    {
      en: `Study "${textIn(title, "en")}" (${id}): ` +
        `${plural(rows.length, "grid point", "grid points")}, ` +
        `${plural(replicates, "replicate", "replicates")} each, ` +
        `${ofEpochs.en}on ${data}; ` +
        `${completed} of ${total} trials are in` +
        (open ? ", so what follows is provisional." : "."),
      zh: `研究“${textIn(title, "zh")}”（${id}）：${rows.length} 个网格点，` +
        `每点重复 ${replicates} 次，在 ${data} 上训练${ofEpochs.zh}；` +
        `${total} 次试验已完成 ${completed} 次` +
        (open ? "，以下结论均为暂定。" : "。"),
    },
    ...isRatePair(axes) ? [bestWords(rows)] : bestByMetric(rows),
    divergedWords(rows),
    ...Object.values<ClaimKind>(claimKinds).map((kind) =>
      topicWords(kind, judged)
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
