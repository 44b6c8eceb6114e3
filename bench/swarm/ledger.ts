import { DatabaseSync } from "node:sqlite";
import * as z from "zod";
import type { Accepted } from "./volunteer.ts";

/** Compares the database with the answers that volunteers got. */
export interface Ledger {
  /** Results in the database. */
  readonly results: number;
  /** Results that volunteers saw accepted. */
  readonly told: number;
  /**
   * Seen as accepted, but not in the database for that worker: lost. Must be 0.
   */
  readonly lost: number;
  /** Seen as accepted more than once. Must be 0. */
  readonly toldTwice: number;
  /** In the database, but no volunteer saw it: the answer was lost. */
  readonly untold: number;
  /** Completed trials without exactly one completed attempt. Must be 0. */
  readonly miscounted: number;
  /** Leases that the coordinator let expire. */
  readonly expired: number;
  /** Attempts that were refused or released as failed. */
  readonly failed: number;
  /** Attempts by state. */
  readonly attempts: Readonly<Record<string, number>>;
  /** Bytes of the database. */
  readonly bytes: number;
}

/** A database of either kind: the tables have the same columns. */
export interface Books {
  rows(sql: string): Promise<unknown[]>;
  readonly bytes: number;
}

const ResultRow = z.object({ trial_id: z.string(), worker_id: z.string() });
const StateRow = z.object({ state: z.string(), n: z.number() });
const CountRow = z.object({ n: z.number() });

const RESULTS = "SELECT trial_id, worker_id FROM results";
const ATTEMPTS = "SELECT state, count(*) AS n FROM attempts GROUP BY state";
const OF_COMPLETED = "CASE WHEN t.state = 'completed' THEN 1 ELSE 0 END <> ";
const MISCOUNTED = "SELECT count(*) AS n FROM trials AS t WHERE " +
  `${OF_COMPLETED}(SELECT count(*) FROM attempts AS a ` +
  "WHERE a.trial_id = t.trial_id AND a.state = 'completed') OR " +
  `${OF_COMPLETED}(SELECT count(*) FROM results AS r ` +
  "WHERE r.trial_id = t.trial_id)";

/**
 * Compares, after the coordinators have ended.
 *
 * @param told Accepted results of all volunteers.
 */
export async function readLedger(
  { rows, bytes }: Books,
  told: readonly Accepted[],
): Promise<Ledger> {
  const results = new Map(
    (await rows(RESULTS)).map((row) => {
      const { trial_id, worker_id } = ResultRow.parse(row);
      return [trial_id, worker_id] as const;
    }),
  );
  const attempts = Object.fromEntries(
    (await rows(ATTEMPTS)).map((row) => {
      const { state, n } = StateRow.parse(row);
      return [state, n] as const;
    }),
  );
  const [miscounted] = await rows(MISCOUNTED);
  const trials = new Set(told.map(({ trialId }) => trialId));
  return {
    results: results.size,
    told: told.length,
    lost:
      told.filter(({ trialId, workerId }) => results.get(trialId) !== workerId)
        .length,
    toldTwice: told.length - trials.size,
    untold: [...results.keys()].filter((id) => !trials.has(id)).length,
    miscounted: CountRow.parse(miscounted).n,
    expired: attempts.expired ?? 0,
    failed: attempts.failed ?? 0,
    attempts,
    bytes,
  };
}

/** The same for a SQLite file. */
export async function readFileLedger(
  path: string,
  told: readonly Accepted[],
): Promise<Ledger> {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    return await readLedger({
      rows: (sql) => Promise.resolve(db.prepare(sql).all()),
      bytes: Deno.statSync(path).size,
    }, told);
  } finally {
    db.close();
  }
}

/** Whether nothing was lost and nothing counted twice. */
export function balances(ledger: Ledger): boolean {
  const { lost, toldTwice, miscounted, results, told, untold } = ledger;
  return lost === 0 && toldTwice === 0 && miscounted === 0 &&
    results === told + untold;
}
