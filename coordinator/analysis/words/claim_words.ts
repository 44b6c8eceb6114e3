import type { Text } from "../../protocol/study.ts";
import type { JudgedClaim } from "../judge.ts";
import { lowestWords } from "./lowest_words.ts";
import { combinedWords, orderWords, swapWords } from "./pair_words.ts";
import { type ClaimWords, verdictWords } from "./shared.ts";
import { trendWords } from "./trend_words.ts";

const word = verdictWords["not-enough-evidence"];
const nothingYet: Text = {
  en: `${word.en}: no replicate has all the results that it compares.`,
  zh: `${word.zh}：没有一次重复具备它要比较的全部结果。`,
};

/** Says what the data say of a claim, quoting the numbers. */
export function claimWords(judged: JudgedClaim): ClaimWords {
  if (judged.kind === "combined") return combinedWords(judged);
  const { detail, effect } = judged.evidence;
  if (effect === null) return { headline: nothingYet, evidence: nothingYet };
  switch (detail.kind) {
    case "trend":
      return trendWords(judged, detail, effect);
    case "lowest":
      return lowestWords(judged, detail, effect);
    case "swap":
      return swapWords(judged, detail, effect);
    case "order":
      return orderWords(judged, detail, effect);
    default:
      return detail satisfies never;
  }
}
