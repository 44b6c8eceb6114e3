import { pointKey } from "../../../protocol/grid_point.ts";
import type {
  Sha256,
  StudyId,
  TrialId,
  WorkerId,
} from "../../../protocol/ids.ts";
import type { TrialSpec } from "../../../protocol/study.ts";
import type { TrialOrder, TrialState } from "../../../protocol/views.ts";
import type { Instant } from "../../lease/trial.ts";
import {
  type Acceptance,
  type Changes,
  type CurveRequest,
  type HeldLease,
  type PageRequest,
  RECENT_RESULTS,
  type TrialCurveRecord,
  type TrialPageRecord,
  type TrialWithNames,
  type WorkerListing,
  type WorkerRequest,
} from "../storage.ts";
import { type Program, query } from "./program.ts";
import {
  AcceptanceRow,
  BriefRow,
  ChangeRow,
  CurveRow,
  HeldRow,
  InstantRow,
  LeaseRow,
  ListedWorkerRow,
  NameRow,
  RevisionRow,
  StateCountRow,
  StudyRevisionRow,
  TrialIdRow,
} from "./rows.ts";

/** Reads for pages and the leaderboard; each program reads one snapshot. */

/** The time of the latest stored event; 0 without events. */
export function* latestInstant(): Program<Instant> {
  const [row] = yield* query(
    "SELECT coalesce(max(at), 0) AS latest FROM (" +
      "SELECT max(last_seen_at) AS at FROM workers " +
      "UNION ALL SELECT max(started_at) FROM attempts " +
      "UNION ALL SELECT max(ended_at) FROM attempts) AS moments",
  );
  return InstantRow.parse(row).latest;
}

/** Unparsed rows of one study or all of them, as `StudyRow` describes. */
export function readStudies(
  studyId: StudyId | null,
): Program<readonly unknown[]> {
  const planned = "(SELECT CAST(coalesce(sum(n), 0) AS bigint) " +
    "FROM tally AS t WHERE t.study_id = s.study_id";
  return query(
    `SELECT definition, revision, ${planned}) AS trials, ` +
      `${planned} AND state = 'completed') AS completed FROM studies AS s ` +
      "WHERE deleted = false AND " +
      "(CAST($1 AS text) IS NULL OR study_id = $1) ORDER BY study_id",
    studyId,
  );
}

/** The unparsed row of the active study, as `ActiveStudyRow` describes. */
export function* readActiveStudy(): Program<unknown> {
  const [row] = yield* query(
    "SELECT s.definition FROM lending AS l LEFT JOIN studies AS s " +
      "ON s.study_id = l.study_id AND s.deleted = false",
  );
  return row;
}

export function* readRevisions(): Program<ReadonlyMap<StudyId, number>> {
  const found = yield* query("SELECT study_id, revision FROM studies");
  return new Map(found.map((row) => {
    const { study_id, revision } = StudyRevisionRow.parse(row);
    return [study_id, revision];
  }));
}

export function* listWorkers(
  limit: number,
  { order = "seen", onlineSince, offset = 0 }: WorkerRequest,
): Program<WorkerListing[]> {
  // Counted only for the listed workers, unless they are ordered by this count.
  const completed = "(SELECT count(*) FROM results AS r " +
    "WHERE r.worker_id = w.worker_id)";
  const by = order === "results" ? completed : "last_seen_at";
  const found = yield* query(
    "WITH listed AS MATERIALIZED (SELECT * FROM workers AS w " +
      "WHERE CAST($1 AS bigint) IS NULL " +
      "OR (last_seen_at >= $1 AND has_left = false AND removed = false) " +
      `ORDER BY ${by} DESC, registered_at, worker_id LIMIT $2 OFFSET $3) ` +
      "SELECT *, (SELECT count(*) FROM attempts AS a " +
      "WHERE a.worker_id = w.worker_id AND a.state = 'running') AS running, " +
      `${completed} AS completed, (SELECT '[' || coalesce(string_agg(` +
      "'[' || accepted_at || ',' || started_at || ']', ',' " +
      "ORDER BY accepted_at DESC), '') || ']' FROM " +
      "(SELECT r.accepted_at, a.started_at FROM results AS r " +
      "JOIN attempts AS a USING (trial_id, attempt) " +
      "WHERE r.worker_id = w.worker_id ORDER BY r.accepted_at DESC " +
      `LIMIT ${RECENT_RESULTS}) AS x) AS recent FROM listed AS w ` +
      `ORDER BY ${by} DESC, registered_at, worker_id`,
    onlineSince ?? null,
    limit,
    offset,
  );
  return found.map((row) => ListedWorkerRow.parse(row));
}

export function* anyLeasable(
  studyId: StudyId,
  since: Instant,
  maxFailures: number,
): Program<boolean> {
  const found = yield* query(
    "SELECT 1 FROM trials AS t JOIN workers AS w ON w.last_seen_at >= $1 " +
      "AND w.has_left = false AND w.removed = false " +
      "WHERE t.study_id = $2 AND t.planned = true AND t.state = 'queued' " +
      "AND (SELECT count(*) FROM attempts AS a " +
      "WHERE a.trial_id = t.trial_id AND a.worker_id = w.worker_id " +
      "AND a.state IN ('failed', 'refused')) < $3 LIMIT 1",
    since,
    studyId,
    maxFailures,
  );
  return found.length > 0;
}

export function* stateCounts(
  studyId: StudyId,
): Program<Record<TrialState, number>> {
  const counts = {
    queued: 0,
    leased: 0,
    verifying: 0,
    completed: 0,
    quarantined: 0,
  };
  const found = yield* query(
    "SELECT state, n FROM tally WHERE study_id = $1",
    studyId,
  );
  for (const row of found) {
    const { state, n } = StateCountRow.parse(row);
    counts[state] = n;
  }
  return counts;
}

/** Ids of the trials of `Storage.verifying`, in its order. */
export function verifyingTrials(
  studyId: StudyId,
  limit: number,
  first: "longest" | "trusted" = "longest",
): Program<TrialId[]> {
  const record = first === "longest"
    ? ""
    : "min(coalesce(r.lies, 0)), max(coalesce(r.accepted, 0)) DESC, ";
  return trialIds(
    "SELECT a.trial_id FROM attempts AS a JOIN trials AS t USING (trial_id) " +
      "LEFT JOIN trust AS r " +
      "ON r.worker_id = a.worker_id AND r.backend = a.backend " +
      "WHERE a.state = 'delivered' AND t.study_id = $1 AND t.planned = true " +
      `GROUP BY a.trial_id ORDER BY ${record}min(a.ended_at), a.trial_id ` +
      "LIMIT $2",
    studyId,
    limit,
  );
}

/** Ids of the trials of `Storage.running`, in its order. */
export function runningTrials(
  studyId: StudyId,
  limit: number,
): Program<TrialId[]> {
  return trialIds(
    "SELECT t.trial_id FROM trials AS t JOIN attempts AS a " +
      "ON a.trial_id = t.trial_id AND a.state = 'running' " +
      "WHERE t.study_id = $1 AND t.planned = true AND t.state = 'leased' " +
      "GROUP BY t.trial_id ORDER BY count(*), min(a.started_at), " +
      "t.replicate, t.position LIMIT $2",
    studyId,
    limit,
  );
}

/**
 * Ids of the trials of `Storage.expireDue`, in its order.
 *
 * @param at The time; null: the database's own.
 * @param skip Studies that this version cannot read.
 */
export function dueTrials(
  at: Instant | null,
  limit: number,
  skip: readonly StudyId[],
): Program<TrialId[]> {
  const due = "SELECT trial_id FROM attempts WHERE state = 'running' " +
    "AND expires_at <= coalesce($1, swarm_now()) ";
  const first = "GROUP BY trial_id ORDER BY min(expires_at) LIMIT $2";
  if (skip.length === 0) return trialIds(due + first, at, limit);
  return trialIds(
    `${due}AND trial_id NOT IN (SELECT trial_id FROM trials ` +
      `WHERE study_id IN (SELECT study_id FROM {rows $3: study_id text})) ` +
      first,
    at,
    limit,
    JSON.stringify(skip.map((study_id) => ({ study_id }))),
  );
}

function* trialIds(
  ...statement: Parameters<typeof query>
): Program<TrialId[]> {
  const found = yield* query(...statement);
  return found.map((row) => TrialIdRow.parse(row).trial_id);
}

export function* recentAcceptances(
  studyId: StudyId,
  limit: number,
): Program<Acceptance[]> {
  const found = yield* query(
    "SELECT r.accepted_at, a.started_at FROM results AS r " +
      "JOIN attempts AS a USING (trial_id, attempt) " +
      "JOIN trials AS t USING (trial_id) " +
      "WHERE r.study_id = $1 AND t.planned = true " +
      "ORDER BY r.accepted_at DESC LIMIT $2",
    studyId,
    limit,
  );
  return found.map((row) => AcceptanceRow.parse(row));
}

export function* heldLeases(workerId: WorkerId): Program<HeldLease[]> {
  const found = yield* query(
    "SELECT lease_id, attempt FROM attempts WHERE worker_id = $1 " +
      "AND state = 'running' ORDER BY started_at, lease_id",
    workerId,
  );
  return found.map((row) => HeldRow.parse(row));
}

/** The leases of `Storage.vouchedByLiars`, except in these studies. */
export function* vouchedByLiars(limit: number, skip: readonly StudyId[]) {
  const found = yield* query(
    "SELECT a.lease_id FROM trust AS t " +
      "JOIN results AS r ON r.worker_id = t.worker_id " +
      "JOIN attempts AS a USING (trial_id, attempt) " +
      "WHERE t.lied_at IS NOT NULL AND a.backend = t.backend " +
      "AND r.repeated_epochs < r.epochs AND r.accepted_at <= t.lied_at " +
      "AND r.study_id NOT IN (SELECT study_id FROM {rows $2: study_id text}) " +
      "UNION ALL SELECT a.lease_id FROM attempts AS a " +
      "JOIN trust AS t ON t.worker_id = a.worker_id AND t.backend = a.backend " +
      "JOIN trials AS s USING (trial_id) " +
      "WHERE a.state = 'delivered' AND a.ended_at <= t.lied_at " +
      "AND s.study_id NOT IN (SELECT study_id FROM {rows $2: study_id text}) " +
      "LIMIT $1",
    limit,
    JSON.stringify(skip.map((study_id) => ({ study_id }))),
  );
  return found.map((row) => LeaseRow.parse(row).lease_id);
}

export function* sharesWeights(
  { studyId, trialId }: TrialSpec,
  weights: Sha256,
): Program<boolean> {
  const found = yield* query(
    "SELECT 1 AS one FROM results WHERE weights = $1 AND study_id = $2 " +
      "AND trial_id <> $3 UNION ALL SELECT 1 FROM deliveries AS d " +
      "JOIN trials AS t USING (trial_id) " +
      "WHERE d.weights = $1 AND t.study_id = $2 AND d.trial_id <> $3 LIMIT 1",
    weights,
    studyId,
    trialId,
  );
  return found.length > 0;
}

export function* readChanges(
  studyId: StudyId,
  revision: number,
  limit: number,
): Program<Changes> {
  const [study] = yield* query(
    "SELECT revision FROM studies WHERE study_id = $1",
    studyId,
  );
  if (study === undefined) return { revision: 0, trials: [] };
  // The limit's last trial, from the index only; no row: all are within it.
  const [last] = limit === Infinity ? [] : yield* query(
    "SELECT revision FROM trials WHERE study_id = $1 AND revision > $2 " +
      "ORDER BY revision LIMIT 1 OFFSET $3",
    studyId,
    revision,
    limit - 1,
  );
  const end = RevisionRow.parse(last ?? study).revision;
  const found = yield* query(
    "SELECT spec, position, planned, state, result, recomputed, worker_id " +
      "FROM trials AS t LEFT JOIN results USING (trial_id) " +
      "WHERE t.study_id = $1 AND t.revision > $2 AND t.revision <= $3 " +
      "ORDER BY t.revision, position",
    studyId,
    revision,
    end,
  );
  return { revision: end, trials: found.map((row) => ChangeRow.parse(row)) };
}

/** A trial and its accepted attempt, else the one with the most epochs. */
const BRIEF = "t.spec, t.state, r.seconds, " +
  "(SELECT count(*) FROM attempts AS b " +
  "WHERE b.trial_id = t.trial_id) AS attempts, " +
  "w.name AS worker_name, a.backend, a.backend_detail, " +
  "a.started_at, a.ended_at, " +
  "coalesce(r.epochs, (SELECT count(*) FROM epochs AS e " +
  "WHERE e.trial_id = t.trial_id AND e.attempt = a.attempt)) AS epochs_done";
/** Joined only to trials selected in `listed`: joining all would be slow. */
const SHOWN = "FROM listed AS t " +
  "LEFT JOIN results AS r ON r.trial_id = t.trial_id " +
  "LEFT JOIN attempts AS a ON a.trial_id = t.trial_id AND a.attempt = " +
  "coalesce(r.attempt, (SELECT b.attempt FROM attempts AS b " +
  "WHERE b.trial_id = t.trial_id AND b.state IN ('running', 'delivered') " +
  "ORDER BY (SELECT count(*) FROM epochs AS e WHERE e.trial_id = b.trial_id " +
  "AND e.attempt = b.attempt) DESC, b.attempt LIMIT 1)) " +
  "LEFT JOIN workers AS w ON w.worker_id = a.worker_id";

/** Selects planned trials of a study in an order; uses $1 to $3. */
function listed(where: string, order: string): string {
  return `WITH listed AS MATERIALIZED (SELECT * FROM trials ` +
    `WHERE study_id = $1 AND planned = true${where} ORDER BY ${order} ` +
    "LIMIT $2 OFFSET $3)";
}

const trialOrders = {
  leasing: "replicate, position",
  latest: "revision DESC, replicate, position",
} as const satisfies Record<TrialOrder, string>;

export function* listTrials(
  studyId: StudyId,
  { state, order = "leasing", limit, offset }: PageRequest,
): Program<TrialPageRecord> {
  const counts = yield* stateCounts(studyId);
  const total = state === undefined
    ? Object.values(counts).reduce((sum, n) => sum + n, 0)
    : counts[state];
  const by = trialOrders[order];
  // Two statements, because a common one would have a bad query plan for both.
  const [where, wanted] = state === undefined
    ? ["", []]
    : [" AND state = $4", [state]];
  const found = yield* query(
    `${listed(where, by)} SELECT ${BRIEF} ${SHOWN} ORDER BY ${by}`,
    studyId,
    limit,
    offset,
    ...wanted,
  );
  return { trials: found.map((row) => BriefRow.parse(row)), total };
}

const CURVE = `SELECT ${BRIEF}, r.result, r.recomputed, (SELECT '[' || ` +
  "coalesce(string_agg(metrics, ',' ORDER BY epoch), '') || ']' " +
  "FROM epochs AS e WHERE r.result IS NULL AND e.trial_id = t.trial_id " +
  `AND e.attempt = a.attempt) AS reported ${SHOWN} ` +
  "ORDER BY t.replicate, t.position";

export function* listCurves(
  studyId: StudyId,
  { params, limit, offset }: CurveRequest,
): Program<TrialCurveRecord[]> {
  const [where, point] = params === undefined
    ? ["", []]
    : [" AND point = $4", [pointKey(params)]];
  const found = yield* query(
    `${listed(where, trialOrders.leasing)} ${CURVE}`,
    studyId,
    limit,
    offset,
    ...point,
  );
  return found.map((row) => CurveRow.parse(row));
}

export function* readNames(trialId: TrialId): Program<TrialWithNames["names"]> {
  const found = yield* query(
    "SELECT DISTINCT worker_id, name FROM attempts " +
      "JOIN workers USING (worker_id) WHERE trial_id = $1",
    trialId,
  );
  return new Map(found.map((row): [WorkerId, string] => {
    const { worker_id, name } = NameRow.parse(row);
    return [worker_id, name];
  }));
}
