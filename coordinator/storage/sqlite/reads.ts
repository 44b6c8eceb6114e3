import { pointKey } from "../../../protocol/grid_point.ts";
import type { StudyId, TrialId, WorkerId } from "../../../protocol/ids.ts";
import type { TrialOrder, TrialState } from "../../../protocol/views.ts";
import type { Instant } from "../../lease/trial.ts";
import {
  AcceptanceRow,
  ActiveStudyRow,
  BriefRow,
  ChangeRow,
  CurveRow,
  InstantRow,
  NameRow,
  RevisionRow,
  StateCountRow,
  StudyRevisionRow,
  StudyRow,
  TrialIdRow,
  WorkerCounts,
  WorkerRow,
} from "../sql/rows.ts";
import type { Sql } from "./trial.ts";
import {
  type Acceptance,
  type Changes,
  type CurveRequest,
  type News,
  type PageRequest,
  RECENT_RESULTS,
  type StudyRecord,
  type TrialCurveRecord,
  type TrialPageRecord,
  type TrialWithNames,
  type WorkerListing,
  type WorkerRequest,
} from "../storage.ts";

/** What pages and the leaderboard read; each a single moment's state. */

/** The latest moment that anything stored has happened at; 0: nothing has. */
export function latestInstant(sql: Sql): Instant {
  return InstantRow.parse(
    sql(
      "SELECT max(" +
        "(SELECT ifnull(max(last_seen_at), 0) FROM workers), " +
        "(SELECT ifnull(max(started_at), 0) FROM attempts), " +
        "(SELECT ifnull(max(ended_at), 0) FROM attempts)) AS latest",
    ).get(),
  ).latest;
}

export function readStudies(sql: Sql, studyId: StudyId | null): StudyRecord[] {
  return sql(
    "SELECT definition, revision, " +
      "(SELECT coalesce(sum(n), 0) FROM trial_tally AS t " +
      "WHERE t.study_id = s.study_id AND planned = 1) AS trials, " +
      "(SELECT coalesce(sum(n), 0) FROM trial_tally AS t " +
      "WHERE t.study_id = s.study_id AND planned = 1 " +
      "AND state = 'completed') AS completed " +
      "FROM studies AS s WHERE deleted = 0 AND " +
      "(?1 IS NULL OR study_id = ?1) ORDER BY study_id",
  ).all(studyId).map((row) => StudyRow.parse(row));
}

/** Of one coordinator alone: nothing comes from elsewhere. */
export function readNews(sql: Sql): News {
  const active = sql(
    'SELECT s.definition AS "activeStudy" FROM lending AS l LEFT JOIN studies AS s ' +
      "ON s.study_id = l.study_id AND s.deleted = 0",
  ).get();
  return {
    ...active === undefined ? {} : ActiveStudyRow.parse(active),
    revisions: new Map(
      sql("SELECT study_id, revision FROM studies").all().map((row) => {
        const { study_id, revision } = StudyRevisionRow.parse(row);
        return [study_id, revision];
      }),
    ),
    epochs: [],
  };
}

export function listWorkers(
  sql: Sql,
  limit: number,
  { order = "seen", onlineSince, offset = 0 }: WorkerRequest,
): WorkerListing[] {
  // Counted for those listed alone, unless the order is by that very count.
  const completed = "(SELECT count(*) FROM results AS r " +
    "WHERE r.worker_id = w.worker_id)";
  const by = order === "results" ? completed : "last_seen_at";
  return sql(
    "WITH listed AS MATERIALIZED (SELECT * FROM workers AS w " +
      "WHERE ?1 IS NULL OR (last_seen_at >= ?1 AND has_left = 0) " +
      `ORDER BY ${by} DESC, registered_at, worker_id LIMIT ?2 OFFSET ?3) ` +
      "SELECT *, (SELECT count(*) FROM attempts AS a " +
      "WHERE a.worker_id = w.worker_id AND a.state = 'running') AS running, " +
      `${completed} AS completed FROM listed AS w`,
  ).all(onlineSince ?? null, limit, offset).map((row) => {
    const worker = WorkerRow.parse(row);
    const { running, completed } = WorkerCounts.parse(row);
    return {
      worker,
      trialsRunning: running,
      trialsCompleted: completed,
      recent: completed === 0 ? [] : workerAcceptances(sql, worker.workerId),
    };
  });
}

function workerAcceptances(sql: Sql, workerId: WorkerId): Acceptance[] {
  return sql(
    "SELECT r.accepted_at, a.started_at FROM results AS r " +
      "JOIN attempts AS a USING (trial_id, attempt) " +
      "WHERE r.worker_id = ? ORDER BY r.accepted_at DESC LIMIT ?",
  ).all(workerId, RECENT_RESULTS).map((row) => AcceptanceRow.parse(row));
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
      "SELECT state, n FROM trial_tally WHERE study_id = ? AND planned = 1",
    ).all(studyId)
  ) {
    const { state, n } = StateCountRow.parse(row);
    counts[state] = n;
  }
  return counts;
}

/** Ids of what `Storage.verifying` reads, in its order. */
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

/** Ids of what `Storage.running` reads, in its order. */
export function runningTrials(
  sql: Sql,
  studyId: StudyId,
  limit: number,
): TrialId[] {
  return sql(
    "SELECT t.trial_id FROM trials AS t JOIN attempts AS a " +
      "ON a.trial_id = t.trial_id AND a.state = 'running' " +
      "WHERE t.study_id = ? AND t.planned = 1 AND t.state = 'leased' " +
      "GROUP BY t.trial_id ORDER BY count(*), min(a.started_at), " +
      "t.replicate, t.position LIMIT ?",
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
  limit: number,
): Changes {
  const study = sql("SELECT revision FROM studies WHERE study_id = ?")
    .get(studyId);
  if (study === undefined) return { revision: 0, trials: [] };
  // The limit's last trial, from the index alone; none: all are within it.
  const last = limit === Infinity ? undefined : sql(
    "SELECT revision FROM trials WHERE study_id = ? AND revision > ? " +
      "ORDER BY revision LIMIT 1 OFFSET ?",
  ).get(studyId, revision, limit - 1);
  const end = RevisionRow.parse(last ?? study).revision;
  const trials = sql(
    "SELECT spec, position, planned, state, result, recomputed, worker_id " +
      "FROM trials AS t " +
      "LEFT JOIN results USING (trial_id) " +
      "WHERE t.study_id = ? AND t.revision > ? AND t.revision <= ? " +
      "ORDER BY t.revision, position",
  ).all(studyId, revision, end).map((row) => ChangeRow.parse(row));
  return { revision: end, trials };
}

/** A trial and the attempt that is shown: the accepted, or else the furthest. */
const BRIEF = "t.spec, t.state, r.seconds, " +
  "(SELECT count(*) FROM attempts AS b " +
  "WHERE b.trial_id = t.trial_id) AS attempts, " +
  "w.name AS worker_name, a.backend, a.backend_detail, " +
  "a.started_at, a.ended_at, " +
  "coalesce(r.epochs, (SELECT count(*) FROM epochs AS e " +
  "WHERE e.trial_id = t.trial_id AND e.attempt = a.attempt)) AS epochs_done";
/** `listed` has picked its trials before: joining all would take long. */
const SHOWN = "FROM listed AS t " +
  "LEFT JOIN results AS r ON r.trial_id = t.trial_id " +
  "LEFT JOIN attempts AS a ON a.trial_id = t.trial_id AND a.attempt = " +
  "coalesce(r.attempt, (SELECT b.attempt FROM attempts AS b " +
  "WHERE b.trial_id = t.trial_id AND b.state IN ('running', 'delivered') ORDER BY " +
  "(SELECT count(*) FROM epochs AS e WHERE e.trial_id = b.trial_id " +
  "AND e.attempt = b.attempt) DESC, b.attempt LIMIT 1)) " +
  "LEFT JOIN workers AS w ON w.worker_id = a.worker_id";

/** Picks planned trials of a study in an order; ?1 to ?3 are its parameters. */
function listed(from: string, order: string): string {
  return `WITH listed AS MATERIALIZED (SELECT * FROM ${from} ` +
    `ORDER BY ${order} LIMIT ?2 OFFSET ?3)`;
}

const PLANNED = "WHERE study_id = ?1 AND planned = 1";

const trialOrders = {
  leasing: "replicate, position",
  latest: "revision DESC, replicate, position",
} as const satisfies Record<TrialOrder, string>;

export function listTrials(
  sql: Sql,
  studyId: StudyId,
  { state, order = "leasing", limit, offset }: PageRequest,
): TrialPageRecord {
  const counts = stateCounts(sql, studyId);
  const total = state === undefined
    ? Object.values(counts).reduce((sum, n) => sum + n, 0)
    : counts[state];
  // Not one statement for both: its plan would suit neither.
  const [from, wanted] = state === undefined
    ? [`trials ${PLANNED}`, []]
    : [`trials ${PLANNED} AND state = ?4`, [state]];
  const by = trialOrders[order];
  const trials = sql(
    `${listed(from, by)} SELECT ${BRIEF} ${SHOWN} ORDER BY ${by}`,
  ).all(studyId, limit, offset, ...wanted).map((row) => BriefRow.parse(row));
  return { trials, total };
}

const CURVE =
  `SELECT ${BRIEF}, r.result, r.recomputed, (SELECT json_group_array(` +
  "json(metrics) ORDER BY epoch) FROM epochs AS e " +
  "WHERE r.result IS NULL AND e.trial_id = t.trial_id " +
  `AND e.attempt = a.attempt) AS reported ${SHOWN} ` +
  "ORDER BY t.replicate, t.position";

export function listCurves(
  sql: Sql,
  studyId: StudyId,
  { params, limit, offset }: CurveRequest,
): TrialCurveRecord[] {
  const by = trialOrders.leasing;
  const rows = params === undefined
    ? sql(`${listed(`trials ${PLANNED}`, by)} ${CURVE}`)
      .all(studyId, limit, offset)
    : sql(`${listed(`trials ${PLANNED} AND point = ?4`, by)} ${CURVE}`)
      .all(studyId, limit, offset, pointKey(params));
  return rows.map((row) => CurveRow.parse(row));
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
