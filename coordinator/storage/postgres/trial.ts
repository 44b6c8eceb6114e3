import * as z from "zod";
import type { StudyId, TrialId } from "../../../protocol/ids.ts";
import type { TrialRecord } from "../../lease/trial.ts";
import {
  AttemptRow,
  DeliveryRow,
  EpochRow,
  ResultRow,
  storable,
  TrialIdRow,
  TrialRow,
} from "../sql/rows.ts";
import { assembleTrial, attemptFate, trialDiff } from "../sql/trial_rows.ts";
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

/** Every column of a table's new rows, in one statement. */
function insert(table: string, columns: string): string {
  const names = columns.split(", ").map((column) => column.split(" ")[0]);
  return `INSERT INTO ${table} (${names.join(", ")}) ` +
    `SELECT * FROM jsonb_to_recordset($1) AS r (${columns})`;
}

const ATTEMPT = "trial_id text, attempt integer, lease_id text, " +
  "worker_id text, backend text, backend_detail text, started_at bigint, " +
  "ttl bigint, state text, expires_at bigint, ended_at bigint, message text";

/**
 * Writes what differs in all but the states of the trials, which are stamped
 * later. The trials are locked by whoever calls.
 *
 * @param teller Names this coordinator among those that epochs are told to.
 */
export async function writeTrials(
  { rows, count }: Queries,
  changes: readonly TrialChange[],
  teller: string,
): Promise<void> {
  const diffs = changes.map(({ before, after }) => ({
    trial_id: after.spec.trialId,
    study_id: after.spec.studyId,
    diff: trialDiff(before, after),
  }));
  const attempts = diffs.flatMap(({ trial_id, diff }) =>
    diff.attempts.map(({ attempt: a, was }) => ({
      trial_id,
      attempt: a.attempt,
      lease_id: a.leaseId,
      worker_id: a.workerId,
      backend: a.backend,
      backend_detail: storable(a.backendDetail),
      started_at: a.startedAt,
      ttl: a.ttl,
      was,
      ...attemptFate(a),
    })).map((row) => ({ ...row, message: storable(row.message) }))
  );
  const [begun, went] = [
    attempts.filter(({ was }) => was === null),
    attempts.filter(({ was }) => was !== null),
  ];
  const judged = diffs.flatMap(({ trial_id, diff }) =>
    diff.judged.map((attempt) => ({ trial_id, attempt }))
  );
  const delivered = diffs.flatMap(({ trial_id, diff }) =>
    diff.delivered.map(({ attempt, delivery: { weights, result } }) => ({
      trial_id,
      attempt,
      weights,
      result: JSON.stringify(result),
    }))
  );
  const epochs = diffs.flatMap(({ trial_id, diff }) =>
    diff.epochs.map(({ attempt, metrics }) => ({
      trial_id,
      attempt,
      epoch: metrics.epoch,
      metrics: JSON.stringify(metrics),
      told_to: teller,
    }))
  );
  const withdrawn = diffs.flatMap(({ trial_id, diff }) =>
    diff.withdrawn ? [trial_id] : []
  );
  const accepted = diffs.flatMap(({ trial_id, study_id, diff }) =>
    diff.accepted === null ? [] : [{
      trial_id,
      attempt: diff.accepted.attempt,
      worker_id: diff.accepted.workerId,
      study_id,
      accepted_at: diff.accepted.acceptedAt,
      epochs: diff.accepted.result.epochs.length,
      seconds: diff.accepted.result.seconds,
      result: JSON.stringify(diff.accepted.result),
      recomputed: diff.accepted.recomputed === null
        ? null
        : JSON.stringify(diff.accepted.recomputed),
      repeated_epochs: diff.accepted.repeatedEpochs,
    }]
  );
  const write = async (text: string, records: readonly unknown[]) => {
    if (records.length > 0) await rows(text, [JSON.stringify(records)]);
  };
  await Promise.all([
    write(insert("attempts", ATTEMPT), begun),
    fenced(count, went),
    write(
      "DELETE FROM deliveries AS d USING jsonb_to_recordset($1) AS r " +
        "(trial_id text, attempt integer) " +
        "WHERE d.trial_id = r.trial_id AND d.attempt = r.attempt",
      judged,
    ),
    write(
      insert(
        "deliveries",
        "trial_id text, attempt integer, weights text, result text",
      ),
      delivered,
    ),
    write(
      insert(
        "epochs",
        "trial_id text, attempt integer, epoch integer, metrics text, " +
          "told_to text",
      ),
      epochs,
    ),
    // Fails unless its attempt was refused just now.
    withdrawn.length === 0
      ? undefined
      : rows("DELETE FROM results WHERE trial_id = ANY($1)", [withdrawn]),
    // Fails where a result is stored: the first one stands, whatever happens.
    write(
      insert(
        "results",
        "trial_id text, attempt integer, worker_id text, study_id text, " +
          "accepted_at bigint, epochs integer, seconds double precision, " +
          "result text, recomputed text, repeated_epochs integer",
      ),
      accepted,
    ),
  ]);
}

/**
 * Attempts go on from what they were: of this lease, and in the state that they
 * were read in. The locks see to that already; this is the second wall.
 */
async function fenced(
  count: Queries["count"],
  attempts: readonly unknown[],
): Promise<void> {
  if (attempts.length === 0) return;
  const changed = await count(
    "UPDATE attempts AS a SET state = r.state, expires_at = r.expires_at, " +
      "ended_at = r.ended_at, message = r.message " +
      `FROM jsonb_to_recordset($1) AS r (${ATTEMPT}, was text) ` +
      "WHERE a.trial_id = r.trial_id AND a.attempt = r.attempt " +
      "AND a.lease_id = r.lease_id AND a.state = r.was",
    [JSON.stringify(attempts)],
  );
  if (changed !== attempts.length) {
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
