import type { StudyId } from "../protocol/ids.ts";
import type { StudyDefinition, TrialSpec } from "../protocol/study.ts";
import { sameValue } from "../swarm/same_value.ts";
import type { Queries } from "./postgres_pool.ts";
import { PlanRow, RevisionRow, StudyTextRow } from "./rows.ts";
import { conflictingPlan, type PlanOutcome } from "./storage.ts";

/** `Storage.plan`, inside a transaction. */
export async function planTrials(
  { rows }: Queries,
  study: StudyDefinition,
  trials: readonly TrialSpec[],
): Promise<PlanOutcome> {
  const definition = JSON.stringify(study);
  await rows(
    "INSERT INTO studies (study_id, definition, revision) VALUES ($1, '', 0) " +
      "ON CONFLICT DO NOTHING",
    [study.id],
  );
  // Who else plans it waits here, and so does whoever changes one of its trials.
  const [row] = await rows(
    "SELECT definition, revision FROM studies WHERE study_id = $1 FOR UPDATE",
    [study.id],
  );
  const before = StudyTextRow.parse(row);
  const revision = before.revision + 1;
  const known = new Map(
    (await rows(
      "SELECT trial_id, spec, position, planned FROM trials " +
        "WHERE study_id = $1",
      [study.id],
    )).map((row) => {
      const parsed = PlanRow.parse(row);
      return [parsed.trial_id, parsed] as const;
    }),
  );
  const added: unknown[] = [];
  const moved: unknown[] = [];
  let restored = 0;
  for (const [position, spec] of trials.entries()) {
    const { trialId: trial_id, replicate } = spec;
    const old = known.get(trial_id);
    if (old === undefined) {
      added.push({ trial_id, spec: JSON.stringify(spec), replicate, position });
      continue;
    }
    if (!sameValue(old.spec, spec)) throw conflictingPlan(trial_id);
    known.delete(trial_id);
    if (old.planned && old.position === position) continue;
    if (!old.planned) restored++;
    moved.push({ trial_id, position });
  }
  const left = [...known.values()].flatMap((old) =>
    old.planned ? [old.trial_id] : []
  );
  const unplanned = left.length;
  const outcome = { added: added.length, restored, unplanned };
  const differs = before.definition !== definition ||
    added.length + moved.length + unplanned > 0;
  await Promise.all([
    rows(
      "INSERT INTO trials (trial_id, study_id, spec, replicate, position, " +
        "planned, state, revision) SELECT trial_id, $2, spec, replicate, " +
        "position, true, 'queued', $3 FROM jsonb_to_recordset($1) AS r " +
        "(trial_id text, spec text, replicate integer, position integer)",
      [JSON.stringify(added), study.id, revision],
    ),
    rows(
      "UPDATE trials AS t SET planned = true, position = r.position, " +
        "revision = $2 FROM jsonb_to_recordset($1) AS r " +
        "(trial_id text, position integer) WHERE t.trial_id = r.trial_id",
      [JSON.stringify(moved), revision],
    ),
    rows(
      "UPDATE trials SET planned = false, revision = $2 " +
        "WHERE trial_id = ANY($1)",
      [left, revision],
    ),
    rows(
      "UPDATE studies SET definition = $2, deleted = false, revision = $3 " +
        "WHERE study_id = $1",
      [study.id, definition, differs ? revision : before.revision],
    ),
  ]);
  return { ...outcome, revision: differs ? revision : before.revision };
}

/** `Storage.deleteStudy`, inside a transaction. */
export async function deleteStudy(
  { rows }: Queries,
  studyId: StudyId,
): Promise<boolean> {
  const [found] = await rows(
    "UPDATE studies SET deleted = true, revision = revision + 1 " +
      "WHERE study_id = $1 AND NOT deleted RETURNING revision",
    [studyId],
  );
  if (found === undefined) return false;
  await rows(
    "UPDATE trials SET planned = false, revision = $2 " +
      "WHERE study_id = $1 AND planned",
    [studyId, RevisionRow.parse(found).revision],
  );
  return true;
}
