import type { DatabaseSync } from "node:sqlite";
import { firstEdition, newerSchema, StorageError } from "../storage.ts";

/** The tables in SQLite, and the check whether a file is ours. */

/** The application id of our SQLite files: "dsw2" in ASCII. */
export const APPLICATION_ID = 0x64737732;
/** Files of the first edition: "dsw1". */
const FIRST_EDITION = 0x64737731;

/**
 * Each entry migrates from version `index` to `index + 1`; a released entry is
 * never edited. The tables enforce the invariants independently of the code:
 * one result per trial, one lease per id, states that match their columns.
 */
const migrations: readonly string[] = [
  `
  CREATE TABLE studies (
    study_id TEXT PRIMARY KEY,
    definition TEXT NOT NULL,
    revision INTEGER NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0 CHECK (deleted IN (0, 1))
  ) STRICT;

  -- Which study is active; no row: nobody ever said.
  CREATE TABLE lending (
    one INTEGER PRIMARY KEY DEFAULT 1 CHECK (one = 1),
    study_id TEXT REFERENCES studies
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
    has_left INTEGER NOT NULL DEFAULT 0 CHECK (has_left IN (0, 1)),
    step_milliseconds REAL,
    removed INTEGER NOT NULL DEFAULT 0 CHECK (removed IN (0, 1))
  ) STRICT;
  CREATE INDEX workers_by_last_seen ON workers (last_seen_at);

  CREATE TABLE trials (
    trial_id TEXT PRIMARY KEY,
    study_id TEXT NOT NULL REFERENCES studies,
    spec TEXT NOT NULL,
    -- The key of the spec's grid point.
    point TEXT NOT NULL,
    replicate INTEGER NOT NULL,
    position INTEGER NOT NULL,
    planned INTEGER NOT NULL CHECK (planned IN (0, 1)),
    state TEXT NOT NULL CHECK (state IN ('queued', 'leased', 'verifying',
      'completed', 'quarantined')),
    quarantined_at INTEGER,
    revision INTEGER NOT NULL,
    CHECK ((quarantined_at IS NOT NULL) = (state = 'quarantined'))
  ) STRICT;
  CREATE INDEX trials_to_lease
    ON trials (study_id, planned, state, replicate, position);
  CREATE INDEX trials_in_order
    ON trials (study_id, planned, replicate, position);
  CREATE INDEX trials_by_revision ON trials (study_id, revision);
  CREATE INDEX trials_of_point
    ON trials (study_id, planned, point, replicate, position);
  CREATE TRIGGER completed_trials_stay BEFORE UPDATE OF state ON trials
    WHEN OLD.state = 'completed' AND NEW.state <> 'completed'
      AND EXISTS (SELECT 1 FROM results WHERE trial_id = OLD.trial_id)
    BEGIN SELECT RAISE(ABORT, 'a completed trial stays completed'); END;

  CREATE TABLE attempts (
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
  CREATE INDEX attempts_due ON attempts (expires_at) WHERE state = 'running';
  CREATE INDEX attempts_of_worker ON attempts (worker_id)
    WHERE state = 'running';
  CREATE INDEX attempts_to_judge ON attempts (ended_at)
    WHERE state = 'delivered';

  CREATE TABLE epochs (
    trial_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    metrics TEXT NOT NULL,
    PRIMARY KEY (trial_id, attempt, epoch),
    FOREIGN KEY (trial_id, attempt) REFERENCES attempts
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE deliveries (
    trial_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    weights TEXT,
    result TEXT NOT NULL,
    PRIMARY KEY (trial_id, attempt),
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
    recomputed TEXT,
    repeated_epochs INTEGER NOT NULL DEFAULT 0,
    FOREIGN KEY (trial_id, attempt) REFERENCES attempts
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX results_of_worker ON results (worker_id, accepted_at);
  CREATE INDEX results_by_time ON results (study_id, accepted_at);
  CREATE TRIGGER results_stand BEFORE UPDATE ON results
    BEGIN SELECT RAISE(ABORT, 'an accepted result is never replaced'); END;
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

  CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    hash TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE results ADD COLUMN weights TEXT;
  CREATE INDEX results_by_weights ON results (weights);
  CREATE INDEX deliveries_by_weights ON deliveries (weights);
  `,
];

/** The version that this program writes. */
export const SCHEMA_VERSION = migrations.length;

/**
 * The version of a database of ours, or of an empty one: 0. Changes nothing.
 *
 * @throws StorageError `not-ours` for another program's file, `older` for one
 * of the first edition, `newer` for one written by a later version.
 */
export function checkOurs(db: DatabaseSync, path: string): number {
  const version = pragma(db, "user_version");
  const owner = pragma(db, "application_id");
  if (owner === FIRST_EDITION) throw firstEdition(path, "--db other.db");
  const tables = db.prepare("SELECT count(*) AS n FROM sqlite_schema").get();
  if (owner !== APPLICATION_ID && (version !== 0 || tables?.n !== 0)) {
    throw new StorageError(
      "not-ours",
      `cannot use the database: ${path} belongs to another program; ` +
        "choose another file",
    );
  }
  if (version > SCHEMA_VERSION) {
    throw newerSchema(path, version, SCHEMA_VERSION);
  }
  return version;
}

/**
 * Migrates the database to `SCHEMA_VERSION`, each step in its own transaction.
 *
 * @throws StorageError as `checkOurs` does.
 */
export function migrate(db: DatabaseSync, path: string): void {
  const version = checkOurs(db, path);
  for (const [step, sql] of migrations.entries()) {
    if (step < version) continue;
    db.exec(
      `BEGIN IMMEDIATE; ${sql}; PRAGMA application_id = ${APPLICATION_ID}; ` +
        `PRAGMA user_version = ${step + 1}; COMMIT;`,
    );
  }
}

function pragma(db: DatabaseSync, name: string): number {
  const value = db.prepare(`PRAGMA ${name}`).get()?.[name];
  return typeof value === "number" ? value : 0;
}
