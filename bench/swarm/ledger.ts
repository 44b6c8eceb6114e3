import { DatabaseSync } from "node:sqlite";
import * as z from "zod";
import type { Accepted } from "./volunteer.ts";

/** What stands in the database, against what volunteers were told. */
export interface Ledger {
  /** Results in the database. */
  readonly results: number;
  /** Results that volunteers were told to be accepted. */
  readonly told: number;
  /** Told, and not in the database under that worker: lost. Must be 0. */
  readonly lost: number;
  /** Told more than once to anybody. Must be 0. */
  readonly toldTwice: number;
  /** In the database, and nobody was told: the answer was lost. */
  readonly untold: number;
  /** Trials that are completed without exactly one completed attempt. 0. */
  readonly miscounted: number;
  /** Leases that the coordinator took for dead. */
  readonly expired: number;
  /** Attempts that were refused or given up as failed. */
  readonly failed: number;
  /** Attempts by state, whatever it is. */
  readonly attempts: Readonly<Record<string, number>>;
  /** Bytes of the database. */
  readonly bytes: number;
}

/** A database of whichever kind: its tables have the same columns. */
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
 * Compares, once the coordinators have ended.
 *
 * @param told By every volunteer there was.
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

/** The same of a SQLite file. */
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
