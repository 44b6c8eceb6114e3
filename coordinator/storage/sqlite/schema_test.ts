import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { smallStudy, trained } from "../../../testing/lease/fixtures.ts";
import { migrate, migrations, SCHEMA_VERSION } from "./schema.ts";

Deno.test("migrate: a file of version 1 keeps its rows, rules and references", () => {
  const db = new DatabaseSync(":memory:");
  try {
    db.exec(`${migrations[0]}; PRAGMA application_id = ${0x64737731};
      PRAGMA user_version = 1;`);
    const [spec] = smallStudy().trials;
    assert.ok(spec);
    db.exec("INSERT INTO studies VALUES ('seed', '{}', 3)");
    db.exec(
      "INSERT INTO workers VALUES ('w', 'ada', 'deno', 1, NULL, 1, 'hash', " +
        "NULL, NULL, 1, 2, 0)",
    );
    db.prepare(
      "INSERT INTO trials VALUES (?, 'seed', ?, 0, 0, 1, 'completed', NULL, 3)",
    ).run(spec.trialId, JSON.stringify(spec));
    db.prepare(
      "INSERT INTO attempts VALUES (?, 1, 'l', 'w', 'simd', NULL, 1, 9, " +
        "'completed', NULL, 5, NULL)",
    ).run(spec.trialId);
    db.prepare("INSERT INTO results VALUES (?, 1, 'w', 'seed', 5, 2, 3.25, ?)")
      .run(spec.trialId, JSON.stringify(trained()));

    migrate(db, "test.db");

    const one = (sql: string) => db.prepare(sql).get();
    assert.equal(one("PRAGMA user_version")?.user_version, SCHEMA_VERSION);
    assert.equal(one("PRAGMA foreign_keys")?.foreign_keys, 1);
    assert.equal(one("SELECT state FROM trials")?.state, "completed");
    assert.equal(one("SELECT state FROM attempts")?.state, "completed");
    assert.equal(one("SELECT recomputed FROM results")?.recomputed, null);
    assert.deepEqual(db.prepare("PRAGMA foreign_key_check").all(), []);
    assert.throws(
      () => db.exec("UPDATE trials SET state = 'queued'"),
      /a completed trial stays completed/,
    );
    assert.throws(() => db.exec("DELETE FROM attempts"), /FOREIGN KEY/);
    assert.throws(() => db.exec("UPDATE attempts SET state = 'x'"), /CHECK/);
  } finally {
    db.close();
  }
});
