import { pointKey } from "../../../protocol/grid_point.ts";
import type { StudyId } from "../../../protocol/ids.ts";
import type { StudyDefinition, TrialSpec } from "../../../protocol/study.ts";
import { sameValue } from "../../lease/same_value.ts";
import { conflictingPlan, type PlanOutcome } from "../storage.ts";
import { type Program, query, type SqlValue } from "./program.ts";
import {
  PlanRow,
  RevisionRow,
  storedDefinition,
  storedSpec,
  StudyTextRow,
} from "./rows.ts";

/**
 * Most trials in one statement: a value may have 256 MB at most, and a
 * statement has a time limit.
 */
const SOME = 10_000;

type Record = { readonly [column: string]: SqlValue };

/** Changes that make a study's trials its plan. */
interface Difference {
  readonly added: readonly Record[];
  readonly moved: readonly Record[];
  readonly left: readonly Record[];
  /** Trials whose position changed. */
  readonly restored: number;
}

const isNone = ({ added, moved, left }: Difference) =>
  added.length + moved.length + left.length === 0;

function* differenceOf(
  studyId: StudyId,
  trials: readonly TrialSpec[],
): Program<Difference> {
  const found = yield* query(
    "SELECT trial_id, spec, position, planned FROM trials WHERE study_id = $1",
    studyId,
  );
  const known = new Map(found.map((row) => {
    const parsed = PlanRow.parse(row);
    return [parsed.trial_id, parsed] as const;
  }));
  const added: Record[] = [];
  const moved: Record[] = [];
  let restored = 0;
  for (const [position, spec] of trials.entries()) {
    const { trialId: trial_id, replicate } = spec;
    const old = known.get(trial_id);
    if (old === undefined) {
      added.push({
        trial_id,
        spec: storedSpec(spec),
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
  const left = [...known.values()].flatMap(({ planned, trial_id }) =>
    planned ? [{ trial_id }] : []
  );
  return { added, moved, left, restored };
}

/** The outcome of `Storage.plan` if it changes nothing; else null. */
export function* asPlanned(
  study: StudyDefinition,
  trials: readonly TrialSpec[],
): Program<PlanOutcome | null> {
  const [row] = yield* query(
    "SELECT revision FROM studies " +
      "WHERE study_id = $1 AND definition = $2 AND deleted = false",
    study.id,
    storedDefinition(study),
  );
  if (row === undefined) return null;
  if (!isNone(yield* differenceOf(study.id, trials))) return null;
  const { revision } = RevisionRow.parse(row);
  return { revision, added: 0, restored: 0, unplanned: 0 };
}

/** `Storage.plan`, inside a transaction. */
export function* planTrials(
  study: StudyDefinition,
  trials: readonly TrialSpec[],
): Program<PlanOutcome> {
  const definition = storedDefinition(study);
  yield* query(
    "INSERT INTO studies (study_id, definition, revision) VALUES ($1, '', 0) " +
      "ON CONFLICT DO NOTHING",
    study.id,
  );
  // Concurrent plans and changes of the study's trials wait here.
  const [row] = yield* query(
    "SELECT definition, revision FROM studies WHERE study_id = $1 {lock}",
    study.id,
  );
  const before = StudyTextRow.parse(row);
  const difference = yield* differenceOf(study.id, trials);
  const { added, moved, left, restored } = difference;
  const differs = before.definition !== definition || !isNone(difference);
  const revision = before.revision + (differs ? 1 : 0);
  for (const some of chunks(added)) {
    yield* query(
      "INSERT INTO trials (trial_id, study_id, spec, point, replicate, " +
        "position, planned, state, revision) SELECT trial_id, $2, spec, " +
        "point, replicate, position, true, 'queued', $3 " +
        "FROM {rows $1: trial_id text, spec text, point text, " +
        "replicate integer, position integer}",
      some,
      study.id,
      revision,
    );
  }
  for (const some of chunks(moved)) {
    yield* query(
      "UPDATE trials AS t SET planned = true, position = r.position, " +
        "revision = $2 FROM {rows $1: trial_id text, position integer} " +
        "WHERE t.trial_id = r.trial_id",
      some,
      revision,
    );
  }
  for (const some of chunks(left)) {
    yield* query(
      "UPDATE trials AS t SET planned = false, revision = $2 " +
        "FROM {rows $1: trial_id text} WHERE t.trial_id = r.trial_id",
      some,
      revision,
    );
  }
  yield* query(
    "UPDATE studies SET definition = $2, deleted = false, revision = $3 " +
      "WHERE study_id = $1",
    study.id,
    definition,
    revision,
  );
  return {
    revision,
    added: added.length,
    restored,
    unplanned: left.length,
  };
}

/** As JSON, in chunks. */
function* chunks(all: readonly Record[]): Generator<string> {
  for (let i = 0; i < all.length; i += SOME) {
    yield JSON.stringify(all.slice(i, i + SOME));
  }
}

/** `Storage.deleteStudy`, inside a transaction. */
export function* deleteStudy(studyId: StudyId): Program<boolean> {
  const [found] = yield* query(
    "UPDATE studies SET deleted = true, revision = revision + 1 " +
      "WHERE study_id = $1 AND deleted = false RETURNING revision",
    studyId,
  );
  if (found === undefined) return false;
  yield* query(
    "UPDATE trials SET planned = false, revision = $2 " +
      "WHERE study_id = $1 AND planned = true",
    studyId,
    RevisionRow.parse(found).revision,
  );
  return true;
}
