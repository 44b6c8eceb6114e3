import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { StudyId } from "../protocol/ids.ts";
import type { Leaderboard, VerdictName } from "../protocol/leaderboard.ts";
import { leaderboardJson } from "./leaderboard_json.ts";

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
   * From revision and content: pace and time left change without a trial. Weak:
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
