import * as z from "zod";
import type { StudyId, TrialId } from "../protocol/ids.ts";
import type { TrialRecord } from "../swarm/trial.ts";
import type { Statement } from "./postgres_pool.ts";

/**
 * Raises a study's revision, stamps trials with it, and writes their states.
 * All of it in one statement and not before the last moment: until the commit,
 * every other change of the study waits, on whichever coordinator.
 */
const STAMP = "WITH study AS (UPDATE studies " +
  "SET revision = revision + $2::bigint WHERE study_id = $1 " +
  "RETURNING revision - $2::bigint AS before), " +
  "moved AS (UPDATE trials AS t SET state = r.state, " +
  "quarantined_at = r.quarantined_at, " +
  "revision = coalesce(study.before + r.stamp, t.revision) " +
  "FROM study, jsonb_to_recordset($3) AS r (trial_id text, stamp bigint, " +
  "state text, quarantined_at bigint) WHERE t.trial_id = r.trial_id) " +
  "SELECT before FROM study";

const StampRow = z.object({ before: z.number() });

/** What became of a study's trials. */
export interface Stamps {
  /** As they are now: each that moved, or is stamped. */
  readonly trials: Map<TrialId, TrialRecord>;
  /** Those that changed, in the order of the changes. */
  readonly order: TrialId[];
}

/** One statement a study, in the order in which all lock them. */
export function stampTrials(
  studies: ReadonlyMap<StudyId, Stamps>,
): { readonly studies: readonly StudyId[]; readonly last: Statement[] } {
  const sorted = [...studies].sort(([a], [b]) => a < b ? -1 : 1)
    .filter(([, { trials }]) => trials.size > 0);
  return {
    studies: sorted.map(([studyId]) => studyId),
    last: sorted.map(([studyId, { trials, order }]) => {
      const stamps = new Map(order.map((trialId, i) => [trialId, i + 1]));
      const records = [...trials].map(([trial_id, trial]) => ({
        trial_id,
        stamp: stamps.get(trial_id) ?? null,
        state: trial.state,
        quarantined_at: trial.state === "quarantined"
          ? trial.quarantinedAt
          : null,
      }));
      return {
        text: STAMP,
        values: [studyId, order.length, JSON.stringify(records)],
      };
    }),
  };
}

/** The revision before, of what the statement came to. */
export function revisionBefore(rows: readonly unknown[]): number {
  return StampRow.parse(rows[0]).before;
}
