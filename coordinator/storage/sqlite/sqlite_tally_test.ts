import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { migrate } from "./schema.ts";
import { createTally } from "./open.ts";

const COUNTED = "SELECT study_id, state, count(*) AS n FROM trials " +
  "WHERE planned GROUP BY 1, 2 ORDER BY 1, 2";
const KEPT = "SELECT study_id, state, n FROM tally " +
  "WHERE n <> 0 ORDER BY 1, 2";

/** An opened database of two studies with trials of every state. */
function open(): DatabaseSync {
  const db = new DatabaseSync(":memory:");
  migrate(db);
  const states = ["queued", "leased", "completed", "quarantined"];
  for (const study of ["a", "b"]) {
    db.prepare(
      "INSERT INTO studies (study_id, definition, revision) VALUES (?, '{}', 1)",
    ).run(study);
    for (let i = 0; i < 8; i++) {
      insert(db, `${study}${i}`, study, states[i % 4] ?? "");
    }
  }
  createTally(db);
  return db;
}

function insert(
  db: DatabaseSync,
  id: string,
  study: string,
  state: string,
): void {
  db.prepare(
    "INSERT INTO trials (trial_id, study_id, spec, point, replicate, position, " +
      "planned, state, quarantined_at, revision) " +
      "VALUES (?, ?, '{}', '', 0, 0, 1, ?, ?, 1)",
  ).run(id, study, state, state === "quarantined" ? 1 : null);
}

function same(db: DatabaseSync): void {
  assert.deepEqual(db.prepare(KEPT).all(), db.prepare(COUNTED).all());
}

Deno.test("createTally: equals counting after any change of a trial", () => {
  using db = open();
  same(db);
  insert(db, "a8", "a", "queued");
  same(db);
  for (
    const change of [
      "UPDATE trials SET state = 'leased' WHERE trial_id = 'a8'",
      "UPDATE trials SET state = 'completed' WHERE state = 'leased'",
      "UPDATE trials SET planned = 0 WHERE study_id = 'b'",
      "UPDATE trials SET planned = 1 WHERE trial_id = 'b2'",
      "UPDATE trials SET position = 7",
      "DELETE FROM trials WHERE trial_id = 'a0'",
    ]
  ) {
    db.exec(change);
    same(db);
  }
});

Deno.test("createTally: is rolled back with a savepoint and a transaction", () => {
  using db = open();
  const before = db.prepare(KEPT).all();
  db.exec("BEGIN; SAVEPOINT unit");
  db.exec("UPDATE trials SET state = 'leased' WHERE state = 'queued'");
  same(db);
  db.exec("ROLLBACK TO unit; RELEASE unit");
  assert.deepEqual(db.prepare(KEPT).all(), before);
  db.exec("UPDATE trials SET planned = 0; ROLLBACK");
  assert.deepEqual(db.prepare(KEPT).all(), before);
  same(db);
});
