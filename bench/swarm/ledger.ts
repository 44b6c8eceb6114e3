import { DatabaseSync } from "node:sqlite";
import * as z from "zod";
import type { Accepted } from "./volunteer.ts";

/** What stands in the coordinator's file, against what volunteers were told. */
export interface Ledger {
  /** Results in the file. */
  readonly results: number;
  /** Results that volunteers were told to be accepted. */
  readonly told: number;
  /** Told, and not in the file under that worker: lost. Must be 0. */
  readonly lost: number;
  /** Told more than once to anybody. Must be 0. */
  readonly toldTwice: number;
  /** In the file, and nobody was told: the answer was lost with a process. */
  readonly untold: number;
  /** Trials that are completed without exactly one completed attempt. 0. */
  readonly miscounted: number;
  /** Leases that the coordinator took for dead. */
  readonly expired: number;
  /** Attempts that were refused or given up as failed. */
  readonly failed: number;
  /** Attempts by state, whatever it is. */
  readonly attempts: Readonly<Record<string, number>>;
  /** Bytes of the file. */
  readonly bytes: number;
}

const ResultRow = z.object({ trial_id: z.string(), worker_id: z.string() });
const StateRow = z.object({ state: z.string(), n: z.number() });
const CountRow = z.object({ n: z.number() });

/**
 * Reads the file of a coordinator that has ended.
 *
 * @param told By every volunteer there was.
 */
export function readLedger(path: string, told: readonly Accepted[]): Ledger {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const results = new Map(
      db.prepare("SELECT trial_id, worker_id FROM results").all()
        .map((row) => {
          const { trial_id, worker_id } = ResultRow.parse(row);
          return [trial_id, worker_id] as const;
        }),
    );
    const attempts = Object.fromEntries(
      db.prepare("SELECT state, count(*) AS n FROM attempts GROUP BY state")
        .all().map((row) => {
          const { state, n } = StateRow.parse(row);
          return [state, n] as const;
        }),
    );
    const { n: miscounted } = CountRow.parse(
      db.prepare(
        "SELECT count(*) AS n FROM trials AS t WHERE " +
          "(state = 'completed') <> (SELECT count(*) FROM attempts AS a " +
          "WHERE a.trial_id = t.trial_id AND a.state = 'completed') OR " +
          "(state = 'completed') <> (SELECT count(*) FROM results AS r " +
          "WHERE r.trial_id = t.trial_id)",
      ).get(),
    );
    const trials = new Set(told.map(({ trialId }) => trialId));
    return {
      results: results.size,
      told: told.length,
      lost: told.filter(({ trialId, workerId }) =>
        results.get(trialId) !== workerId
      ).length,
      toldTwice: told.length - trials.size,
      untold: [...results.keys()].filter((id) =>
        !trials.has(id)
      ).length,
      miscounted,
      expired: attempts.expired ?? 0,
      failed: attempts.failed ?? 0,
      attempts,
      bytes: Deno.statSync(path).size,
    };
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
