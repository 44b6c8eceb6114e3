import type { DatabaseSync } from "node:sqlite";
import { StorageError } from "../storage.ts";

/** The tables, and how a file of any earlier version becomes today's. */

/** Marks a file as ours among SQLite files: "dsw1" in ASCII. */
const APPLICATION_ID = 0x64737731;

/**
 * Each entry leads from version `index` to `index + 1`; an entry that was ever
 * released is never edited. What must hold whatever the code does stands in
 * the tables: one result a trial, one lease an id, states that fit their
 * columns.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE studies (
    study_id TEXT PRIMARY KEY,
    definition TEXT NOT NULL,
    revision INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE workers (
    worker_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    threads INTEGER NOT NULL,
    device TEXT,
    protocol_version INTEGER NOT NULL,
    token_hash TEXT NOT NULL,
    backend TEXT,
    backend_detail TEXT,
    registered_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    has_left INTEGER NOT NULL CHECK (has_left IN (0, 1))
  ) STRICT;
  CREATE INDEX workers_by_sight ON workers (last_seen_at);

  CREATE TABLE trials (
    trial_id TEXT PRIMARY KEY,
    study_id TEXT NOT NULL REFERENCES studies,
    spec TEXT NOT NULL,
    replicate INTEGER NOT NULL,
    position INTEGER NOT NULL,
    planned INTEGER NOT NULL CHECK (planned IN (0, 1)),
    state TEXT NOT NULL
      CHECK (state IN ('queued', 'leased', 'completed', 'quarantined')),
    quarantined_at INTEGER,
    revision INTEGER NOT NULL,
    CHECK ((quarantined_at IS NOT NULL) = (state = 'quarantined'))
  ) STRICT;
  CREATE INDEX trials_to_lease
    ON trials (study_id, planned, state, replicate, position);
  CREATE INDEX trials_in_order
    ON trials (study_id, planned, replicate, position);
  CREATE INDEX trials_by_revision ON trials (study_id, revision);

  CREATE TABLE attempts (
    trial_id TEXT NOT NULL REFERENCES trials,
    attempt INTEGER NOT NULL CHECK (attempt >= 1),
    lease_id TEXT NOT NULL UNIQUE,
    worker_id TEXT NOT NULL REFERENCES workers,
    backend TEXT NOT NULL,
    backend_detail TEXT,
    started_at INTEGER NOT NULL,
    ttl INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('running', 'completed', 'released',
      'failed', 'expired', 'superseded')),
    expires_at INTEGER,
    ended_at INTEGER,
    message TEXT,
    PRIMARY KEY (trial_id, attempt),
    CHECK ((expires_at IS NOT NULL) = (state = 'running')),
    CHECK ((ended_at IS NULL) = (state = 'running'))
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX attempts_due ON attempts (expires_at) WHERE state = 'running';
  CREATE INDEX attempts_of_worker ON attempts (worker_id)
    WHERE state = 'running';

  CREATE TABLE epochs (
    trial_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    metrics TEXT NOT NULL,
    PRIMARY KEY (trial_id, attempt, epoch),
    FOREIGN KEY (trial_id, attempt) REFERENCES attempts
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE results (
    trial_id TEXT PRIMARY KEY,
    attempt INTEGER NOT NULL,
    worker_id TEXT NOT NULL REFERENCES workers,
    study_id TEXT NOT NULL REFERENCES studies,
    accepted_at INTEGER NOT NULL,
    epochs INTEGER NOT NULL,
    seconds REAL NOT NULL,
    result TEXT NOT NULL,
    FOREIGN KEY (trial_id, attempt) REFERENCES attempts
  ) STRICT, WITHOUT ROWID;
  CREATE TRIGGER results_stand BEFORE UPDATE ON results
    BEGIN SELECT RAISE(ABORT, 'an accepted result is never replaced'); END;
  CREATE TRIGGER results_stay BEFORE DELETE ON results
    BEGIN SELECT RAISE(ABORT, 'an accepted result is never deleted'); END;
  CREATE TRIGGER completed_trials_stay BEFORE UPDATE OF state ON trials
    WHEN OLD.state = 'completed' AND NEW.state <> 'completed'
    BEGIN SELECT RAISE(ABORT, 'a completed trial stays completed'); END;
  CREATE INDEX results_of_worker ON results (worker_id);
  CREATE INDEX results_by_time ON results (study_id, accepted_at);
  `,
  // What the pages of workers, trials and grid points read.
  `
  ALTER TABLE workers ADD COLUMN step_milliseconds REAL;
  CREATE INDEX trials_of_point ON trials (study_id, planned,
    spec ->> '$.params.dropout1', spec ->> '$.params.dropout2', replicate);
  DROP INDEX results_of_worker;
  CREATE INDEX results_of_worker ON results (worker_id, accepted_at);
  `,
  `
  CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    hash TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  ALTER TABLE workers ADD COLUMN removed INTEGER NOT NULL DEFAULT 0
    CHECK (removed IN (0, 1));
  ALTER TABLE studies ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0
    CHECK (deleted IN (0, 1));
  `,
  // Results wait for a verdict before they count. A CHECK cannot be altered,
  // so the tables with the states are made anew; whoever refers to them does
  // so by name.
  `
  CREATE TABLE new_trials (
    trial_id TEXT PRIMARY KEY,
    study_id TEXT NOT NULL REFERENCES studies,
    spec TEXT NOT NULL,
    replicate INTEGER NOT NULL,
    position INTEGER NOT NULL,
    planned INTEGER NOT NULL CHECK (planned IN (0, 1)),
    state TEXT NOT NULL CHECK (state IN ('queued', 'leased', 'verifying',
      'completed', 'quarantined')),
    quarantined_at INTEGER,
    revision INTEGER NOT NULL,
    CHECK ((quarantined_at IS NOT NULL) = (state = 'quarantined'))
  ) STRICT;
  INSERT INTO new_trials SELECT * FROM trials;
  DROP TABLE trials;
  ALTER TABLE new_trials RENAME TO trials;
  CREATE INDEX trials_to_lease
    ON trials (study_id, planned, state, replicate, position);
  CREATE INDEX trials_in_order
    ON trials (study_id, planned, replicate, position);
  CREATE INDEX trials_by_revision ON trials (study_id, revision);
  CREATE INDEX trials_of_point ON trials (study_id, planned,
    spec ->> '$.params.dropout1', spec ->> '$.params.dropout2', replicate);
  CREATE TRIGGER completed_trials_stay BEFORE UPDATE OF state ON trials
    WHEN OLD.state = 'completed' AND NEW.state <> 'completed'
      AND EXISTS (SELECT 1 FROM results WHERE trial_id = OLD.trial_id)
    BEGIN SELECT RAISE(ABORT, 'a completed trial stays completed'); END;

  CREATE TABLE new_attempts (
    trial_id TEXT NOT NULL REFERENCES trials,
    attempt INTEGER NOT NULL CHECK (attempt >= 1),
    lease_id TEXT NOT NULL UNIQUE,
    worker_id TEXT NOT NULL REFERENCES workers,
    backend TEXT NOT NULL,
    backend_detail TEXT,
    started_at INTEGER NOT NULL,
    ttl INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('running', 'delivered', 'completed',
      'released', 'failed', 'refused', 'expired', 'superseded')),
    expires_at INTEGER,
    ended_at INTEGER,
    message TEXT,
    PRIMARY KEY (trial_id, attempt),
    CHECK ((expires_at IS NOT NULL) = (state = 'running')),
    CHECK ((ended_at IS NULL) = (state = 'running'))
  ) STRICT, WITHOUT ROWID;
  INSERT INTO new_attempts SELECT * FROM attempts;
  DROP TABLE attempts;
  ALTER TABLE new_attempts RENAME TO attempts;
  CREATE INDEX attempts_due ON attempts (expires_at) WHERE state = 'running';
  CREATE INDEX attempts_of_worker ON attempts (worker_id)
    WHERE state = 'running';
  CREATE INDEX attempts_to_judge ON attempts (ended_at)
    WHERE state = 'delivered';

  CREATE TABLE deliveries (
    trial_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    weights TEXT,
    result TEXT NOT NULL,
    PRIMARY KEY (trial_id, attempt),
    FOREIGN KEY (trial_id, attempt) REFERENCES attempts
  ) STRICT, WITHOUT ROWID;

  ALTER TABLE results ADD COLUMN recomputed TEXT;
  ALTER TABLE results ADD COLUMN repeated_epochs INTEGER NOT NULL DEFAULT 0;
  DROP TRIGGER results_stay;
  CREATE TRIGGER results_stay BEFORE DELETE ON results
    WHEN NOT EXISTS (SELECT 1 FROM attempts AS a WHERE a.state = 'refused'
      AND a.trial_id = OLD.trial_id AND a.attempt = OLD.attempt)
    BEGIN SELECT RAISE(ABORT, 'an accepted result is never deleted'); END;

  CREATE TABLE trust (
    worker_id TEXT NOT NULL REFERENCES workers,
    backend TEXT NOT NULL,
    accepted INTEGER NOT NULL,
    lies INTEGER NOT NULL,
    lied_at INTEGER,
    PRIMARY KEY (worker_id, backend)
  ) STRICT, WITHOUT ROWID;
  `,
  // Which study is lent; no row: nobody ever said.
  `
  CREATE TABLE lending (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    study_id TEXT REFERENCES studies
  ) STRICT;
  `,
];

/** The version that this program writes. */
export const SCHEMA_VERSION = migrations.length;

/**
 * The version of a database of ours, or of an empty one: 0.
 *
 * @throws StorageError `not-ours` for another program's file, `newer` for one
 * written by a later version.
 */
export function checkOurs(db: DatabaseSync, path: string): number {
  const version = pragma(db, "user_version");
  const owner = pragma(db, "application_id");
  const tables = db.prepare("SELECT count(*) AS n FROM sqlite_schema").get();
  if (owner !== APPLICATION_ID && (version !== 0 || tables?.n !== 0)) {
    throw new StorageError(
      "not-ours",
      `cannot use the database: ${path} belongs to another program; ` +
        "name another file with --db",
    );
  }
  if (version > SCHEMA_VERSION) {
    throw new StorageError(
      "newer",
      `cannot use the database: ${path} was written by a newer version ` +
        `(its format ${version}, ours ${SCHEMA_VERSION}); update this ` +
        "program or name another file with --db",
    );
  }
  return version;
}

/**
 * Brings the database to `SCHEMA_VERSION`, each step in its own transaction.
 *
 * @param to A version to stop at, for tests of what comes after it.
 * @throws StorageError as `checkOurs` does.
 */
export function migrate(
  db: DatabaseSync,
  path: string,
  to = SCHEMA_VERSION,
): void {
  const version = checkOurs(db, path);
  if (version >= to) return;
  // A table that is made anew is dropped under those that refer to it.
  db.exec("PRAGMA foreign_keys = OFF");
  for (const [step, sql] of migrations.slice(0, to).entries()) {
    if (step < version) continue;
    db.exec(
      `BEGIN IMMEDIATE; ${sql}; PRAGMA application_id = ${APPLICATION_ID}; ` +
        `PRAGMA user_version = ${step + 1}; COMMIT;`,
    );
  }
  db.exec("PRAGMA foreign_keys = ON");
}

function pragma(db: DatabaseSync, name: string): number {
  const value = db.prepare(`PRAGMA ${name}`).get()?.[name];
  return typeof value === "number" ? value : 0;
}
