import type { Leaderboard, LeaderboardRow } from "../protocol/leaderboard.ts";

/** What has been written of a row's parts: most are the objects they were. */
const written = new WeakMap<object, string>();

function partJson(value: LeaderboardRow[keyof LeaderboardRow]): string {
  if (typeof value !== "object") return JSON.stringify(value);
  let text = written.get(value);
  if (text === undefined) written.set(value, text = JSON.stringify(value));
  return text;
}

function rowJson(row: LeaderboardRow): string {
  const parts = Object.values(row).map(partJson);
  return `{${Object.keys(row).map((key, i) => `"${key}":${parts[i]}`)}}`;
}

/**
 * The very text of `JSON.stringify(leaderboard)`. Of thousands of grid points a
 * result changes one: the figures and curves of the others are not written out
 * again.
 */
export function leaderboardJson(leaderboard: Leaderboard): string {
  const fields = Object.entries(leaderboard).map(([key, value]) => {
    const text = key === "rows"
      ? `[${leaderboard.rows.map(rowJson)}]`
      : JSON.stringify(value);
    return `"${key}":${text}`;
  });
  return `{${fields}}`;
}
