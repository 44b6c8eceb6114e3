import { Buffer } from "node:buffer";
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

const rowPieces = (rows: readonly LeaderboardRow[]) => [
  "[",
  ...rows.map((row, i) => (i === 0 ? "" : ",") + rowJson(row)),
  "]",
];

const encoder = new TextEncoder();

/** The pieces one after the other, in UTF-8. */
function encoded(pieces: readonly string[]): Uint8Array<ArrayBuffer> {
  const size = pieces.reduce((sum, piece) => sum + Buffer.byteLength(piece), 0);
  const bytes = new Uint8Array(size);
  let end = 0;
  for (const piece of pieces) {
    end += encoder.encodeInto(piece, bytes.subarray(end)).written;
  }
  return bytes;
}

/**
 * The very text of `JSON.stringify(leaderboard)`, in UTF-8. Of thousands of grid
 * points a result changes one: the figures and curves of the others are not
 * written out again. Nor is the text ever whole: strings of megabytes would make
 * most of the work of the thread's garbage collector.
 */
export function leaderboardJson(
  leaderboard: Leaderboard,
): Uint8Array<ArrayBuffer> {
  const pieces = Object.entries(leaderboard).flatMap(([key, value], i) => [
    `${i === 0 ? "{" : ","}"${key}":`,
    ...key === "rows" ? rowPieces(leaderboard.rows) : [JSON.stringify(value)],
  ]);
  return encoded([...pieces, "}"]);
}
