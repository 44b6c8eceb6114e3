import { pointKey } from "../../../protocol/grid_point.ts";
import type { StudyId, TrialId } from "../../../protocol/ids.ts";
import type { StudyDefinition, TrialSpec } from "../../../protocol/study.ts";
import { sameValue } from "../../lease/same_value.ts";
import type { PostgresPool, Queries } from "./pool.ts";
import { PlanRow, RevisionRow, StudyTextRow } from "../sql/rows.ts";
import { conflictingPlan, type PlanOutcome } from "../storage.ts";

/** Trials in one statement: a value has 256 MB at most, a statement its time. */
const SOME = 10_000;

/** What has to be done for a study's trials to be its plan. */
interface Difference {
  readonly added: readonly unknown[];
  readonly moved: readonly unknown[];
  readonly left: readonly TrialId[];
  /** Of those that moved. */
  readonly restored: number;
}

async function differenceOf(
  { rows }: Queries,
  studyId: StudyId,
  trials: readonly TrialSpec[],
): Promise<Difference> {
  const known = new Map(
    (await rows(
      "SELECT trial_id, spec, position, planned FROM trials " +
        "WHERE study_id = $1",
      [studyId],
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
      added.push({
        trial_id,
        spec: JSON.stringify(spec),
        point: pointKey(spec.params),
        replicate,
        position,
      });
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
  return { added, moved, left, restored };
}

/** `Storage.plan`. */
export async function planTrials(
  pool: PostgresPool,
  study: StudyDefinition,
  trials: readonly TrialSpec[],
): Promise<PlanOutcome> {
  // Who joins the others with the study that they are at holds nobody up.
  return await pool.snapshot((tx) => asPlanned(tx, study, trials)) ??
    await pool.transaction((tx) => plan(tx, study, trials));
}

/** Null: the plan is another one. */
async function asPlanned(
  tx: Queries,
  study: StudyDefinition,
  trials: readonly TrialSpec[],
): Promise<PlanOutcome | null> {
  const [row] = await tx.rows(
    "SELECT revision FROM studies " +
      "WHERE study_id = $1 AND definition = $2 AND NOT deleted",
    [study.id, JSON.stringify(study)],
  );
  if (row === undefined) return null;
  const { added, moved, left } = await differenceOf(tx, study.id, trials);
  if (added.length + moved.length + left.length > 0) return null;
  const { revision } = RevisionRow.parse(row);
  return { revision, added: 0, restored: 0, unplanned: 0 };
}

async function plan(
  tx: Queries,
  study: StudyDefinition,
  trials: readonly TrialSpec[],
): Promise<PlanOutcome> {
  const { rows } = tx;
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
  const { added, moved, left, restored } = await differenceOf(
    tx,
    study.id,
    trials,
  );
  const differs = before.definition !== definition ||
    added.length + moved.length + left.length > 0;
  const revision = before.revision + (differs ? 1 : 0);
  for (const some of chunks(added)) {
    await rows(
      "INSERT INTO trials (trial_id, study_id, spec, point, replicate, " +
        "position, planned, state, revision) SELECT trial_id, $2, spec, " +
        "point, replicate, position, true, 'queued', $3 " +
        "FROM jsonb_to_recordset($1) AS r (trial_id text, spec text, " +
        "point text, replicate integer, position integer)",
      [JSON.stringify(some), study.id, revision],
    );
  }
  for (const some of chunks(moved)) {
    await rows(
      "UPDATE trials AS t SET planned = true, position = r.position, " +
        "revision = $2 FROM jsonb_to_recordset($1) AS r " +
        "(trial_id text, position integer) WHERE t.trial_id = r.trial_id",
      [JSON.stringify(some), revision],
    );
  }
  await Promise.all([
    rows(
      "UPDATE trials SET planned = false, revision = $2 " +
        "WHERE trial_id = ANY($1)",
      [left, revision],
    ),
    rows(
      "UPDATE studies SET definition = $2, deleted = false, revision = $3 " +
        "WHERE study_id = $1",
      [study.id, definition, revision],
    ),
  ]);
  return {
    revision,
    added: added.length,
    restored,
    unplanned: left.length,
  };
}

function* chunks<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let i = 0; i < all.length; i += SOME) yield all.slice(i, i + SOME);
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
