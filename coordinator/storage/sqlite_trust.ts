import type { LeaseId, WorkerId } from "../protocol/ids.ts";
import type { BackendName } from "../protocol/training.ts";
import type { Instant } from "../swarm/trial.ts";
import { LeaseRow, TrustRow } from "./rows.ts";
import type { Sql } from "./sqlite_trial.ts";
import type { Trust } from "./storage.ts";

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
