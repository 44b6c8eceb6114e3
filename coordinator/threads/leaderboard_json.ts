import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { StudyId } from "../../protocol/ids.ts";
import type {
  Leaderboard,
  LeaderboardRow,
  VerdictName,
} from "../../protocol/leaderboard.ts";

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

/** Three quarters of what the highest level saves, in a third of its time. */
const GZIP_LEVEL = 4;

/**
 * A leaderboard as it is sent: plain data, which may come from a thread. It is
 * encoded and compressed once, where it was worked out, and not for each of its
 * readers beside the workers' calls.
 */
export interface WrittenLeaderboard {
  readonly studyId: StudyId;
  readonly revision: number;
  /** JSON in UTF-8. */
  readonly json: Uint8Array<ArrayBuffer>;
  /** The same, compressed. */
  readonly gzip: Uint8Array<ArrayBuffer>;
  /**
   * From revision and content: throughput and time left change without a trial. Weak:
   * the bytes differ by their encoding.
   */
  readonly etag: string;
  readonly verdicts: readonly {
    readonly claimId: string;
    readonly verdict: VerdictName;
  }[];
}

/** The same, for whoever looks into it. */
export interface ReadableLeaderboard extends WrittenLeaderboard {
  /** Read from the text the first time that it is asked for. */
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
    // Bytes of its own: Node's may lie in a pool, and could not be handed over.
    gzip: new Uint8Array(gzipSync(json, { level: GZIP_LEVEL })),
    etag: `W/"${revision}-${hash.slice(0, 16)}"`,
    verdicts: verdicts.map(({ claimId, verdict }) => ({ claimId, verdict })),
  };
}

export function readable(written: WrittenLeaderboard): ReadableLeaderboard {
  let content: Leaderboard | null = null;
  return {
    ...written,
    // Written by `writeLeaderboard` just before: nothing to check.
    content: () =>
      content ??= JSON.parse(
        new TextDecoder().decode(written.json),
      ) as Leaderboard,
  };
}
