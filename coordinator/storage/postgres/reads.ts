import { pointKey } from "../../../protocol/grid_point.ts";
import type { StudyId, TrialId, WorkerId } from "../../../protocol/ids.ts";
import type { TrialOrder, TrialState } from "../../../protocol/views.ts";
import type { Queries } from "./pool.ts";
import {
  AcceptanceRow,
  BriefRow,
  ChangeRow,
  CurveRow,
  ListedWorkerRow,
  NameRow,
  RevisionRow,
  StateCountRow,
  StudyRow,
  TrialIdRow,
} from "../sql/rows.ts";
import {
  type Acceptance,
  type Changes,
  type CurveRequest,
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

export async function readStudies(
  { rows }: Queries,
  studyId: StudyId | null,
): Promise<StudyRecord[]> {
  const planned = "(SELECT coalesce(sum(n), 0)::bigint FROM tally AS t " +
    "WHERE t.study_id = s.study_id";
  return (await rows(
    `SELECT definition, revision, ${planned}) AS trials, ` +
      `${planned} AND state = 'completed') AS completed FROM studies AS s ` +
      "WHERE NOT deleted AND ($1::text IS NULL OR study_id = $1) " +
      "ORDER BY study_id",
    [studyId],
  )).map((row) => StudyRow.parse(row));
}

export async function listWorkers(
  { rows }: Queries,
  limit: number,
  { order = "seen", onlineSince, offset = 0 }: WorkerRequest,
): Promise<WorkerListing[]> {
  // Counted for those listed alone, unless the order is by that very count.
  const completed = "(SELECT count(*) FROM results AS r " +
    "WHERE r.worker_id = w.worker_id)";
  const by = order === "results" ? completed : "last_seen_at";
  return (await rows(
    "WITH listed AS MATERIALIZED (SELECT * FROM workers AS w " +
      "WHERE $1::bigint IS NULL OR (last_seen_at >= $1 AND NOT has_left) " +
      `ORDER BY ${by} DESC, registered_at, worker_id LIMIT $2 OFFSET $3) ` +
      "SELECT *, (SELECT count(*) FROM attempts AS a " +
      "WHERE a.worker_id = w.worker_id AND a.state = 'running') AS running, " +
      `${completed} AS completed, (SELECT coalesce(json_agg(x), '[]') FROM ` +
      "(SELECT r.accepted_at, a.started_at FROM results AS r " +
      "JOIN attempts AS a USING (trial_id, attempt) " +
      "WHERE r.worker_id = w.worker_id ORDER BY r.accepted_at DESC " +
      `LIMIT ${RECENT_RESULTS}) AS x) AS recent FROM listed AS w ` +
      `ORDER BY ${by} DESC, registered_at, worker_id`,
    [onlineSince ?? null, limit, offset],
  )).map((row) => ListedWorkerRow.parse(row));
}

export async function stateCounts(
  { rows }: Queries,
  studyId: StudyId,
): Promise<Record<TrialState, number>> {
  const counts = {
    queued: 0,
    leased: 0,
    verifying: 0,
    completed: 0,
    quarantined: 0,
  };
  for (
    const row of await rows(
      "SELECT state, n FROM tally WHERE study_id = $1",
      [studyId],
    )
  ) {
    const { state, n } = StateCountRow.parse(row);
    counts[state] = n;
  }
  return counts;
}

/** Ids of what `Storage.verifying` reads, in its order. */
export async function verifyingTrials(
  { rows }: Queries,
  studyId: StudyId,
  limit: number,
): Promise<TrialId[]> {
  return (await rows(
    "SELECT a.trial_id FROM attempts AS a JOIN trials AS t USING (trial_id) " +
      "WHERE a.state = 'delivered' AND t.study_id = $1 AND t.planned " +
      "GROUP BY a.trial_id ORDER BY min(a.ended_at), a.trial_id LIMIT $2",
    [studyId, limit],
  )).map((row) => TrialIdRow.parse(row).trial_id);
}

/** Ids of what `Storage.running` reads, in its order. */
export async function runningTrials(
  { rows }: Queries,
  studyId: StudyId,
  limit: number,
): Promise<TrialId[]> {
  return (await rows(
    "SELECT t.trial_id FROM trials AS t JOIN attempts AS a " +
      "ON a.trial_id = t.trial_id AND a.state = 'running' " +
      "WHERE t.study_id = $1 AND t.planned AND t.state = 'leased' " +
      "GROUP BY t.trial_id ORDER BY count(*), min(a.started_at), " +
      "t.replicate, t.position LIMIT $2",
    [studyId, limit],
  )).map((row) => TrialIdRow.parse(row).trial_id);
}

export async function recentAcceptances(
  { rows }: Queries,
  studyId: StudyId,
  limit: number,
): Promise<Acceptance[]> {
  return (await rows(
    "SELECT r.accepted_at, a.started_at FROM results AS r " +
      "JOIN attempts AS a USING (trial_id, attempt) " +
      "JOIN trials AS t USING (trial_id) " +
      "WHERE r.study_id = $1 AND t.planned " +
      "ORDER BY r.accepted_at DESC LIMIT $2",
    [studyId, limit],
  )).map((row) => AcceptanceRow.parse(row));
}

export async function readChanges(
  { rows }: Queries,
  studyId: StudyId,
  revision: number,
  limit: number,
): Promise<Changes> {
  const [study] = await rows(
    "SELECT revision FROM studies WHERE study_id = $1",
    [studyId],
  );
  if (study === undefined) return { revision: 0, trials: [] };
  // The limit's last trial, from the index alone; none: all are within it.
  const [last] = limit === Infinity ? [] : await rows(
    "SELECT revision FROM trials WHERE study_id = $1 AND revision > $2 " +
      "ORDER BY revision LIMIT 1 OFFSET $3",
    [studyId, revision, limit - 1],
  );
  const end = RevisionRow.parse(last ?? study).revision;
  const trials = (await rows(
    "SELECT spec, position, planned, state, result, recomputed, worker_id " +
      "FROM trials AS t LEFT JOIN results USING (trial_id) " +
      "WHERE t.study_id = $1 AND t.revision > $2 AND t.revision <= $3 " +
      "ORDER BY t.revision, position",
    [studyId, revision, end],
  )).map((row) => ChangeRow.parse(row));
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
  "WHERE b.trial_id = t.trial_id AND b.state IN ('running', 'delivered') " +
  "ORDER BY (SELECT count(*) FROM epochs AS e WHERE e.trial_id = b.trial_id " +
  "AND e.attempt = b.attempt) DESC, b.attempt LIMIT 1)) " +
  "LEFT JOIN workers AS w ON w.worker_id = a.worker_id";

/** Picks planned trials of a study in an order; $1 to $3 are its parameters. */
function listed(where: string, order: string): string {
  return `WITH listed AS MATERIALIZED (SELECT * FROM trials ` +
    `WHERE study_id = $1 AND planned${where} ORDER BY ${order} ` +
    "LIMIT $2 OFFSET $3)";
}

const trialOrders = {
  leasing: "replicate, position",
  latest: "revision DESC, replicate, position",
} as const satisfies Record<TrialOrder, string>;

export async function listTrials(
  queries: Queries,
  studyId: StudyId,
  { state, order = "leasing", limit, offset }: PageRequest,
): Promise<TrialPageRecord> {
  const counts = await stateCounts(queries, studyId);
  const total = state === undefined
    ? Object.values(counts).reduce((sum, n) => sum + n, 0)
    : counts[state];
  const [where, wanted] = state === undefined
    ? ["", []]
    : [" AND state = $4", [state]];
  const by = trialOrders[order];
  const trials = (await queries.rows(
    `${listed(where, by)} SELECT ${BRIEF} ${SHOWN} ORDER BY ${by}`,
    [studyId, limit, offset, ...wanted],
  )).map((row) => BriefRow.parse(row));
  return { trials, total };
}

const CURVE = `SELECT ${BRIEF}, r.result, r.recomputed, (SELECT '[' || ` +
  "coalesce(string_agg(metrics, ',' ORDER BY epoch), '') || ']' " +
  "FROM epochs AS e WHERE r.result IS NULL AND e.trial_id = t.trial_id " +
  `AND e.attempt = a.attempt) AS reported ${SHOWN} ` +
  "ORDER BY t.replicate, t.position";

export async function listCurves(
  { rows }: Queries,
  studyId: StudyId,
  { params, limit, offset }: CurveRequest,
): Promise<TrialCurveRecord[]> {
  const by = trialOrders.leasing;
  const found = params === undefined
    ? rows(`${listed("", by)} ${CURVE}`, [studyId, limit, offset])
    : rows(`${listed(" AND point = $4", by)} ${CURVE}`, [
      studyId,
      limit,
      offset,
      pointKey(params),
    ]);
  return (await found).map((row) => CurveRow.parse(row));
}

export async function readNames(
  { rows }: Queries,
  trialId: TrialId,
): Promise<TrialWithNames["names"]> {
  const names = await rows(
    "SELECT DISTINCT worker_id, name FROM attempts " +
      "JOIN workers USING (worker_id) WHERE trial_id = $1",
    [trialId],
  );
  return new Map(names.map((row): [WorkerId, string] => {
    const { worker_id, name } = NameRow.parse(row);
    return [worker_id, name];
  }));
}
