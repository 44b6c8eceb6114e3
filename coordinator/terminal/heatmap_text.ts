import picocolors from "picocolors";
import type { Leaderboard, LeaderboardRow } from "../protocol/leaderboard.ts";
import type { TextStyle } from "./language.ts";

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
 * of `CELL` columns, coloured by fifths of the points. Null where there is
 * nothing to compare along a line, because hardly a rate is there twice, or
 * where it does not fit.
 */
export function heatmapText(
  { rows }: Leaderboard,
  style: TextStyle,
): readonly string[] | null {
  const axis = (of: "dropout1" | "dropout2") =>
    [...new Set(rows.map(({ params }) => params[of]))].sort((a, b) => a - b);
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
    rows.map((row) => [`${row.params.dropout1},${row.params.dropout2}`, row]),
  );
  const fit = (text: string, size: number) =>
    text.length > size ? text.slice(0, size) : text.padStart(size);
  const head = fit("", LABEL) +
    across.map((rate) => fit(` ${rate}`, CELL)).join("");
  const lines = down.map((dropout1) => {
    const cells = across.map((dropout2) => {
      const row = byRates.get(`${dropout1},${dropout2}`);
      return paint(row, fit(cellText(row), CELL));
    });
    return colours.bold(fit(`${dropout1}`, LABEL)) + cells.join("");
  });
  return [colours.bold(head), ...lines, legend[style.language]];
}
