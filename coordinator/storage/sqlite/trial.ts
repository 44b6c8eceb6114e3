import type { TrialId } from "../../../protocol/ids.ts";
import type { EpochMetrics } from "../../../protocol/training.ts";
import type { TrialRecord } from "../../lease/trial.ts";
import {
  AttemptRow,
  DeliveryRow,
  EpochRow,
  ResultRow,
  TrialRow,
} from "../sql/rows.ts";
import {
  attempts,
  deliveries,
  epochs,
  results,
  type Row,
  type Table,
} from "../sql/tables.ts";
import { assembleTrial, trialDiff } from "../sql/trial_rows.ts";
import { type Sql, toSqlite } from "./statements.ts";

/** Reads a trial with its attempts and result; null if it does not exist. */
export function readTrial(sql: Sql, trialId: TrialId): TrialRecord | null {
  const found = sql(
    "SELECT spec, planned, state, quarantined_at FROM trials WHERE trial_id = ?",
  ).get(trialId);
  if (found === undefined) return null;
  const told = new Map<number, EpochMetrics[]>();
  for (
    const row of sql(
      "SELECT attempt, metrics FROM epochs WHERE trial_id = ? " +
        "ORDER BY attempt, epoch",
    ).all(trialId)
  ) {
    const { attempt, metrics } = EpochRow.parse(row);
    const known = told.get(attempt);
    if (known === undefined) told.set(attempt, [metrics]);
    else known.push(metrics);
  }
  return assembleTrial({
    trial: TrialRow.parse(found),
    attempts: sql(
      "SELECT attempt, lease_id, worker_id, backend, backend_detail, " +
        "started_at, ttl, state, expires_at, ended_at, message " +
        "FROM attempts WHERE trial_id = ? ORDER BY attempt",
    ).all(trialId).map((row) => AttemptRow.parse(row)),
    epochs: (attempt) => told.get(attempt) ?? [],
    delivery: (attempt) =>
      DeliveryRow.parse(
        sql(
          "SELECT attempt, weights, result FROM deliveries " +
            "WHERE trial_id = ? AND attempt = ?",
        ).get(trialId, attempt),
      ),
    result: () =>
      ResultRow.parse(
        sql(
          "SELECT attempt, accepted_at, result, recomputed, " +
            "repeated_epochs, weights FROM results WHERE trial_id = ?",
        ).get(trialId),
      ),
  });
}

const inserts = new Map<Table, string>();

/** Writes a row with all columns of its table. */
export function insertRow(sql: Sql, table: Table, row: Row): void {
  let text = inserts.get(table);
  if (text === undefined) {
    const names = table.columns.map(({ name }) => name);
    text = `INSERT INTO ${table.name} (${names.join(", ")}) ` +
      `VALUES (${names.map(() => "?").join(", ")})`;
    inserts.set(table, text);
  }
  sql(text).run(
    ...table.columns.map(({ name }) => toSqlite(row[name] ?? null)),
  );
}

/** Writes the differences between versions of a trial; `before` is stored. */
export function writeTrial(
  sql: Sql,
  before: TrialRecord,
  after: TrialRecord,
): void {
  const { trialId } = after.spec;
  const diff = trialDiff(before, after);
  for (const row of diff.begun) insertRow(sql, attempts, row);
  for (const { attempt, ...a } of diff.went) {
    sql(
      "UPDATE attempts SET state = ?, expires_at = ?, ended_at = ?, " +
        "message = ? WHERE trial_id = ? AND attempt = ?",
    ).run(a.state, a.expires_at, a.ended_at, a.message, trialId, attempt);
  }
  for (const { attempt } of diff.judged) {
    sql("DELETE FROM deliveries WHERE trial_id = ? AND attempt = ?")
      .run(trialId, attempt);
  }
  for (const row of diff.delivered) insertRow(sql, deliveries, row);
  for (const row of diff.epochs) insertRow(sql, epochs, row);
  if (diff.withdrawn) {
    // Fails unless its attempt is refused in the same change.
    sql("DELETE FROM results WHERE trial_id = ?").run(trialId);
  }
  if (diff.state !== null) {
    sql("UPDATE trials SET state = ?, quarantined_at = ? WHERE trial_id = ?")
      .run(diff.state.state, diff.state.quarantined_at, trialId);
  }
  // Fails if a result is stored: the first one is never replaced.
  if (diff.accepted !== null) insertRow(sql, results, diff.accepted);
}

/** Most cached trials: each of ten thousand volunteers has a few. */
const MOST_KEPT = 20_000;

/** Cache of trials as stored, for the next change. */
export interface TrialCache {
  /** Undefined if the trial must be read. */
  get(trialId: TrialId): TrialRecord | undefined;
  /** Stores the trial as just written. */
  keep(trial: TrialRecord): void;
  /** Clears the cache, because it may differ from the stored trials. */
  forget(): void;
}

/**
 * Caches the trials that are being trained or verified, so that a report does
 * not read what the previous report wrote: reading a trial with its epochs
 * takes longer than writing one more epoch. Only for a database without other
 * writers.
 */
export function createTrialCache(most = MOST_KEPT): TrialCache {
  const kept = new Map<TrialId, TrialRecord>();
  return {
    get: (trialId) => kept.get(trialId),
    keep(trial) {
      const { trialId } = trial.spec;
      // Set again, to be the last in the map's order and evicted last.
      kept.delete(trialId);
      if (trial.state !== "leased" && trial.state !== "verifying") return;
      kept.set(trialId, trial);
      const [oldest] = kept.keys();
      if (kept.size > most && oldest !== undefined) kept.delete(oldest);
    },
    forget: () => kept.clear(),
  };
}
