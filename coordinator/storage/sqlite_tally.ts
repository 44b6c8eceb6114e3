import type { DatabaseSync } from "node:sqlite";

/**
 * How many trials of each study are in which state, kept while they change:
 * the progress is asked for several times a second, and counting a hundred
 * thousand trials each time held every worker's call up.
 *
 * Triggers keep it, so that it follows whatever writes a trial and goes back
 * with a transaction that does. They and the table are temporary: they belong
 * to this connection, the only one that writes, and are not in the file.
 */
export function createTally(db: DatabaseSync): void {
  const one = (row: "OLD" | "NEW", step: 1 | -1) =>
    `INSERT INTO trial_tally
       VALUES (${row}.study_id, ${row}.planned, ${row}.state, ${step})
       ON CONFLICT DO UPDATE SET n = n + excluded.n;`;
  db.exec(`
    PRAGMA temp_store = MEMORY;
    CREATE TEMP TABLE trial_tally (
      study_id TEXT NOT NULL,
      planned INTEGER NOT NULL,
      state TEXT NOT NULL,
      n INTEGER NOT NULL,
      PRIMARY KEY (study_id, planned, state)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO trial_tally
      SELECT study_id, planned, state, count(*) FROM trials GROUP BY 1, 2, 3;
    CREATE TEMP TRIGGER tally_added AFTER INSERT ON main.trials
      BEGIN ${one("NEW", 1)} END;
    CREATE TEMP TRIGGER tally_removed AFTER DELETE ON main.trials
      BEGIN ${one("OLD", -1)} END;
    CREATE TEMP TRIGGER tally_moved
      AFTER UPDATE OF study_id, planned, state ON main.trials
      BEGIN ${one("OLD", -1)} ${one("NEW", 1)} END;
  `);
}
