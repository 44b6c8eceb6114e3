import type { StudyId } from "./protocol/ids.ts";
import type { Leaderboard, VerdictName } from "./protocol/leaderboard.ts";
import type { Log } from "./swarm/log.ts";

/** Logs each verdict that is another than it was when it was last looked at. */
export function createVerdictLog(log: Log): (leaderboard: Leaderboard) => void {
  const known = new Map<StudyId, Map<string, VerdictName>>();
  let last: Leaderboard | null = null;
  return (leaderboard) => {
    // Nearly always the same: the very object means nothing changed.
    if (leaderboard === last) return;
    last = leaderboard;
    const { study, verdicts } = leaderboard;
    const before = known.get(study.id);
    for (const { claimId, verdict } of verdicts) {
      const from = before?.get(claimId);
      if (from === undefined || from === verdict) continue;
      log("info", "verdict changed", {
        studyId: study.id,
        claimId,
        from,
        to: verdict,
      });
    }
    known.set(
      study.id,
      new Map(verdicts.map(({ claimId, verdict }) => [claimId, verdict])),
    );
  };
}
