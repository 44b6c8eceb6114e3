import * as z from "zod";
import type { Queries } from "./pool.ts";
import { firstEdition, newerSchema, StorageError } from "../storage.ts";

/** The tables in PostgreSQL, and the check whether a database is ours. */

/**
 * Each entry migrates from version `index` to `index + 1`; a released entry is
 * never edited. Tables and columns are those of the SQLite file, so that a
 * study can be moved row by row. The tables enforce the invariants
 * independently of the code. Ids compare byte by byte: rows are locked in that
 * order, which must be the same for every coordinator.
 */
const migrations: readonly string[] = [
  `
  CREATE TABLE swarm_database (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    version integer NOT NULL,
    -- Milliseconds that the swarm's time is ahead of the server's clock.
    ahead bigint NOT NULL DEFAULT 0
  );
  INSERT INTO swarm_database (version) VALUES (0);

  CREATE FUNCTION swarm_now() RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint + ahead
    FROM swarm_database
  $$;

  CREATE TABLE studies (
    study_id text COLLATE "C" PRIMARY KEY,
    definition text NOT NULL,
    revision bigint NOT NULL,
    deleted boolean NOT NULL DEFAULT false
  );

  CREATE TABLE lending (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    study_id text COLLATE "C" REFERENCES studies
  );

  CREATE TABLE workers (
    worker_id text COLLATE "C" PRIMARY KEY,
    name text NOT NULL,
    kind text NOT NULL,
    threads integer NOT NULL,
    device text,
    protocol_version integer NOT NULL,
    token_hash text NOT NULL,
    backend text,
    backend_detail text,
    registered_at bigint NOT NULL,
    last_seen_at bigint NOT NULL,
    has_left boolean NOT NULL DEFAULT false,
    step_milliseconds double precision,
    removed boolean NOT NULL DEFAULT false
  );
  CREATE INDEX workers_by_last_seen ON workers (last_seen_at);

  CREATE TABLE trials (
    trial_id text COLLATE "C" PRIMARY KEY,
    study_id text COLLATE "C" NOT NULL REFERENCES studies,
    spec text NOT NULL,
    -- The key of the spec's grid point.
    point text COLLATE "C" NOT NULL,
    replicate integer NOT NULL,
    position integer NOT NULL,
    planned boolean NOT NULL,
    state text NOT NULL CHECK (state IN ('queued', 'leased', 'verifying',
      'completed', 'quarantined')),
    quarantined_at bigint,
    revision bigint NOT NULL,
    CHECK ((quarantined_at IS NOT NULL) = (state = 'quarantined'))
  );
  -- By one number: an order that no other index has. Else, while nearly all
  -- trials are queued, trials_in_order looks as good, and is read from its
  -- beginning, past all that is done by then.
  CREATE INDEX trials_to_lease
    ON trials (study_id, ((replicate::bigint << 32) + position))
    WHERE planned AND state = 'queued';
  CREATE INDEX trials_by_state
    ON trials (study_id, state, replicate, position) WHERE planned;
  CREATE INDEX trials_in_order
    ON trials (study_id, replicate, position) WHERE planned;
  CREATE INDEX trials_by_revision ON trials (study_id, revision);
  CREATE INDEX trials_of_point
    ON trials (study_id, point, replicate, position) WHERE planned;

  -- Planned trials by state, kept while they change: pages and coordinators ask
  -- several times a second, and counting a hundred thousand takes a tenth of one.
  CREATE TABLE tally (
    study_id text COLLATE "C" NOT NULL REFERENCES studies,
    state text NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (study_id, state)
  );

  -- A trial's row is never deleted.
  CREATE FUNCTION tally_trials() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF TG_OP = 'INSERT' THEN
      INSERT INTO tally SELECT study_id, state, count(*)
        FROM after WHERE planned GROUP BY study_id, state
        ON CONFLICT (study_id, state) DO UPDATE SET n = tally.n + excluded.n;
    ELSE
      INSERT INTO tally SELECT study_id, state, sum(n) FROM (
          SELECT study_id, state, 1 FROM after WHERE planned
          UNION ALL SELECT study_id, state, -1 FROM before WHERE planned
        ) AS moved (study_id, state, n)
        GROUP BY study_id, state HAVING sum(n) <> 0
        ON CONFLICT (study_id, state) DO UPDATE SET n = tally.n + excluded.n;
    END IF;
    RETURN NULL;
  END $$;
  CREATE TRIGGER tally_added AFTER INSERT ON trials
    REFERENCING NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION tally_trials();
  CREATE TRIGGER tally_moved AFTER UPDATE ON trials
    REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION tally_trials();

  CREATE TABLE attempts (
    trial_id text COLLATE "C" NOT NULL REFERENCES trials,
    attempt integer NOT NULL CHECK (attempt >= 1),
    lease_id text COLLATE "C" NOT NULL UNIQUE,
    worker_id text COLLATE "C" NOT NULL REFERENCES workers,
    backend text NOT NULL,
    backend_detail text,
    started_at bigint NOT NULL,
    ttl bigint NOT NULL,
    state text NOT NULL CHECK (state IN ('running', 'delivered', 'completed',
      'released', 'failed', 'refused', 'expired', 'superseded')),
    expires_at bigint,
    ended_at bigint,
    message text,
    PRIMARY KEY (trial_id, attempt),
    CHECK ((expires_at IS NOT NULL) = (state = 'running')),
    CHECK ((ended_at IS NULL) = (state = 'running'))
  );
  -- Of running ones: not said so, or the workers' leases were looked for in it.
  CREATE INDEX attempts_due ON attempts (expires_at)
    WHERE expires_at IS NOT NULL;
  CREATE INDEX attempts_of_worker ON attempts (worker_id)
    WHERE state = 'running';
  CREATE INDEX attempts_failed ON attempts (worker_id)
    WHERE state IN ('failed', 'refused');
  CREATE INDEX attempts_to_judge ON attempts (ended_at)
    WHERE state = 'delivered';

  CREATE TABLE epochs (
    trial_id text COLLATE "C" NOT NULL,
    attempt integer NOT NULL,
    epoch integer NOT NULL,
    metrics text NOT NULL,
    -- Which coordinator was told, and in which order: for the others' pages.
    told bigint GENERATED ALWAYS AS IDENTITY,
    told_to text,
    PRIMARY KEY (trial_id, attempt, epoch),
    FOREIGN KEY (trial_id, attempt) REFERENCES attempts
  );
  CREATE INDEX epochs_as_told ON epochs (told);

  CREATE TABLE deliveries (
    trial_id text COLLATE "C" NOT NULL,
    attempt integer NOT NULL,
    weights text,
    result text NOT NULL,
    PRIMARY KEY (trial_id, attempt),
    FOREIGN KEY (trial_id, attempt) REFERENCES attempts
  );

  CREATE TABLE results (
    trial_id text COLLATE "C" PRIMARY KEY,
    attempt integer NOT NULL,
    worker_id text COLLATE "C" NOT NULL REFERENCES workers,
    -- Its trial's, which refers to the study. Checked here again, every result
    -- would lock the study's row, which all are waiting for.
    study_id text COLLATE "C" NOT NULL,
    accepted_at bigint NOT NULL,
    epochs integer NOT NULL,
    seconds double precision NOT NULL,
    result text NOT NULL,
    recomputed text,
    repeated_epochs integer NOT NULL DEFAULT 0,
    FOREIGN KEY (trial_id, attempt) REFERENCES attempts
  );
  CREATE INDEX results_of_worker ON results (worker_id, accepted_at);
  CREATE INDEX results_by_time ON results (study_id, accepted_at);

  CREATE FUNCTION results_stand() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF TG_OP = 'UPDATE' THEN
      RAISE EXCEPTION 'an accepted result is never replaced';
    ELSIF NOT EXISTS (SELECT 1 FROM attempts AS a WHERE a.state = 'refused'
        AND a.trial_id = OLD.trial_id AND a.attempt = OLD.attempt) THEN
      RAISE EXCEPTION 'an accepted result is never deleted';
    END IF;
    RETURN OLD;
  END $$;
  CREATE TRIGGER results_stand BEFORE UPDATE OR DELETE ON results
    FOR EACH ROW EXECUTE FUNCTION results_stand();

  CREATE FUNCTION completed_trials_stay() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF EXISTS (SELECT 1 FROM results WHERE trial_id = OLD.trial_id) THEN
      RAISE EXCEPTION 'a completed trial stays completed';
    END IF;
    RETURN NEW;
  END $$;
  CREATE TRIGGER completed_trials_stay BEFORE UPDATE OF state ON trials
    FOR EACH ROW WHEN (OLD.state = 'completed' AND NEW.state <> 'completed')
    EXECUTE FUNCTION completed_trials_stay();

  CREATE TABLE trust (
    worker_id text COLLATE "C" NOT NULL REFERENCES workers,
    backend text NOT NULL,
    accepted integer NOT NULL,
    lies integer NOT NULL,
    lied_at bigint,
    PRIMARY KEY (worker_id, backend)
  );

  CREATE TABLE secrets (
    name text COLLATE "C" PRIMARY KEY,
    hash text NOT NULL
  );

  -- Final weights, from their upload to the verdict on them: where whoever
  -- verifies finds them. Not worth compressing: they are noise.
  CREATE TABLE weights (
    lease_id text COLLATE "C" PRIMARY KEY,
    sha256 text NOT NULL,
    bytes bytea NOT NULL,
    kept_at bigint NOT NULL
  );
  ALTER TABLE weights ALTER COLUMN bytes SET STORAGE EXTERNAL;
  `,
  `
  ALTER TABLE results ADD COLUMN weights text;
  CREATE INDEX results_by_weights ON results (weights);
  CREATE INDEX deliveries_by_weights ON deliveries (weights);
  `,
];

/** The version that this program writes. */
export const SCHEMA_VERSION = migrations.length;

const PlaceRow = z.object({ schema: z.string().nullable() });
const OwnerRow = z.object({
  ours: z.boolean(),
  first: z.boolean(),
  studies: z.boolean(),
});
const VersionRow = z.object({ version: z.number() });

/**
 * Migrates the database to `SCHEMA_VERSION`, in a transaction. Coordinators
 * that start together wait for the one that migrates.
 *
 * @param where Names the database in errors.
 * @throws StorageError `not-ours` for another program's database, `older` for
 * one of the first edition, `newer` for one that a later version has written.
 */
export async function migrate({ rows }: Queries, where: string): Promise<void> {
  const [place] = await rows("SELECT current_schema() AS schema");
  const { schema } = PlaceRow.parse(place);
  if (schema === null) {
    throw new StorageError(
      "cannot-open",
      `cannot use the database: ${where} has no schema to put tables in; ` +
        "create the schema that its search_path names",
    );
  }
  await rows(
    "SELECT pg_advisory_xact_lock(hashtextextended($1 || ' migrates', 0))",
    [schema],
  );
  const has = (table: string) =>
    `to_regclass(quote_ident($1) || '.${table}') IS NOT NULL`;
  const [owner] = await rows(
    `SELECT ${has("swarm_database")} AS ours, ${has("swarm")} AS first, ` +
      `${has("studies")} AS studies`,
    [schema],
  );
  const { ours, first, studies } = OwnerRow.parse(owner);
  if (!ours && first && studies) {
    throw firstEdition(where, "create one and choose it with --db");
  }
  if (!ours && studies) {
    throw new StorageError(
      "not-ours",
      `cannot use the database: ${where} has another program's tables; ` +
        "choose another database with --db",
    );
  }
  const [row] = ours
    ? await rows("SELECT version FROM swarm_database")
    : [{ version: 0 }];
  const { version } = VersionRow.parse(row);
  if (version > SCHEMA_VERSION) {
    throw newerSchema(where, version, SCHEMA_VERSION);
  }
  for (const [step, sql] of migrations.entries()) {
    if (step < version) continue;
    await rows(sql);
    await rows("UPDATE swarm_database SET version = $1", [step + 1]);
  }
}
