import Table from "cli-table3";
import picocolors from "picocolors";
import stringWidth from "string-width";
import wrapAnsi from "wrap-ansi";
import {
  fieldOf,
  formatValue,
  isRatePair,
  pointKey,
  ratesOf,
} from "../../../protocol/grid_point.ts";
import type {
  Estimate,
  Leaderboard,
  LeaderboardRow,
  VerdictName,
} from "../../../protocol/leaderboard.ts";
import {
  type MetricName,
  metricNames,
  metrics,
  RankedMetric,
} from "../../../protocol/metrics.ts";
import type { RecipeFieldName } from "../../../protocol/recipe.ts";
import type { TextStyle } from "./language.ts";
import { progressText } from "./progress.ts";
import { textIn } from "../../../protocol/text.ts";

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
  const title = `${textIn(study.title, language)} (${study.id})`;
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

/** At this probability a point is marked as the best. */
const SURE = 0.95;

/** Rows beyond this many are left to the page and the CSV. */
const MOST_ROWS = 40;

function plusMinus(
  { mean, low, high }: Estimate,
  decimals: number,
  scale: number,
): string {
  if (mean === null) return "-";
  const text = (mean * scale).toFixed(decimals);
  if (low === null || high === null) return text;
  return `${text} ±${((high - low) / 2 * scale).toFixed(decimals)}`;
}

interface Column {
  readonly head: { readonly en: string; readonly zh: string };
  readonly cell: (row: LeaderboardRow) => string;
  /** The higher ones go first where the width is too small; 0 never. */
  readonly spare: number;
}

/** A metric's figure; the best one has a star, the ranking one an x if it diverged. */
function metricCell(name: MetricName, digits: number) {
  const scale = metrics[name].unit === "share" ? 100 : 1;
  const ranked = RankedMetric.safeParse(name).data;
  return (row: LeaderboardRow) => {
    if (name === "trainLoss" && row.diverged > 0) return `x ${row.diverged}`;
    const best = ranked === undefined ? null : row.probabilityBest[ranked];
    return plusMinus(row.metrics[name], digits, scale) +
      ((best ?? 0) >= SURE ? "*" : "");
  };
}

const metricColumns: readonly Column[] = metricNames
  .flatMap((name) => {
    const { column } = metrics[name];
    return column === null
      ? []
      : [{ ...column, cell: metricCell(name, column.digits) }];
  }).sort((a, b) => a.place - b.place);

/** The two rates share a column; other axes have one each. */
function axisColumns(axes: readonly RecipeFieldName[]): readonly Column[] {
  const valueOf = (name: RecipeFieldName, { params }: LeaderboardRow) => {
    const value = params[name];
    return value === undefined ? "-" : formatValue(value);
  };
  if (isRatePair(axes)) {
    return [{
      head: { en: "dropout 1, 2", zh: "暂退概率" },
      cell: (row) => axes.map((name) => valueOf(name, row)).join(", "),
      spare: 0,
    }];
  }
  return axes.map((name) => ({
    head: fieldOf(name).short,
    cell: (row) => valueOf(name, row),
    spare: 0,
  }));
}

const columns: readonly Column[] = [
  {
    head: { en: "runs", zh: "次数" },
    cell: ({ replicatesDone, replicatesPlanned }) =>
      `${replicatesDone}/${replicatesPlanned}`,
    spare: 0,
  },
  ...metricColumns,
  {
    head: { en: "d2l", zh: "d2l" },
    cell: ({ replicatesDone, checksPassed }) =>
      replicatesDone === 0 ? "-" : `${checksPassed}/${replicatesDone}`,
    spare: 0,
  },
];

/** A table without lines, its columns as wide as they need. */
function drawn(
  rows: readonly LeaderboardRow[],
  shown: readonly Column[],
  { colour, language }: TextStyle,
): string {
  const colours = picocolors.createColors(colour);
  const table = new Table({
    head: shown.map(({ head }) => colours.bold(head[language])),
    colAligns: shown.map((_, index) => (index === 0 ? "left" : "right")),
    chars: {
      "top": "",
      "top-mid": "",
      "top-left": "",
      "top-right": "",
      "bottom": "",
      "bottom-mid": "",
      "bottom-left": "",
      "bottom-right": "",
      "left": "",
      "left-mid": "",
      "mid": "",
      "mid-mid": "",
      "right": "",
      "right-mid": "",
      "middle": " ",
    },
    style: {
      "padding-left": 0,
      "padding-right": 0,
      head: [],
      border: [],
      compact: true,
    },
  });
  for (const row of rows) {
    const fails = row.diverged > 0 || row.checksPassed < row.replicatesDone;
    const paint = row.replicatesDone === 0
      ? colours.dim
      : fails
      ? colours.red
      : (text: string) => text;
    table.push(shown.map(({ cell }) => paint(cell(row))));
  }
  return table.toString();
}

const notes = {
  en: {
    key: "± half the 95% interval; % accuracy; d2l: replicates that pass its " +
      "checks",
    best: "* best with probability 95% or more",
    diverged: "x replicates that diverged",
    more: (count: number) => `${count} more points: see the page or the CSV`,
  },
  zh: {
    key: "± 为 95% 区间的半宽；% 为准确率；d2l：通过其检查的重复次数",
    best: "* 为最优点的概率不低于 95%",
    diverged: "x 发散的重复次数",
    more: (count: number) => `另有 ${count} 个点：见网页或 CSV`,
  },
} as const;

/** The leaderboard's rows as a table that fits the width, and its key. */
export function leaderboardTable(
  { study: { axes }, rows }: Leaderboard,
  style: TextStyle,
  width: (text: string) => number,
): { readonly table: string; readonly notes: readonly string[] } {
  const first = rows.slice(0, MOST_ROWS);
  let shown = [...axisColumns(axes), ...columns];
  let table = drawn(first, shown, style);
  const tooWide = () =>
    table.split("\n").some((line) => width(line) > style.columns);
  while (tooWide()) {
    const spare = Math.max(...shown.map((column) => column.spare));
    if (spare === 0) break;
    shown = shown.filter((column) => column.spare !== spare);
    table = drawn(first, shown, style);
  }
  const say = notes[style.language];
  const all = table.split("\n").map((line) => line.trimEnd()).join("\n");
  return {
    table: all,
    notes: [
      rows.length > first.length ? say.more(rows.length - first.length) : null,
      say.key,
      all.includes("*") ? say.best : null,
      first.some(({ diverged }) => diverged > 0) ? say.diverged : null,
    ].filter((note) => note !== null),
  };
}

const CELL = 5;

const LABEL = 9;

const legend = {
  en: "Final training loss; dropout1 down, dropout2 across. ! fails a check " +
    "of d2l, x diverged, . not run yet.",
  zh: "最终训练损失；纵向为 dropout1，横向为 dropout2。! 未通过 d2l 的检查，" +
    "x 发散，. 尚未运行。",
} as const;

function cellText(row: LeaderboardRow | undefined): string {
  if (row === undefined) return "";
  if (row.diverged > 0) return "x";
  const { mean } = row.metrics.trainLoss;
  if (mean === null) return ".";
  const fails = row.checksPassed < row.replicatesDone;
  const text = mean < 1 ? mean.toFixed(2).replace(/^0/, "") : mean.toFixed(1);
  return text + (fails ? "!" : "");
}

/**
 * The mean final training loss over a grid of rates, as text: numbers in cells
 * of `CELL` columns, coloured by fifths of the points. Null where the study
 * varies other fields than the two rates, where hardly a rate is there twice, so
 * that no line compares anything, or where it does not fit.
 */
export function heatmapText(
  { study: { axes }, rows }: Leaderboard,
  style: TextStyle,
): readonly string[] | null {
  if (!isRatePair(axes)) return null;
  const axis = (of: "dropout1" | "dropout2") =>
    [...new Set(rows.map(({ params }) => ratesOf(params)[of]))].sort((a, b) =>
      a - b
    );
  const [down, across] = [axis("dropout1"), axis("dropout2")];
  if (down.length < 3 || across.length < 3) return null;
  if (rows.length <= Math.max(down.length, across.length)) return null;
  if (LABEL + across.length * CELL > style.columns) return null;
  const colours = picocolors.createColors(style.colour);
  const ramp = [
    colours.green,
    colours.cyan,
    colours.blue,
    colours.magenta,
    colours.red,
  ];
  const means = rows.map(({ metrics }) => metrics.trainLoss.mean)
    .filter((mean) => mean !== null).sort((a, b) => a - b);
  const paint = (row: LeaderboardRow | undefined, text: string) => {
    const mean = row?.metrics.trainLoss.mean ?? null;
    if (row === undefined || mean === null || row.diverged > 0) {
      return colours.dim(text);
    }
    const below = means.filter((other) => other < mean).length;
    const fifth = Math.floor(5 * below / means.length);
    return (ramp[fifth] ?? colours.red)(text);
  };
  const byRates = new Map(
    rows.map((row) => [pointKey(row.params), row]),
  );
  const fit = (text: string, size: number) =>
    text.length > size ? text.slice(0, size) : text.padStart(size);
  const head = fit("", LABEL) +
    across.map((rate) => fit(` ${rate}`, CELL)).join("");
  const lines = down.map((dropout1) => {
    const cells = across.map((dropout2) => {
      const row = byRates.get(pointKey({ dropout1, dropout2 }));
      return paint(row, fit(cellText(row), CELL));
    });
    return colours.bold(fit(`${dropout1}`, LABEL)) + cells.join("");
  });
  return [colours.bold(head), ...lines, legend[style.language]];
}
