import type { StudyId, TrialId } from "../../../protocol/ids.ts";
import type { Instant, TrialRecord } from "../../lease/trial.ts";
import type { Storage, StudyRecord } from "../storage.ts";
import { deleteStudy } from "./plan.ts";
import { type Program, query, type SqlValue } from "./program.ts";
import {
  anyLeasable,
  heldLeases,
  listCurves,
  listTrials,
  listWorkers,
  readChanges,
  readNames,
  readStudies,
  recentAcceptances,
  runningTrials,
  sharesWeights,
  stateCounts,
  verifyingTrials,
  vouchedByLiars,
} from "./reads.ts";
import { CountRow, SecretRow, storable, StudyRow } from "./rows.ts";
import type { UnreadableStudies } from "./unreadable.ts";

/** Operations of a database that the shared calls need. */
export interface SqlDatabase {
  /** Runs a program whose statements may read different states. */
  read<T>(program: () => Program<T>): Promise<T>;
  /** Runs a program on one snapshot of the database. */
  snapshot<T>(program: () => Program<T>): Promise<T>;
  /** Runs one statement that writes. */
  change(text: string, ...values: readonly SqlValue[]): Promise<
    readonly unknown[]
  >;
  /** Runs a program that writes, in one transaction. */
  transaction<T>(program: () => Program<T>): Promise<T>;
  /** The existing ones of these trials, in this order. */
  trials(ids: readonly TrialId[]): Promise<TrialRecord[]>;
  /** The time as a parameter; null is the database's own time. */
  at(): Instant | null;
  /** Notifies other coordinators of a change. */
  tell(): void;
  readonly unreadable: UnreadableStudies;
}

/** The methods of `Storage` that are the same for both databases. */
export type SharedCalls = Pick<
  Storage,
  | "studies"
  | "study"
  | "deleteStudy"
  | "registerWorker"
  | "seen"
  | "removeWorker"
  | "workers"
  | "countWorkers"
  | "countOnline"
  | "anyLeasable"
  | "verifying"
  | "running"
  | "noteTrust"
  | "vouchedByLiars"
  | "sharesWeights"
  | "runningLeases"
  | "counts"
  | "recentAcceptances"
  | "changesSince"
  | "trials"
  | "curves"
  | "trial"
  | "secret"
  | "keepSecret"
  | "activateStudy"
  | "ping"
>;

export function sharedCalls(db: SqlDatabase): SharedCalls {
  const { read, snapshot, change, at, unreadable } = db;

  async function count(...statement: Parameters<typeof query>) {
    const [row] = await read(() => query(...statement));
    return CountRow.parse(row).n;
  }

  return {
    studies: async () =>
      (await read(() => readStudies(null))).flatMap((row): StudyRecord[] =>
        unreadable.skip(() => [StudyRow.parse(row)]) ?? []
      ),
    study: (studyId: StudyId) =>
      read(function* () {
        const [row] = yield* readStudies(studyId);
        return row === undefined ? null : StudyRow.parse(row);
      }),
    async deleteStudy(studyId) {
      const deleted = await db.transaction(() => deleteStudy(studyId));
      db.tell();
      return deleted;
    },

    async registerWorker(w) {
      await change(
        "INSERT INTO workers (worker_id, name, kind, threads, device, " +
          "protocol_version, token_hash, registered_at, last_seen_at) " +
          "SELECT $1, $2, $3, $4, $5, $6, $7, t, t " +
          "FROM (SELECT coalesce($8, swarm_now()) AS t) AS now",
        w.workerId,
        storable(w.name),
        w.kind,
        w.threads,
        storable(w.device),
        w.protocolVersion,
        w.tokenHash,
        at(),
      );
    },
    async seen(workerId, { left, backend }) {
      await change(
        "UPDATE workers SET last_seen_at = coalesce($2, swarm_now()), " +
          "has_left = $3, backend = CASE WHEN $4 THEN $5 ELSE backend END, " +
          "backend_detail = CASE WHEN $4 THEN $6 ELSE backend_detail END, " +
          "step_milliseconds = CASE WHEN $4 THEN $7 ELSE step_milliseconds " +
          "END WHERE worker_id = $1",
        workerId,
        at(),
        left,
        backend !== undefined,
        backend?.name ?? null,
        storable(backend?.detail ?? null),
        backend?.stepMilliseconds ?? null,
      );
    },
    async removeWorker(workerId) {
      await change(
        "UPDATE workers SET removed = true WHERE worker_id = $1",
        workerId,
      );
    },
    workers: (limit, request = {}) => read(() => listWorkers(limit, request)),
    countWorkers: () => count("SELECT count(*) AS n FROM workers"),
    countOnline: (since) =>
      count(
        "SELECT count(*) AS n FROM workers " +
          "WHERE last_seen_at >= $1 AND has_left = false AND removed = false",
        since,
      ),
    anyLeasable: (studyId, since, maxFailures) =>
      read(() => anyLeasable(studyId, since, maxFailures)),

    verifying: async (studyId, limit, first) =>
      await db.trials(
        await read(() => verifyingTrials(studyId, limit, first)),
      ),
    running: async (studyId, limit) =>
      await db.trials(await read(() => runningTrials(studyId, limit))),

    async noteTrust(workerId, backend, what) {
      if (what === "accepted") {
        await change(
          "INSERT INTO trust (worker_id, backend, accepted, lies) " +
            "VALUES ($1, $2, 1, 0) ON CONFLICT (worker_id, backend) " +
            "DO UPDATE SET accepted = trust.accepted + 1",
          workerId,
          backend,
        );
        return;
      }
      await change(
        "INSERT INTO trust (worker_id, backend, accepted, lies, lied_at) " +
          "VALUES ($1, $2, 0, 1, coalesce($3, swarm_now())) " +
          "ON CONFLICT (worker_id, backend) DO UPDATE SET accepted = 0, " +
          "lies = trust.lies + 1, lied_at = excluded.lied_at",
        workerId,
        backend,
        at(),
      );
    },
    vouchedByLiars: (limit) =>
      read(() => vouchedByLiars(limit, unreadable.ids)),
    sharesWeights: (spec, weights) => read(() => sharesWeights(spec, weights)),

    runningLeases: (workerId) => read(() => heldLeases(workerId)),
    counts: (studyId) => read(() => stateCounts(studyId)),
    recentAcceptances: (studyId, limit) =>
      read(() => recentAcceptances(studyId, limit)),
    // Not one snapshot: the next poll finds changes in between.
    changesSince: (studyId, revision, limit = Infinity) =>
      snapshot(() => readChanges(studyId, revision, limit)),
    trials: (studyId, page) => snapshot(() => listTrials(studyId, page)),
    curves: (studyId, page) => read(() => listCurves(studyId, page)),
    async trial(trialId) {
      const [[trial], names] = await Promise.all([
        db.trials([trialId]),
        read(() => readNames(trialId)),
      ]);
      return trial === undefined ? null : { trial, names };
    },

    secret: (name) =>
      read(function* () {
        const [row] = yield* query(
          "SELECT hash FROM secrets WHERE name = $1",
          name,
        );
        return row === undefined ? null : SecretRow.parse(row).hash;
      }),
    async keepSecret(name, hash, replace) {
      const [row] = await change(
        "INSERT INTO secrets (name, hash) VALUES ($1, $2) ON CONFLICT (name) " +
          "DO UPDATE SET hash = CASE WHEN $3 THEN excluded.hash " +
          "ELSE secrets.hash END RETURNING hash",
        name,
        hash,
        replace,
      );
      db.tell();
      return SecretRow.parse(row).hash;
    },

    async activateStudy(studyId) {
      await change(
        "INSERT INTO lending (one, study_id) VALUES (true, $1) " +
          "ON CONFLICT (one) DO UPDATE SET study_id = excluded.study_id",
        studyId,
      );
      db.tell();
    },

    async ping() {
      await read(() => query("SELECT 1 AS one"));
    },
  };
}
