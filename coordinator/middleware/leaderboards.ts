import { createHash } from "node:crypto";
import type { StudyId } from "../protocol/ids.ts";
import type { Leaderboard } from "../protocol/leaderboard.ts";
import { leaderboardJson } from "./leaderboard_json.ts";

/** A leaderboard as it is sent. */
export interface Rendered {
  readonly json: string;
  readonly csv: () => string;
  /** From revision and content: pace and time left change without a trial. */
  readonly etag: string;
}

/** Keeps each study's leaderboard as text, so that many pages cost one. */
export function createLeaderboards(deps: {
  /** The same object while nothing changed. */
  readonly leaderboard: (studyId: StudyId) => Promise<Leaderboard | null>;
  readonly leaderboardCsv: (leaderboard: Leaderboard) => string;
}): (studyId: StudyId) => Promise<Rendered | null> {
  const kept = new WeakMap<Leaderboard, Rendered>();
  return async (studyId) => {
    const leaderboard = await deps.leaderboard(studyId);
    if (leaderboard === null) return null;
    const known = kept.get(leaderboard);
    if (known !== undefined) return known;
    const json = leaderboardJson(leaderboard);
    const hash = createHash("sha256").update(json).digest("hex");
    const made = {
      json,
      csv: () => deps.leaderboardCsv(leaderboard),
      etag: `"${leaderboard.revision}-${hash.slice(0, 16)}"`,
    };
    kept.set(leaderboard, made);
    return made;
  };
}
