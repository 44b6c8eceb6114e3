import { pointKey } from "../../../protocol/grid_point.ts";
import type { StudyId } from "../../../protocol/ids.ts";
import type { StudyDefinition, TrialSpec } from "../../../protocol/study.ts";
import { sameValue } from "../../lease/same_value.ts";
import { PlanRow, RevisionRow, StudyTextRow } from "../sql/rows.ts";
import type { Sql } from "./trial.ts";
import { conflictingPlan, type PlanOutcome } from "../storage.ts";

/** `Storage.plan`, inside a transaction. */
export function planTrials(
  sql: Sql,
  study: StudyDefinition,
  trials: readonly TrialSpec[],
): PlanOutcome {
  const definition = JSON.stringify(study);
  const found = sql(
    "SELECT definition, revision FROM studies WHERE study_id = ?",
  ).get(study.id);
  const before = found === undefined ? null : StudyTextRow.parse(found);
  const revision = (before?.revision ?? 0) + 1;
  sql(
    "INSERT INTO studies (study_id, definition, revision) VALUES (?, ?, 0) " +
      "ON CONFLICT (study_id) DO UPDATE SET definition = excluded.definition, " +
      "deleted = 0",
  ).run(study.id, definition);

  const known = new Map(
    sql(
      "SELECT trial_id, spec, position, planned FROM trials WHERE study_id = ?",
    ).all(study.id).map((row) => {
      const parsed = PlanRow.parse(row);
      return [parsed.trial_id, parsed] as const;
    }),
  );
  let added = 0;
  let restored = 0;
  let moved = 0;
  for (const [position, spec] of trials.entries()) {
    const old = known.get(spec.trialId);
    if (old === undefined) {
      added++;
      sql(
        "INSERT INTO trials (trial_id, study_id, spec, point, replicate, " +
          "position, planned, state, revision) " +
          "VALUES (?, ?, ?, ?, ?, ?, 1, 'queued', ?)",
      ).run(
        spec.trialId,
        spec.studyId,
        JSON.stringify(spec),
        pointKey(spec.params),
        spec.replicate,
        position,
        revision,
      );
      continue;
    }
    if (!sameValue(old.spec, spec)) throw conflictingPlan(spec.trialId);
    known.delete(spec.trialId);
    if (old.planned && old.position === position) continue;
    if (old.planned) moved++;
    else restored++;
    sql(
      "UPDATE trials SET planned = 1, position = ?, revision = ? " +
        "WHERE trial_id = ?",
    ).run(position, revision, spec.trialId);
  }
  let unplanned = 0;
  for (const old of known.values()) {
    if (!old.planned) continue;
    unplanned++;
    sql("UPDATE trials SET planned = 0, revision = ? WHERE trial_id = ?")
      .run(revision, old.trial_id);
  }
  const differs = before?.definition !== definition ||
    added + restored + moved + unplanned > 0;
  if (!differs) return { revision: revision - 1, added, restored, unplanned };
  sql("UPDATE studies SET revision = ? WHERE study_id = ?")
    .run(revision, study.id);
  return { revision, added, restored, unplanned };
}

/** `Storage.deleteStudy`, inside a transaction. */
export function deleteStudy(sql: Sql, studyId: StudyId): boolean {
  const found = sql(
    "UPDATE studies SET deleted = 1, revision = revision + 1 " +
      "WHERE study_id = ? AND deleted = 0 RETURNING revision",
  ).get(studyId);
  if (found === undefined) return false;
  sql(
    "UPDATE trials SET planned = 0, revision = ? " +
      "WHERE study_id = ? AND planned = 1",
  ).run(RevisionRow.parse(found).revision, studyId);
  return true;
}
