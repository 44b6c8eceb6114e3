import { createHash } from "node:crypto";
import type { StudyId } from "../protocol/ids.ts";
import type { Leaderboard, VerdictName } from "../protocol/leaderboard.ts";
import { leaderboardJson } from "./leaderboard_json.ts";

/** A leaderboard as it is sent: plain data, which may come from a thread. */
export interface WrittenLeaderboard {
  readonly studyId: StudyId;
  readonly revision: number;
  readonly json: string;
  /** From revision and content: pace and time left change without a trial. */
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
    etag: `"${revision}-${hash.slice(0, 16)}"`,
    verdicts: verdicts.map(({ claimId, verdict }) => ({ claimId, verdict })),
  };
}

export function readable(written: WrittenLeaderboard): ReadableLeaderboard {
  let content: Leaderboard | null = null;
  return {
    ...written,
    // Written by `writeLeaderboard` just before: nothing to check.
    content: () => content ??= JSON.parse(written.json) as Leaderboard,
  };
}
