import assert from "node:assert/strict";
// @ts-types="@types/pg"
import pg from "pg";
import {
  type PostgresServer,
  startPostgres,
} from "../../../tests/postgres/server.ts";
import { emptySchema, psql } from "../../../tests/postgres/schema.ts";
import {
  fakeClock,
  seed,
  smallStudy,
} from "../../../testing/lease/fixtures.ts";
import { planStudy } from "../../study/plan.ts";
import { createWorld } from "../../../testing/storage/world.ts";
import { openPostgres } from "./postgres.ts";
import { createPool, type PostgresPool } from "./pool.ts";
import { QUEUED } from "./group_commit.ts";

/** Properties that keep PostgreSQL fast with large amounts of data. */

let server: PostgresServer;
let database: string;

Deno.test.beforeAll(async () => {
  server = await startPostgres({ fsync: false });
  database = await server.createDatabase();
});
Deno.test.afterAll(() => server.stop());

/** A storage on an empty schema, with direct access to the database. */
async function withWorld(
  body: (
    world: ReturnType<typeof createWorld>,
    sql: (text: string) => Promise<unknown[]>,
    url: string,
  ) => Promise<void>,
): Promise<void> {
  const { url } = await emptySchema(database);
  const clock = fakeClock();
  const { storage } = await openPostgres(url, { clock: clock.now });
  const end = () => storage.close();
  try {
    await body(
      createWorld({ storage, end }, clock),
      (text) => psql(text, url),
      url,
    );
  } finally {
    await end();
  }
}

const TALLY = "SELECT study_id, state, n::integer FROM tally WHERE n <> 0 " +
  "ORDER BY 1, 2";
const COUNTED = "SELECT study_id, state, count(*)::integer AS n FROM trials " +
  "WHERE planned GROUP BY 1, 2 ORDER BY 1, 2";

Deno.test("tally: equals counting after any change of a trial", () =>
  withWorld(async (world, sql) => {
    const { storage } = world;
    const same = async () => {
      const counted = await sql(COUNTED);
      assert.deepEqual(await sql(TALLY), counted);
      return counted.length;
    };
    await world.plan(smallStudy({ replicates: 10 }));
    assert.equal(await same(), 1);
    await world.workers(4, 4);
    await Promise.all(
      Array.from({ length: 12 }, (_, i) => world.claim(1 + i % 4, 1 + i)),
    );
    await same();
    // Concurrently: some are leased, some completed, some released.
    await Promise.all([
      world.claim(1, 13),
      ...[1, 2, 3].map((lease) => world.complete(lease, lease)),
      world.release(4, 4, "failed"),
    ]);
    assert.equal(await same(), 3);
    await world.plan(smallStudy({ replicates: 2 }));
    await same();
    await storage.deleteStudy(seed);
    assert.equal(await same(), 0);
    await world.plan(smallStudy({ replicates: 6 }));
    assert.equal(await same(), 3);
    // A change by SQL outside of the program.
    await sql("UPDATE trials SET planned = NOT planned WHERE position < 2");
    await same();
  }));

Deno.test("openPostgres: planning an unchanged plan takes no locks", () =>
  withWorld(async (world, _, url) => {
    const study = smallStudy();
    const { revision } = await world.storage.plan(
      study.definition,
      study.trials,
    );
    const other = new pg.Client(url);
    await other.connect();
    await other.query("BEGIN");
    await other.query("SELECT 1 FROM studies FOR UPDATE");
    assert.deepEqual(
      await world.storage.plan(study.definition, study.trials),
      { revision, added: 0, restored: 0, unplanned: 0 },
    );
    await other.query("ROLLBACK");
    await other.end();
    // A deleted study is planned again, even without trials.
    await world.storage.deleteStudy(seed);
    await world.plan(study);
    assert.equal((await world.storage.study(seed))?.trials, 4);
  }));

Deno.test("openPostgres: a plan with more trials than fit in one statement", () =>
  withWorld(async ({ storage }, sql) => {
    // At most 10,000 per statement.
    const rates = [0, 0.1, 0.2];
    const { definition, trials } = planStudy({
      ...smallStudy().definition,
      searchSpace: { grid: { dropout1: [...rates, 0.3], dropout2: rates } },
      replicates: 1000,
    });
    const { added } = await storage.plan(definition, trials);
    assert.equal(added, 12_000);
    assert.equal((await storage.counts(seed)).queued, 12_000);
    assert.deepEqual(
      await sql(
        "SELECT count(DISTINCT position)::integer AS n, max(position) AS last " +
          "FROM trials",
      ),
      [{ n: 12_000, last: 11_999 }],
    );
    const reversed = [...trials].reverse();
    await storage.plan(definition, reversed);
    const [first] = (await storage.changesSince(seed, 1)).trials;
    assert.equal(first?.spec.trialId, reversed[0]?.trialId);
  }));

Deno.test("openPostgres: the next trial is found by the index of queued trials", () =>
  withWorld(async (world, sql, url) => {
    await world.plan(smallStudy({ replicates: 500 }));
    // The planner knows that all trials are queued, so any other plan looks as
    // cheap.
    await sql("ANALYZE trials");
    const pool = createPool(url, { connections: 1 });
    try {
      const plan = await pool.batch(async (tx) => {
        const rows = await tx.rows(
          `EXPLAIN ${QUEUED.replace("$1", `'${seed}'`).replace("$2", "10")}`,
        );
        return { last: [], value: () => JSON.stringify(rows) };
      });
      assert.match(plan, /trials_to_lease/);
      assert.doesNotMatch(plan, /Sort/);
    } finally {
      await pool.close();
    }
  }));

async function withPool(
  body: (pool: PostgresPool) => Promise<void>,
): Promise<void> {
  const pool = createPool((await emptySchema(database)).url);
  try {
    await pool.rows("CREATE TABLE numbers (n integer PRIMARY KEY)");
    await body(pool);
  } finally {
    await pool.close();
  }
}

const insert = (n: number | string) => ({
  text: "INSERT INTO numbers VALUES ($1) RETURNING n",
  values: [n],
});
const NUMBERS = "SELECT n FROM numbers ORDER BY n";

Deno.test("turn: ends with its last statements and returns their rows", () =>
  withPool(async (pool) => {
    const said = await pool.batch(async ({ rows }) => {
      const { text, values } = insert(1);
      await rows(text, values);
      return { last: [insert(2), insert(3)], value: (rows) => rows };
    });
    assert.deepEqual(said.slice(0, 2), [[{ n: 2 }], [{ n: 3 }]]);
    assert.deepEqual(await pool.rows(NUMBERS), [1, 2, 3].map((n) => ({ n })));
  }));

Deno.test("turn: a failing last statement rolls back everything, although the commit was sent", () =>
  withPool(async (pool) => {
    await assert.rejects(
      pool.batch(async ({ rows }) => {
        const { text, values } = insert(1);
        await rows(text, values);
        return {
          last: [insert(2), insert("three"), insert(4)],
          value: () => null,
        };
      }),
      /invalid input syntax/,
    );
    assert.deepEqual(await pool.rows(NUMBERS), []);
    // The connection is still usable.
    await pool.batch(() => Promise.resolve({ last: [insert(5)], value() {} }));
    assert.deepEqual(await pool.rows(NUMBERS), [{ n: 5 }]);
  }));
