import stringWidth from "string-width";
import picocolors from "picocolors";
import wrapAnsi from "wrap-ansi";
import type { Leaderboard, VerdictName } from "../protocol/leaderboard.ts";
import { heatmapText } from "./heatmap_text.ts";
import type { TextStyle } from "./language.ts";
import { leaderboardTable } from "./leaderboard_table.ts";
import { progressText } from "./progress_text.ts";

const headings = {
  en: {
    verdicts: "Verdicts",
    provisional: "Verdicts (provisional until every trial is in)",
    summary: "Summary",
  },
  zh: {
    verdicts: "结论",
    provisional: "结论（暂定，待全部试验完成）",
    summary: "摘要",
  },
} as const;

const marks: Readonly<Record<VerdictName, string>> = {
  supported: "+",
  contradicted: "-",
  "not-enough-evidence": "?",
};

/** Breaks a text to the width, each line behind an indent. */
function wrapped(text: string, columns: number, indent: string): string[] {
  return wrapAnsi(text, columns - indent.length, { hard: true })
    .split("\n").map((line) => `${indent}${line}`.trimEnd());
}

/** Leaves out the sentences of a text that were said before. */
function unsaid(text: string, said: Set<string>): string {
  // A stop ends a sentence before a space; in Chinese it always does.
  const sentences = text.split(/(?<=\.) |(?<=。)/)
    .filter((sentence) => sentence !== "" && !said.has(sentence));
  for (const sentence of sentences) said.add(sentence);
  return sentences.join(/\p{Script=Han}/u.test(text) ? "" : " ");
}

/**
 * A leaderboard for a terminal: progress, the table of grid points, a heatmap
 * where the points form a grid, verdicts in words, and the summary. Lines are
 * at most `columns` wide, in terminal cells. What one caution has said, the
 * next ones do not repeat.
 */
export function leaderboardText(
  leaderboard: Leaderboard,
  style: TextStyle,
): string {
  const { colour, columns, language } = style;
  const colours = picocolors.createColors(colour);
  const say = headings[language];
  const paint: Readonly<Record<VerdictName, (text: string) => string>> = {
    supported: colours.green,
    contradicted: colours.red,
    "not-enough-evidence": colours.yellow,
  };
  const dim = (text: string, indent: string) =>
    wrapped(text, columns, indent).map((line) => colours.dim(line));
  const { study, progress, verdicts, summary } = leaderboard;
  const title = `${study.title[language]} (${study.id})`;
  const { table, notes } = leaderboardTable(leaderboard, style, stringWidth);
  const heatmap = heatmapText(leaderboard, style);
  const provisional = verdicts.some((verdict) => verdict.provisional);
  const lines = [
    ...wrapped(title, columns, "").map((line) => colours.bold(line)),
    ...wrapped(progressText(progress, language), columns, ""),
    "",
    table,
    ...notes.flatMap((note) => dim(note, "")),
  ];
  if (heatmap !== null) {
    lines.push("", ...heatmap.slice(0, -1), ...dim(heatmap.at(-1) ?? "", ""));
  }
  if (verdicts.length > 0) {
    lines.push(
      "",
      colours.bold(provisional ? say.provisional : say.verdicts),
    );
  }
  const said = new Set<string>();
  for (const { verdict, headline, evidence, caution } of verdicts) {
    const [first = "", ...rest] = wrapped(headline[language], columns, "  ");
    lines.push(
      paint[verdict](`${marks[verdict]} ${first.trimStart()}`),
      ...rest.map((line) => paint[verdict](line)),
    );
    if (evidence[language] !== headline[language]) {
      lines.push(...wrapped(evidence[language], columns, "  "));
    }
    const bear = unsaid(caution[language], said);
    if (bear !== "") lines.push(...dim(bear, "  "));
  }
  lines.push(
    "",
    colours.bold(say.summary),
    ...wrapped(summary[language], columns, ""),
  );
  return `${lines.join("\n")}\n`;
}
