import assert from "node:assert/strict";
import { WorkerId } from "../../protocol/ids.ts";
import { openSqlite } from "../../coordinator/storage/sqlite/sqlite.ts";
import { DatabaseSync } from "node:sqlite";
import { balances, readFileLedger } from "./ledger.ts";

const mine = WorkerId.parse("00000000-0000-4000-8000-000000000001");
const other = WorkerId.parse("00000000-0000-4000-8000-000000000002");

/** A file with results of trials `a` and `b` by worker `mine`. */
async function withFile(look: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "ledger-test-" });
  try {
    const path = `${folder}/swarm.db`;
    await openSqlite(path, () => 0).close();
    const db = new DatabaseSync(path);
    db.exec(
      `INSERT INTO studies (study_id, definition, revision)
         VALUES ('s', '{}', 1);
       INSERT INTO workers (worker_id, name, kind, threads, protocol_version,
         token_hash, registered_at, last_seen_at, has_left)
         VALUES ('${mine}', 'm', 'deno', 1, 1, '', 0, 0, 0);`,
    );
    for (const [place, id] of ["a", "b"].entries()) {
      db.exec(
        `INSERT INTO trials (trial_id, study_id, spec, point, replicate, position,
           planned, state, revision) VALUES
           ('${id}', 's', '{}', 'p', 0, ${place}, 1, 'completed', 1);
         INSERT INTO attempts (trial_id, attempt, lease_id, worker_id, backend,
           started_at, ttl, state, ended_at) VALUES
           ('${id}', 1, 'l${id}', '${mine}', 'simd', 0, 1, 'completed', 1);
         INSERT INTO results (trial_id, attempt, worker_id, study_id,
           accepted_at, epochs, seconds, result) VALUES ('${id}', 1, '${mine}', 's', 0, 1, 1.0, '{}');`,
      );
    }
    db.exec(
      `INSERT INTO trials (trial_id, study_id, spec, point, replicate, position,
           planned, state, revision) VALUES
           ('c', 's', '{}', 'p', 0, 2, 1, 'queued', 1);
       INSERT INTO attempts (trial_id, attempt, lease_id, worker_id, backend,
           started_at, ttl, state, ended_at) VALUES
           ('c', 1, 'lc', '${mine}', 'simd', 0, 1, 'expired', 1);`,
    );
    db.close();
    await look(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const told = (trialId: string, workerId = mine) => ({ trialId, workerId });

Deno.test("readFileLedger: balances if each result was told once or its answer was lost", async () => {
  await withFile(async (path) => {
    const whole = await readFileLedger(path, [told("a"), told("b")]);
    assert.equal(whole.results, 2);
    assert.equal(whole.untold, 0);
    assert.deepEqual(whole.attempts, { completed: 2, expired: 1 });
    assert.equal(whole.expired, 1);
    assert.ok(balances(whole));
    const one = await readFileLedger(path, [told("a")]);
    assert.equal(one.untold, 1);
    assert.ok(balances(one));
  });
});

Deno.test("readFileLedger: does not balance if a result is lost, told twice or another's", async () => {
  await withFile(async (path) => {
    assert.equal((await readFileLedger(path, [told("a"), told("c")])).lost, 1);
    assert.equal(
      (await readFileLedger(path, [told("a"), told("b", other)])).lost,
      1,
    );
    assert.equal(
      (await readFileLedger(path, [told("a"), told("a")])).toldTwice,
      1,
    );
    for (
      const wrong of [
        [told("a"), told("c")],
        [told("a"), told("b", other)],
        [told("a"), told("a")],
      ]
    ) assert.ok(!balances(await readFileLedger(path, wrong)));
    const db = new DatabaseSync(path);
    db.exec("UPDATE attempts SET state = 'superseded' WHERE trial_id = 'b'");
    db.close();
    assert.equal((await readFileLedger(path, [])).miscounted, 1);
  });
});
