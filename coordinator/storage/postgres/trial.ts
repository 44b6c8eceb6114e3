import * as z from "zod";
import type { StudyId, TrialId } from "../../../protocol/ids.ts";
import type { TrialRecord } from "../../lease/trial.ts";
import {
  AttemptRow,
  DeliveryRow,
  EpochRow,
  ResultRow,
  TrialIdRow,
  TrialRow,
} from "../sql/rows.ts";
import {
  attempts,
  type Column,
  deliveries,
  epochs,
  results,
  type Table,
} from "../sql/tables.ts";
import { assembleTrial, trialColumns, trialDiff } from "../sql/trial_rows.ts";
import type { Queries, Statement } from "./pool.ts";

/**
 * Trials in PostgreSQL. Many are read and written at once, because round trips
 * take most of the time.
 */

const PartsRow = TrialIdRow.extend(TrialRow.shape).extend({
  attempts: z.array(AttemptRow),
  epochs: z.array(EpochRow),
  deliveries: z.array(DeliveryRow),
  result: ResultRow.nullable(),
  revision: z.number(),
});

/** A trial with its study's revision when it was read. */
export interface StoredTrial {
  readonly trial: TrialRecord;
  readonly revision: number;
}

const of = (table: string, order: string) =>
  `(SELECT coalesce(json_agg(x ORDER BY ${order}), '[]') FROM ${table} AS x ` +
  "WHERE x.trial_id = t.trial_id)";

const PARTS = "SELECT t.trial_id, t.spec, t.planned, t.state, " +
  "t.quarantined_at, " +
  `${of("attempts", "x.attempt")} AS attempts, ` +
  `${of("epochs", "x.attempt, x.epoch")} AS epochs, ` +
  `${of("deliveries", "x.attempt")} AS deliveries, ` +
  "(SELECT to_json(x) FROM results AS x WHERE x.trial_id = t.trial_id) " +
  "AS result, " +
  "(SELECT s.revision FROM studies AS s WHERE s.study_id = t.study_id) " +
  "AS revision FROM trials AS t WHERE t.trial_id = ANY($1)";

/** Reads the trials that exist. */
export async function readTrials(
  { rows }: Queries,
  trialIds: readonly TrialId[],
): Promise<Map<TrialId, StoredTrial>> {
  if (trialIds.length === 0) return new Map();
  return new Map(
    (await rows(PARTS, [trialIds])).map((row) => {
      const { trial_id, revision, ...parts } = PartsRow.parse(row);
      const trial = assembleTrial({
        trial: parts,
        attempts: parts.attempts,
        epochs: (n) =>
          parts.epochs.filter(({ attempt }) => attempt === n)
            .map(({ metrics }) => metrics),
        delivery: (n) => found(parts.deliveries.find((d) => d.attempt === n)),
        result: () => found(parts.result),
      });
      return [trial_id, { trial, revision }];
    }),
  );
}

/** The tables' constraints guarantee this. */
function found<T>(part: T | null | undefined): T {
  if (part === null || part === undefined) {
    throw new Error("a trial with a missing part");
  }
  return part;
}

/** A trial as stored and as it shall be. */
export interface TrialChange {
  readonly before: TrialRecord;
  readonly after: TrialRecord;
}

const types = {
  text: "text",
  integer: "bigint",
  real: "double precision",
  boolean: "boolean",
} as const satisfies Record<Column["type"], string>;

/** The rows of a JSON array, with a table's columns and additional ones. */
function rowsOf(table: Table, ...more: readonly string[]): string {
  const columns = table.columns.map(({ name, type }) =>
    `${name} ${types[type]}`
  );
  return `{rows $1: ${[...columns, ...more].join(", ")}}`;
}

/** Writes all columns of a table's new rows, in one statement. */
export function insertRows(table: Table, ...more: readonly string[]): string {
  const names = [
    ...table.columns.map(({ name }) => name),
    ...more.map((column) => column.split(" ")[0]),
  ].join(", ");
  return `INSERT INTO ${table.name} (${names}) SELECT ${names} ` +
    `FROM ${rowsOf(table, ...more)}`;
}

const INSERT = {
  attempts: insertRows(attempts),
  deliveries: insertRows(deliveries),
  epochs: insertRows(epochs, "told_to text"),
  results: insertRows(results),
};

/**
 * Writes all differences except the trials' states, which are written later
 * together with the revision. The caller has locked the trials.
 *
 * @param coordinatorId This coordinator's id, stored with epochs.
 */
export async function writeTrials(
  { rows, count }: Queries,
  changes: readonly TrialChange[],
  coordinatorId: string,
): Promise<void> {
  const diffs = changes.map(({ before, after }) => ({
    trial_id: after.spec.trialId,
    ...trialDiff(before, after),
  }));
  const withdrawn = diffs.flatMap(({ trial_id, withdrawn }) =>
    withdrawn ? [trial_id] : []
  );
  const write = async (text: string, records: readonly unknown[]) => {
    if (records.length > 0) await rows(text, [JSON.stringify(records)]);
  };
  await Promise.all([
    write(INSERT.attempts, diffs.flatMap(({ begun }) => begun)),
    fenced(count, diffs.flatMap(({ went }) => went)),
    write(
      "DELETE FROM deliveries AS d USING " +
        "{rows $1: trial_id text, attempt integer} " +
        "WHERE d.trial_id = r.trial_id AND d.attempt = r.attempt",
      diffs.flatMap(({ judged }) => judged),
    ),
    write(INSERT.deliveries, diffs.flatMap(({ delivered }) => delivered)),
    write(
      INSERT.epochs,
      diffs.flatMap(({ epochs }) =>
        epochs.map((row) => ({ ...row, told_to: coordinatorId }))
      ),
    ),
    // Fails unless its attempt is refused in the same change.
    withdrawn.length === 0
      ? undefined
      : rows("DELETE FROM results WHERE trial_id = ANY($1)", [withdrawn]),
    // Fails if a result is stored: the first one is never replaced.
    write(
      INSERT.results,
      diffs.flatMap(({ accepted }) => accepted === null ? [] : [accepted]),
    ),
  ]);
}

/**
 * Updates attempts only if they still have this lease and the state that was
 * read. The locks already guarantee that; this is a second check.
 */
async function fenced(
  count: Queries["count"],
  changed: readonly unknown[],
): Promise<void> {
  if (changed.length === 0) return;
  const stored = await count(
    "UPDATE attempts AS a SET state = r.state, expires_at = r.expires_at, " +
      "ended_at = r.ended_at, message = r.message " +
      `FROM ${rowsOf(attempts, "was text")} ` +
      "WHERE a.trial_id = r.trial_id AND a.attempt = r.attempt " +
      "AND a.lease_id = r.lease_id AND a.state = r.was",
    [JSON.stringify(changed)],
  );
  if (stored !== changed.length) {
    throw new Error("an attempt has changed since it was read");
  }
}

/**
 * Raises a study's revision and writes it and the states to trials. One
 * statement at the very end of the transaction, because until the commit all
 * other changes of the study wait, on every coordinator.
 */
const STAMP = "WITH study AS (UPDATE studies " +
  "SET revision = revision + $2::bigint WHERE study_id = $1 " +
  "RETURNING revision - $2::bigint AS before), " +
  "moved AS (UPDATE trials AS t SET state = r.state, " +
  "quarantined_at = r.quarantined_at, " +
  "revision = coalesce(study.before + r.stamp, t.revision) " +
  "FROM study, {rows $3: trial_id text, stamp bigint, state text, " +
  "quarantined_at bigint} WHERE t.trial_id = r.trial_id) " +
  "SELECT before FROM study";

const StampRow = z.object({ before: z.number() });

/** The changed trials of a study. */
export interface Stamps {
  /** Each trial whose state or revision changes. */
  readonly trials: Map<TrialId, TrialRecord>;
  /** Trials that changed, in order. */
  readonly order: TrialId[];
}

/** One statement per study, in the order in which studies are locked. */
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
        ...trialColumns(trial),
      }));
      return {
        text: STAMP,
        values: [studyId, order.length, JSON.stringify(records)],
      };
    }),
  };
}

/** The previous revision, from the statement's rows. */
export function revisionBefore(rows: readonly unknown[]): number {
  return StampRow.parse(rows[0]).before;
}
