import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { LeaseId, TrialId, WorkerId } from "../../../protocol/ids.ts";
import type { BackendName, EpochMetrics } from "../../../protocol/training.ts";
import type { Attempt, Instant, TrialRecord } from "../../lease/trial.ts";
import {
  AttemptRow,
  DeliveryRow,
  EpochRow,
  LeaseRow,
  ResultRow,
  TrialRow,
  TrustRow,
} from "../sql/rows.ts";
import { assembleTrial, attemptFate, trialDiff } from "../sql/trial_rows.ts";
import type { Trust } from "../storage.ts";

/** Prepares each statement once and keeps it as long as the database. */
export type Sql = (text: string) => StatementSync;

export function prepareOnce(db: DatabaseSync): Sql {
  const statements = new Map<string, StatementSync>();
  return (text) => {
    const known = statements.get(text);
    if (known !== undefined) return known;
    const made = db.prepare(text);
    statements.set(text, made);
    return made;
  };
}

/** Reads a trial with its attempts and result; null: there is none. */
export function readTrial(sql: Sql, trialId: TrialId): TrialRecord | null {
  const found = sql(
    "SELECT spec, planned, state, quarantined_at FROM trials WHERE trial_id = ?",
  ).get(trialId);
  if (found === undefined) return null;
  const epochs = new Map<number, EpochMetrics[]>();
  for (
    const row of sql(
      "SELECT attempt, metrics FROM epochs WHERE trial_id = ? " +
        "ORDER BY attempt, epoch",
    ).all(trialId)
  ) {
    const { attempt, metrics } = EpochRow.parse(row);
    const known = epochs.get(attempt);
    if (known === undefined) epochs.set(attempt, [metrics]);
    else known.push(metrics);
  }
  return assembleTrial({
    trial: TrialRow.parse(found),
    attempts: sql(
      "SELECT attempt, lease_id, worker_id, backend, backend_detail, " +
        "started_at, ttl, state, expires_at, ended_at, message " +
        "FROM attempts WHERE trial_id = ? ORDER BY attempt",
    ).all(trialId).map((row) => AttemptRow.parse(row)),
    epochs: (attempt) => epochs.get(attempt) ?? [],
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
            "repeated_epochs FROM results WHERE trial_id = ?",
        ).get(trialId),
      ),
  });
}

/** Writes what differs between the two, `before` being what is stored. */
export function writeTrial(
  sql: Sql,
  before: TrialRecord,
  after: TrialRecord,
): void {
  const { trialId, studyId } = after.spec;
  const diff = trialDiff(before, after);
  for (const { attempt, was } of diff.attempts) {
    if (was === null) insertAttempt(sql, trialId, attempt);
    else updateAttempt(sql, trialId, attempt);
  }
  for (const attempt of diff.judged) {
    sql("DELETE FROM deliveries WHERE trial_id = ? AND attempt = ?")
      .run(trialId, attempt);
  }
  for (const { attempt, delivery: { weights, result } } of diff.delivered) {
    sql("INSERT INTO deliveries VALUES (?, ?, ?, ?)")
      .run(trialId, attempt, weights, JSON.stringify(result));
  }
  for (const { attempt, metrics } of diff.epochs) {
    sql("INSERT INTO epochs VALUES (?, ?, ?, ?)")
      .run(trialId, attempt, metrics.epoch, JSON.stringify(metrics));
  }
  if (diff.withdrawn) {
    // Fails unless its attempt was refused just now.
    sql("DELETE FROM results WHERE trial_id = ?").run(trialId);
  }
  if (diff.state !== null) {
    sql("UPDATE trials SET state = ?, quarantined_at = ? WHERE trial_id = ?")
      .run(diff.state.name, diff.state.quarantinedAt, trialId);
  }
  if (diff.accepted !== null) {
    const { attempt, workerId, acceptedAt, result } = diff.accepted;
    const { recomputed, repeatedEpochs } = diff.accepted;
    // Fails where a result is stored: the first one stands, whatever happens.
    sql("INSERT INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)").run(
      trialId,
      attempt,
      workerId,
      studyId,
      acceptedAt,
      result.epochs.length,
      result.seconds,
      JSON.stringify(result),
      recomputed === null ? null : JSON.stringify(recomputed),
      repeatedEpochs,
    );
  }
}

function insertAttempt(sql: Sql, trialId: TrialId, a: Attempt): void {
  const fate = attemptFate(a);
  sql(
    "INSERT INTO attempts (trial_id, attempt, lease_id, worker_id, backend, " +
      "backend_detail, started_at, ttl, state, expires_at, ended_at, message) " +
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
  ).run(
    trialId,
    a.attempt,
    a.leaseId,
    a.workerId,
    a.backend,
    a.backendDetail,
    a.startedAt,
    a.ttl,
    fate.state,
    fate.expires_at,
    fate.ended_at,
    fate.message,
  );
}

function updateAttempt(sql: Sql, trialId: TrialId, a: Attempt): void {
  const { state, expires_at, ended_at, message } = attemptFate(a);
  sql(
    "UPDATE attempts SET state = ?, expires_at = ?, ended_at = ?, " +
      "message = ? WHERE trial_id = ? AND attempt = ?",
  ).run(state, expires_at, ended_at, message, trialId, a.attempt);
}

/** What workers' results were worth, and what that casts doubt on. */

export function readTrust(
  sql: Sql,
  workerId: WorkerId,
  backend: BackendName,
): Trust {
  const row = sql(
    "SELECT accepted, lies FROM trust WHERE worker_id = ? AND backend = ?",
  ).get(workerId, backend);
  return row === undefined ? { accepted: 0, lies: 0 } : TrustRow.parse(row);
}

export function noteTrust(
  sql: Sql,
  workerId: WorkerId,
  backend: BackendName,
  what: "accepted" | "lie",
  now: Instant,
): void {
  sql(
    "INSERT OR IGNORE INTO trust (worker_id, backend, accepted, lies) " +
      "VALUES (?, ?, 0, 0)",
  ).run(workerId, backend);
  if (what === "accepted") {
    sql(
      "UPDATE trust SET accepted = accepted + 1 " +
        "WHERE worker_id = ? AND backend = ?",
    ).run(workerId, backend);
    return;
  }
  sql(
    "UPDATE trust SET accepted = 0, lies = lies + 1, lied_at = ? " +
      "WHERE worker_id = ? AND backend = ?",
  ).run(now, workerId, backend);
}

export function vouchedByLiars(sql: Sql, limit: number): LeaseId[] {
  return sql(
    "SELECT a.lease_id FROM trust AS t " +
      "JOIN results AS r ON r.worker_id = t.worker_id " +
      "JOIN attempts AS a USING (trial_id, attempt) " +
      "WHERE t.lied_at IS NOT NULL AND a.backend = t.backend " +
      "AND r.repeated_epochs < r.epochs AND r.accepted_at <= t.lied_at LIMIT ?",
  ).all(limit).map((row) => LeaseRow.parse(row).lease_id);
}
