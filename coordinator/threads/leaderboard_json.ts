import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { StudyId } from "../../protocol/ids.ts";
import type {
  Leaderboard,
  LeaderboardRow,
  VerdictName,
} from "../../protocol/leaderboard.ts";

/** Cached JSON of a row's parts: most parts are still the same objects. */
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

/** Joins the pieces, in UTF-8. */
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
 * The text of `JSON.stringify(leaderboard)`, in UTF-8. A result changes one of
 * thousands of grid points, so the figures and curves of the others are not
 * encoded again. The text is never one string: strings of megabytes would cause
 * most of the thread's garbage collection.
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

/** Saves 3/4 of what the highest level saves, in a third of the time. */
const GZIP_LEVEL = 4;

/**
 * A leaderboard as it is sent: plain data, which may come from a thread. It is
 * encoded and compressed once, in the thread that computed it, and not for each
 * reader in the thread that answers workers.
 */
export interface WrittenLeaderboard {
  readonly studyId: StudyId;
  readonly revision: number;
  /** JSON in UTF-8. */
  readonly json: Uint8Array<ArrayBuffer>;
  /** The same, compressed. */
  readonly gzip: Uint8Array<ArrayBuffer>;
  /**
   * From revision and content, because throughput and remaining time change
   * without a trial. Weak: the bytes differ by encoding.
   */
  readonly etag: string;
  readonly verdicts: readonly {
    readonly claimId: string;
    readonly verdict: VerdictName;
  }[];
}

/** The same with the parsed leaderboard. */
export interface ReadableLeaderboard extends WrittenLeaderboard {
  /** Parsed at the first use. */
  readonly content: () => Leaderboard;
}

export function writeLeaderboard(leaderboard: Leaderboard): WrittenLeaderboard {
  const { study, revision, verdicts } = leaderboard;
  const json = leaderboardJson(leaderboard);
  const hash = createHash("sha256").update(json).digest("hex");
  return {
    studyId: study.id,
    revision,
    json,
    // Copied: Node's buffer may be in a pool, which cannot be transferred.
    gzip: new Uint8Array(gzipSync(json, { level: GZIP_LEVEL })),
    etag: `W/"${revision}-${hash.slice(0, 16)}"`,
    verdicts: verdicts.map(({ claimId, verdict }) => ({ claimId, verdict })),
  };
}

export function readable(written: WrittenLeaderboard): ReadableLeaderboard {
  let content: Leaderboard | null = null;
  return {
    ...written,
    // Not validated, because `writeLeaderboard` wrote it.
    content: () =>
      content ??= JSON.parse(
        new TextDecoder().decode(written.json),
      ) as Leaderboard,
  };
}
