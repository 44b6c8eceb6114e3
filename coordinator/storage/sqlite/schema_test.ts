import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { smallStudy, trained } from "../../../testing/lease/fixtures.ts";
import { migrate, SCHEMA_VERSION } from "./schema.ts";

Deno.test("migrate: creates tables that enforce constraints and references", () => {
  const db = new DatabaseSync(":memory:");
  try {
    migrate(db, "test.db");
    const [spec] = smallStudy().trials;
    assert.ok(spec);
    db.exec("INSERT INTO studies VALUES ('seed', '{}', 3, 0)");
    db.exec(
      "INSERT INTO workers (worker_id, name, kind, threads, " +
        "protocol_version, token_hash, registered_at, last_seen_at) " +
        "VALUES ('w', 'ada', 'deno', 1, 1, 'hash', 1, 2)",
    );
    db.prepare(
      "INSERT INTO trials VALUES (?, 'seed', ?, 'point', 0, 0, 1, " +
        "'completed', NULL, 3)",
    ).run(spec.trialId, JSON.stringify(spec));
    db.prepare(
      "INSERT INTO attempts VALUES (?, 1, 'l', 'w', 'simd', NULL, 1, 9, " +
        "'completed', NULL, 5, NULL)",
    ).run(spec.trialId);
    db.prepare(
      "INSERT INTO results VALUES (?, 1, 'w', 'seed', 5, 2, 3.25, ?, NULL, 0, " +
        "NULL)",
    ).run(spec.trialId, JSON.stringify(trained()));
    // A second run changes nothing.
    migrate(db, "test.db");

    const one = (sql: string) => db.prepare(sql).get();
    assert.equal(one("PRAGMA user_version")?.user_version, SCHEMA_VERSION);
    assert.equal(one("PRAGMA foreign_keys")?.foreign_keys, 1);
    assert.equal(one("SELECT state FROM trials")?.state, "completed");
    assert.deepEqual(db.prepare("PRAGMA foreign_key_check").all(), []);
    assert.throws(
      () => db.exec("UPDATE trials SET state = 'queued'"),
      /a completed trial stays completed/,
    );
    assert.throws(
      () => db.exec("UPDATE results SET seconds = 1"),
      /an accepted result is never replaced/,
    );
    assert.throws(
      () => db.exec("DELETE FROM results"),
      /an accepted result is never deleted/,
    );
    assert.throws(() => db.exec("DELETE FROM attempts"), /FOREIGN KEY/);
    assert.throws(() => db.exec("UPDATE attempts SET state = 'x'"), /CHECK/);
  } finally {
    db.close();
  }
});
