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

/** Trials in PostgreSQL: many at once, for nearly all of the time is travel. */

const PartsRow = TrialIdRow.extend(TrialRow.shape).extend({
  attempts: z.array(AttemptRow),
  epochs: z.array(EpochRow),
  deliveries: z.array(DeliveryRow),
  result: ResultRow.nullable(),
  revision: z.number(),
});

/** A trial with the revision of its study, as of when it was read. */
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

/** Reads those of them that there are. */
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

/** What the tables' own rules promise. */
function found<T>(part: T | null | undefined): T {
  if (part === null || part === undefined) {
    throw new Error("a trial of which a part is missing");
  }
  return part;
}

/** A trial as it is stored, and as it is to be. */
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

/** The rows of a JSON array, with a table's columns and these. */
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
 * Writes what differs in all but the states of the trials, which are stamped
 * later. The trials are locked by whoever calls.
 *
 * @param coordinatorId This coordinator's; epochs are stored with it.
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
    // Fails unless its attempt was refused just now.
    withdrawn.length === 0
      ? undefined
      : rows("DELETE FROM results WHERE trial_id = ANY($1)", [withdrawn]),
    // Fails where a result is stored: the first one stands, whatever happens.
    write(
      INSERT.results,
      diffs.flatMap(({ accepted }) => accepted === null ? [] : [accepted]),
    ),
  ]);
}

/**
 * Attempts go on from what they were: of this lease, and in the state that they
 * were read in. The locks see to that already; this is the second wall.
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
    throw new Error("an attempt is not what it was when it was read");
  }
}

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
  "FROM study, {rows $3: trial_id text, stamp bigint, state text, " +
  "quarantined_at bigint} WHERE t.trial_id = r.trial_id) " +
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
        ...trialColumns(trial),
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
