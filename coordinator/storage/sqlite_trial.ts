import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { z } from "zod";
import type { TrialId } from "../protocol/ids.ts";
import type { EpochMetrics } from "../protocol/training.ts";
import type { Attempt, Delivery, TrialRecord } from "../swarm/trial.ts";
import {
  AttemptRow,
  DeliveryRow,
  EpochRow,
  ResultRow,
  TrialRow,
} from "./sqlite_rows.ts";

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
  const { spec, planned, state, quarantined_at } = TrialRow.parse(found);
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
  const attempts = sql(
    "SELECT attempt, lease_id, worker_id, backend, backend_detail, " +
      "started_at, ttl, state, expires_at, ended_at, message " +
      "FROM attempts WHERE trial_id = ? ORDER BY attempt",
  ).all(trialId).map((row) => {
    const parsed = AttemptRow.parse(row);
    return toAttempt(
      parsed,
      epochs.get(parsed.attempt) ?? [],
      () => readDelivery(sql, trialId, parsed.attempt),
    );
  });
  const base = { spec, planned, attempts };
  switch (state) {
    case "queued":
    case "leased":
    case "verifying":
      return { ...base, state };
    case "quarantined":
      return { ...base, state, quarantinedAt: quarantined_at ?? 0 };
    case "completed": {
      const row = ResultRow.parse(
        sql(
          "SELECT attempt, accepted_at, result, recomputed, " +
            "repeated_epochs FROM results WHERE trial_id = ?",
        ).get(trialId),
      );
      const by = attempts.find((a) => a.attempt === row.attempt);
      if (by === undefined) {
        throw new Error(`a result without its attempt: ${trialId}`);
      }
      return {
        ...base,
        state,
        accepted: {
          attempt: row.attempt,
          leaseId: by.leaseId,
          workerId: by.workerId,
          acceptedAt: row.accepted_at,
          result: row.result,
          recomputed: row.recomputed,
          repeatedEpochs: row.repeated_epochs,
        },
      };
    }
    default:
      return state satisfies never;
  }
}

function readDelivery(sql: Sql, trialId: TrialId, attempt: number): Delivery {
  const { result, weights } = DeliveryRow.parse(
    sql(
      "SELECT attempt, weights, result FROM deliveries " +
        "WHERE trial_id = ? AND attempt = ?",
    ).get(trialId, attempt),
  );
  return { result, weights };
}

function toAttempt(
  row: z.infer<typeof AttemptRow>,
  epochs: readonly EpochMetrics[],
  delivery: () => Delivery,
): Attempt {
  const core = {
    attempt: row.attempt,
    leaseId: row.lease_id,
    workerId: row.worker_id,
    backend: row.backend,
    backendDetail: row.backend_detail,
    startedAt: row.started_at,
    ttl: row.ttl,
    epochs,
  };
  switch (row.state) {
    case "running":
      return { ...core, state: row.state, expiresAt: row.expires_at };
    case "released":
      return {
        ...core,
        state: row.state,
        endedAt: row.ended_at,
        message: row.message,
      };
    case "failed":
    case "refused":
      return {
        ...core,
        state: row.state,
        endedAt: row.ended_at,
        message: row.message,
      };
    case "delivered":
      return {
        ...core,
        state: row.state,
        endedAt: row.ended_at,
        delivery: delivery(),
      };
    case "completed":
    case "expired":
    case "superseded":
      return { ...core, state: row.state, endedAt: row.ended_at };
    default:
      return row satisfies never;
  }
}

/** Writes what differs between the two, `before` being what is stored. */
export function writeTrial(
  sql: Sql,
  before: TrialRecord,
  after: TrialRecord,
): void {
  const { trialId, studyId } = after.spec;
  const stored = new Map(before.attempts.map((a) => [a.attempt, a]));
  for (const attempt of after.attempts) {
    const old = stored.get(attempt.attempt);
    // The functions copy what they change: the same object is the same row.
    if (old === attempt) continue;
    writeAttempt(sql, trialId, attempt);
    if (old?.state === "delivered" && attempt.state !== "delivered") {
      // Its verdict is here: the result is in `results`, or of no use.
      sql("DELETE FROM deliveries WHERE trial_id = ? AND attempt = ?")
        .run(trialId, attempt.attempt);
    }
    if (attempt.state === "delivered" && old?.state !== "delivered") {
      const { weights, result } = attempt.delivery;
      sql("INSERT INTO deliveries VALUES (?, ?, ?, ?)")
        .run(trialId, attempt.attempt, weights, JSON.stringify(result));
    }
    const known = new Set(old?.epochs.map(({ epoch }) => epoch));
    for (const metrics of attempt.epochs) {
      if (known.has(metrics.epoch)) continue;
      sql("INSERT INTO epochs VALUES (?, ?, ?, ?)").run(
        trialId,
        attempt.attempt,
        metrics.epoch,
        JSON.stringify(metrics),
      );
    }
  }
  if (before.state === after.state) return;
  if (before.state === "completed") {
    // Fails unless its attempt was refused just now.
    sql("DELETE FROM results WHERE trial_id = ?").run(trialId);
  }
  sql("UPDATE trials SET state = ?, quarantined_at = ? WHERE trial_id = ?")
    .run(
      after.state,
      after.state === "quarantined" ? after.quarantinedAt : null,
      trialId,
    );
  if (after.state === "completed") {
    const { attempt, workerId, acceptedAt, result } = after.accepted;
    const { recomputed, repeatedEpochs } = after.accepted;
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

function writeAttempt(sql: Sql, trialId: TrialId, a: Attempt): void {
  sql(
    "INSERT INTO attempts (trial_id, attempt, lease_id, worker_id, backend, " +
      "backend_detail, started_at, ttl, state, expires_at, ended_at, message) " +
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) " +
      "ON CONFLICT (trial_id, attempt) DO UPDATE SET state = excluded.state, " +
      "expires_at = excluded.expires_at, ended_at = excluded.ended_at, " +
      "message = excluded.message",
  ).run(
    trialId,
    a.attempt,
    a.leaseId,
    a.workerId,
    a.backend,
    a.backendDetail,
    a.startedAt,
    a.ttl,
    a.state,
    a.state === "running" ? a.expiresAt : null,
    a.state === "running" ? null : a.endedAt,
    a.state === "released" || a.state === "failed" || a.state === "refused"
      ? a.message
      : null,
  );
}
