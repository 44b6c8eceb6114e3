import type { VerdictName } from "../../protocol/leaderboard.ts";
import type { RankedMetric } from "../pages/leaderboard/metrics.ts";

/**
 * Words of a study's answer, in both languages: per topic what is settled, one
 * way or the other, and what is open. `on` names the metrics that say so; it is
 * empty where all that were asked do.
 */

type Clauses = Readonly<Record<VerdictName, (on: string) => string>>;

const by = (on: string) => on === "" ? "" : `, judged by ${on}`;

const en = {
  heading: "The answer",
  none: "No trial is in yet. The answer will stand here.",
  provisional: "So far, and provisional until every trial is in:",
  settled: "Settled:",
  open: "Open:",
  /** Between what the metrics say, and after it. */
  then: "; ",
  stop: ".",
  metrics: {
    trainLoss: "training loss",
    trainLossDropoutOff: "training loss with dropout off",
    testLoss: "test loss",
    testAccuracy: "test accuracy",
  } satisfies Record<RankedMetric, string> as Record<RankedMetric, string>,
  topics: {
    high: {
      "supported": () => "Rates that are too high keep the training loss high",
      "contradicted": () =>
        "High rates do not keep the training loss high: it falls as they rise",
      "not-enough-evidence": () =>
        "Whether high rates keep the training loss high is open",
    } satisfies Clauses as Clauses,
    lowest: {
      "supported": (on) => `The lowest rates train best${by(on)}`,
      "contradicted": (on) => `The lowest rates do not train best${by(on)}`,
      "not-enough-evidence": () =>
        "Whether the lowest rates train best is open",
    } satisfies Clauses as Clauses,
    swap: {
      "supported": (on) =>
        `Swapping the two rates makes no difference that matters to ${on}`,
      "contradicted": (on) =>
        `The order of the two rates matters: swapping them changes ${on}`,
      "not-enough-evidence": () =>
        "Whether swapping the two rates changes anything is open",
    } satisfies Clauses as Clauses,
    order: {
      "supported": (on) => `The lower rate belongs nearer the input${by(on)}`,
      "contradicted": (on) =>
        `The higher rate belongs nearer the input${by(on)}`,
      "not-enough-evidence": () =>
        "Which of the two rates belongs nearer the input is open",
    } satisfies Clauses as Clauses,
  },
  /** What the other metrics say. */
  others: {
    "supported": (on) => `judged by ${on} it is so`,
    "contradicted": (on) => `judged by ${on} it is not so`,
    "not-enough-evidence": (on) => `judged by ${on} it is open`,
  } satisfies Clauses as Clauses,
  /** Beside what swapping changes. */
  unchanged: (on: string) => `it makes no difference that matters to ${on}`,
};

export type AnswerWords = typeof en;

const per = (on: string) => on === "" ? "" : `按${on}，`;

const zh: AnswerWords = {
  heading: "答案",
  none: "还没有试验完成，答案将出现在这里。",
  provisional: "目前的答案，全部试验完成之前均为暂定：",
  settled: "已定论：",
  open: "未定论：",
  then: "；",
  stop: "。",
  metrics: {
    trainLoss: "训练损失",
    trainLossDropoutOff: "关闭暂退后的训练损失",
    testLoss: "测试损失",
    testAccuracy: "测试准确率",
  },
  topics: {
    high: {
      "supported": () => "暂退概率过高会使训练损失居高不下",
      "contradicted": () =>
        "概率高并不会使训练损失居高不下：概率升高，损失反而下降",
      "not-enough-evidence": () =>
        "暂退概率过高是否使训练损失居高不下，尚无定论",
    },
    lowest: {
      "supported": (on) => `${per(on)}概率最低时训练效果最好`,
      "contradicted": (on) => `${per(on)}概率最低时训练效果并非最好`,
      "not-enough-evidence": () => "概率最低时训练效果是否最好，尚无定论",
    },
    swap: {
      "supported": (on) => `交换两层概率对${on}没有值得在意的影响`,
      "contradicted": (on) => `两层概率的顺序有影响：交换会改变${on}`,
      "not-enough-evidence": () => "交换两层概率有没有影响，尚无定论",
    },
    order: {
      "supported": (on) => `${per(on)}较低的概率应放在靠近输入的一层`,
      "contradicted": (on) => `${per(on)}较高的概率应放在靠近输入的一层`,
      "not-enough-evidence": () => "哪个概率应靠近输入，尚无定论",
    },
  },
  others: {
    "supported": (on) => `按${on}则成立`,
    "contradicted": (on) => `按${on}则不成立`,
    "not-enough-evidence": (on) => `按${on}尚无定论`,
  },
  unchanged: (on) => `对${on}没有值得在意的影响`,
};

export const answerWords = { en, zh };
