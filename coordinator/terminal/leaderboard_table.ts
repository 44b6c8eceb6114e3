import Table from "cli-table3";
import picocolors from "picocolors";
import type {
  Estimate,
  Leaderboard,
  LeaderboardRow,
} from "../protocol/leaderboard.ts";
import type { TextStyle } from "./language.ts";

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

const loss = (estimate: Estimate) => plusMinus(estimate, 3, 1);
const share = (estimate: Estimate) => plusMinus(estimate, 1, 100);

interface Column {
  readonly head: { readonly en: string; readonly zh: string };
  readonly cell: (row: LeaderboardRow) => string;
  /** The higher ones go first where the width is too small; 0 never. */
  readonly spare: number;
}

const columns: readonly Column[] = [
  {
    head: { en: "dropout 1, 2", zh: "暂退概率" },
    cell: ({ params: { dropout1, dropout2 } }) => `${dropout1}, ${dropout2}`,
    spare: 0,
  },
  {
    head: { en: "runs", zh: "次数" },
    cell: ({ replicatesDone, replicatesPlanned }) =>
      `${replicatesDone}/${replicatesPlanned}`,
    spare: 0,
  },
  {
    head: { en: "train loss", zh: "训练损失" },
    cell: ({ metrics, diverged, probabilityBest }) =>
      diverged > 0 ? `x ${diverged}` : loss(metrics.trainLoss) +
        ((probabilityBest.trainLoss ?? 0) >= SURE ? "*" : ""),
    spare: 0,
  },
  {
    head: { en: "train %", zh: "训练 %" },
    cell: ({ metrics }) => share(metrics.trainAccuracy),
    spare: 2,
  },
  {
    head: { en: "test loss", zh: "测试损失" },
    cell: ({ metrics }) => loss(metrics.testLoss),
    spare: 1,
  },
  {
    head: { en: "test %", zh: "测试 %" },
    cell: ({ metrics, probabilityBest }) =>
      share(metrics.testAccuracy) +
      ((probabilityBest.testAccuracy ?? 0) >= SURE ? "*" : ""),
    spare: 0,
  },
  {
    head: { en: "gap", zh: "泛化差距" },
    cell: ({ metrics }) => plusMinus(metrics.generalisationGap, 2, 1),
    spare: 3,
  },
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
  { rows }: Leaderboard,
  style: TextStyle,
  width: (text: string) => number,
): { readonly table: string; readonly notes: readonly string[] } {
  const first = rows.slice(0, MOST_ROWS);
  let shown = columns;
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
