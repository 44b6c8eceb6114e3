import type { StudyId, TrialId } from "../protocol/ids.ts";
import type { Storage } from "../storage/storage.ts";
import { chooseBackup, type Newcomer } from "./backup.ts";
import type { Policy } from "./policy.ts";
import type { TrialRecord } from "./trial.ts";

/** Trials looked at: the slowest are among those that began first. */
const LOOK_AT = 50;

/** Finds the trial that an idle worker had best back up. */
export interface Stragglers {
  choose(studyId: StudyId, newcomer: Newcomer): Promise<TrialId | null>;
}

/**
 * One look at the storage serves all idle workers for a moment: at the end of
 * a big study there are thousands, and each asks every few seconds. What it
 * finds is advice; the lease machine decides by what is stored by then.
 */
export function createStragglers(
  storage: Storage,
  policy: Policy,
): Stragglers {
  let seen: {
    readonly studyId: StudyId;
    readonly at: number;
    trials: readonly TrialRecord[];
  } | null = null;
  return {
    async choose(studyId, newcomer) {
      if (policy.runningAttempts < 2) return null;
      const { now } = newcomer;
      if (
        seen?.studyId !== studyId || now < seen.at ||
        now - seen.at >= policy.backupLook
      ) {
        const trials = await storage.running(studyId, LOOK_AT);
        seen = { studyId, at: now, trials };
      }
      const chosen = chooseBackup(seen.trials, newcomer, policy);
      // The next idle worker gets another one.
      seen.trials = seen.trials.filter((t) => t.spec.trialId !== chosen);
      return chosen;
    },
  };
}
