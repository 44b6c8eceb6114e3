import type { StudyId, TrialId } from "../protocol/ids.ts";
import type { TrialState } from "../protocol/views.ts";
import {
  AcceptanceRow,
  BriefRow,
  ChangeRow,
  CountRow,
  NameRow,
  RevisionRow,
  StateCountRow,
  StudyRow,
  TrialIdRow,
  WorkerCounts,
  WorkerRow,
} from "./sqlite_rows.ts";
import type { Sql } from "./sqlite_trial.ts";
import type {
  Acceptance,
  Changes,
  PageRequest,
  StudyRecord,
  TrialPageRecord,
  TrialWithNames,
  WorkerListing,
} from "./storage.ts";

/** What pages and the leaderboard read; each a single moment's state. */

export function readStudies(sql: Sql, studyId: StudyId | null): StudyRecord[] {
  return sql(
    "SELECT definition, revision, " +
      "(SELECT count(*) FROM trials AS t " +
      "WHERE t.study_id = s.study_id AND planned = 1) AS trials, " +
      "(SELECT count(*) FROM trials AS t WHERE t.study_id = s.study_id " +
      "AND planned = 1 AND state = 'completed') AS completed " +
      "FROM studies AS s WHERE ?1 IS NULL OR study_id = ?1 ORDER BY study_id",
  ).all(studyId).map((row) => StudyRow.parse(row));
}

export function listWorkers(sql: Sql, limit: number): WorkerListing[] {
  return sql(
    "SELECT *, (SELECT count(*) FROM attempts AS a " +
      "WHERE a.worker_id = w.worker_id AND a.state = 'running') AS running, " +
      "(SELECT count(*) FROM results AS r " +
      "WHERE r.worker_id = w.worker_id) AS completed " +
      "FROM workers AS w ORDER BY last_seen_at DESC, worker_id LIMIT ?",
  ).all(limit).map((row) => {
    const { running, completed } = WorkerCounts.parse(row);
    return {
      worker: WorkerRow.parse(row),
      trialsRunning: running,
      trialsCompleted: completed,
    };
  });
}

export function stateCounts(
  sql: Sql,
  studyId: StudyId,
): Record<TrialState, number> {
  const counts = {
    queued: 0,
    leased: 0,
    verifying: 0,
    completed: 0,
    quarantined: 0,
  };
  for (
    const row of sql(
      "SELECT state, count(*) AS n FROM trials " +
        "WHERE study_id = ? AND planned = 1 GROUP BY state",
    ).all(studyId)
  ) {
    const { state, n } = StateCountRow.parse(row);
    counts[state] = n;
  }
  return counts;
}

/** The study's planned trials that wait for a verdict, longest first. */
export function verifyingTrials(
  sql: Sql,
  studyId: StudyId,
  limit: number,
): TrialId[] {
  return sql(
    "SELECT a.trial_id, min(a.ended_at) FROM attempts AS a " +
      "JOIN trials AS t USING (trial_id) WHERE a.state = 'delivered' " +
      "AND t.study_id = ? AND t.planned = 1 " +
      "GROUP BY a.trial_id ORDER BY min(a.ended_at), a.trial_id LIMIT ?",
  ).all(studyId, limit).map((row) => TrialIdRow.parse(row).trial_id);
}

export function recentAcceptances(
  sql: Sql,
  studyId: StudyId,
  limit: number,
): Acceptance[] {
  return sql(
    "SELECT r.accepted_at, a.started_at FROM results AS r " +
      "JOIN attempts AS a USING (trial_id, attempt) " +
      "JOIN trials AS t USING (trial_id) " +
      "WHERE r.study_id = ? AND t.planned = 1 " +
      "ORDER BY r.accepted_at DESC LIMIT ?",
  ).all(studyId, limit).map((row) => AcceptanceRow.parse(row));
}

export function readChanges(
  sql: Sql,
  studyId: StudyId,
  revision: number,
): Changes {
  const study = sql("SELECT revision FROM studies WHERE study_id = ?")
    .get(studyId);
  if (study === undefined) return { revision: 0, trials: [] };
  const trials = sql(
    "SELECT spec, position, planned, state, result, recomputed " +
      "FROM trials AS t " +
      "LEFT JOIN results USING (trial_id) " +
      "WHERE t.study_id = ? AND t.revision > ? " +
      "ORDER BY t.revision, position",
  ).all(studyId, revision).map((row) => ChangeRow.parse(row));
  return { revision: RevisionRow.parse(study).revision, trials };
}

export function listTrials(
  sql: Sql,
  studyId: StudyId,
  { state, limit, offset }: PageRequest,
): TrialPageRecord {
  const wanted = state ?? null;
  const { n: total } = CountRow.parse(
    sql(
      "SELECT count(*) AS n FROM trials WHERE study_id = ?1 AND planned = 1 " +
        "AND (?2 IS NULL OR state = ?2)",
    ).get(studyId, wanted),
  );
  const trials = sql(
    "SELECT t.spec, t.state, r.seconds, " +
      "(SELECT count(*) FROM attempts AS a " +
      "WHERE a.trial_id = t.trial_id) AS attempts, " +
      "w.name AS worker_name, a.backend, " +
      "coalesce(r.epochs, (SELECT count(*) FROM epochs AS e " +
      "WHERE e.trial_id = t.trial_id AND e.attempt = a.attempt)) " +
      "AS epochs_done FROM trials AS t " +
      "LEFT JOIN results AS r ON r.trial_id = t.trial_id " +
      "LEFT JOIN attempts AS a ON a.trial_id = t.trial_id AND a.attempt = " +
      "coalesce(r.attempt, (SELECT max(b.attempt) FROM attempts AS b " +
      "WHERE b.trial_id = t.trial_id AND b.state IN ('running', 'delivered'))) " +
      "LEFT JOIN workers AS w ON w.worker_id = a.worker_id " +
      "WHERE t.study_id = ?1 AND t.planned = 1 " +
      "AND (?2 IS NULL OR t.state = ?2) " +
      "ORDER BY t.replicate, t.position LIMIT ?3 OFFSET ?4",
  ).all(studyId, wanted, limit, offset).map((row) => BriefRow.parse(row));
  return { trials, total };
}

export function readNames(
  sql: Sql,
  trialId: TrialId,
): TrialWithNames["names"] {
  return new Map(
    sql(
      "SELECT DISTINCT worker_id, name FROM attempts " +
        "JOIN workers USING (worker_id) WHERE trial_id = ?",
    ).all(trialId).map((row) => {
      const { worker_id, name } = NameRow.parse(row);
      return [worker_id, name];
    }),
  );
}
