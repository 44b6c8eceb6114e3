import type { StudyId } from "../protocol/ids.ts";
import type { VerdictName } from "../protocol/leaderboard.ts";
import type { Log } from "../swarm/log.ts";
import type { WrittenLeaderboard } from "./written.ts";

type Judged = Pick<WrittenLeaderboard, "studyId" | "verdicts">;

/** Logs each verdict that is another than it was when it was last looked at. */
export function createVerdictLog(log: Log): (leaderboard: Judged) => void {
  const known = new Map<StudyId, Map<string, VerdictName>>();
  let last: Judged | null = null;
  return (leaderboard) => {
    // Nearly always the same: the very object means nothing changed.
    if (leaderboard === last) return;
    last = leaderboard;
    const { studyId, verdicts } = leaderboard;
    const before = known.get(studyId);
    for (const { claimId, verdict } of verdicts) {
      const from = before?.get(claimId);
      if (from === undefined || from === verdict) continue;
      log("info", "verdict changed", { studyId, claimId, from, to: verdict });
    }
    known.set(
      studyId,
      new Map(verdicts.map(({ claimId, verdict }) => [claimId, verdict])),
    );
  };
}
