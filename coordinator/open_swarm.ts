import { leaderboardCsv } from "./analysis/csv.ts";
import { createApp } from "./app.ts";
import { createLiveLeaderboards } from "./live_leaderboards.ts";
import { type Assets, dataFiles } from "./middleware/files.ts";
import type { WorkerId } from "./protocol/ids.ts";
import type { Leaderboard, Progress } from "./protocol/leaderboard.ts";
import type { DatasetManifest } from "./protocol/study.ts";
import { openSqlite } from "./storage/sqlite.ts";
import type { StudyPlan } from "./study/plan.ts";
import { createCoordinator } from "./swarm/coordinator.ts";
import type { Verification } from "./verification/desk.ts";
import { createVerifier } from "./verification/verifier.ts";
import { folderWeights, memoryWeights } from "./verification/weights_store.ts";
import { createEventHub, type Schedule } from "./swarm/event_hub.ts";
import { defaultTerms } from "./swarm/lease_terms.ts";
import type { Log } from "./swarm/log.ts";
import { steadyClock } from "./swarm/steady_clock.ts";

/** What {@link openSwarm} needs. */
export interface SwarmOptions {
  /** What to lend, as `planStudy` lays it out. */
  readonly plan: StudyPlan;
  /** What its trials train on, as workers are told of it. */
  readonly dataset: DatasetManifest;
  /**
   * Folder with the data set's files, `<SHA-256>.gz` each. With it, a thread
   * recomputes what workers claim before it counts; see docs/verification.md.
   * Absent: no data are served, workers must have them already, and results
   * count once they pass their checks.
   */
  readonly dataFolder?: string;
  /**
   * The pages and what they load, as `folderAssets(".cache/web/public")` reads
   * them after `deno task build`. Absent: the API alone is served.
   */
  readonly assets?: Assets;
  /**
   * Path of the SQLite file, made if missing. Default: `:memory:`, gone when
   * the process ends.
   */
  readonly database?: string;
  /** Shortest lease, in seconds. Default: 30. */
  readonly leaseSeconds?: number;
  /** Told what happens. Default: nobody is. */
  readonly log?: Log;
  /**
   * Milliseconds since 1970. Default: the system's clock, but never going back
   * when that is set back.
   */
  readonly now?: () => number;
}

/** A study that is lent to whoever asks; see {@link openSwarm}. */
export interface Swarm {
  /** Answers every request of workers and pages: `Deno.serve(swarm.fetch)`. */
  readonly fetch: (request: Request) => Promise<Response>;
  /** Every grid point's figures and the verdicts, as of now. */
  leaderboard(): Promise<Leaderboard>;
  /**
   * Names a worker of the caller's own, as trustworthy as the coordinator: its
   * figures are recomputed, its training is not repeated.
   */
  isOurs(workerId: WorkerId): void;
  /** How many trials are done, lent and waiting. */
  progress(): Promise<Progress>;
  /** Ends the sweeps and the event streams, and closes the database. */
  close(): Promise<void>;
}

/** Pages that may follow the events at once. */
const MAX_STREAMS = 1000;
/** Milliseconds for which pages share what was read: the events' own pace. */
const FRESH = 250;
const noAssets: Assets = { paths: [], find: () => Promise.resolve(null) };
/** Bytes of a label file before its labels, one byte each. */
const LABEL_HEADER = 8;

/**
 * Opens a coordinator: plans the study in its database, lends its trials,
 * checks and keeps the results, and takes back the leases that nobody renews.
 * What an earlier process left in the same database is gone on with.
 *
 * It listens on no port: that is for the caller, with `fetch`.
 *
 * @throws {StorageError} with one line that says what to do, where the database
 * cannot be used.
 */
export async function openSwarm(options: SwarmOptions): Promise<Swarm> {
  const { plan, dataset, dataFolder, assets = noAssets } = options;
  const { database = ":memory:", leaseSeconds: minTtl = defaultTerms.minTtl } =
    options;
  const { log = () => {} } = options;
  const { now: clock = steadyClock(Date.now, () => performance.now()) } =
    options;
  const storage = openSqlite(database, clock);
  const { now } = storage;
  const verification = dataFolder === undefined
    ? undefined
    : await verificationOf(dataset, dataFolder, database, now, log)
      .catch(async (error) => {
        await storage.close();
        throw error;
      });
  const hub = createEventHub({ schedule, maxStreams: MAX_STREAMS });
  const coordinator = createCoordinator({
    storage,
    hub,
    now,
    schedule,
    random: {
      uuid: () => crypto.randomUUID(),
      bytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    },
    log,
    ...verification === undefined ? {} : { verification },
    terms: {
      ...defaultTerms,
      minTtl,
      heartbeat: Math.min(defaultTerms.heartbeat, minTtl / 3),
    },
  });
  const close = async () => {
    coordinator.close();
    await storage.close();
  };
  try {
    await coordinator.run({
      ...plan,
      dataset,
      trainExamples: dataset.files.trainLabels.bytes - LABEL_HEADER,
    });
  } catch (error) {
    await close();
    throw error;
  }
  coordinator.start();
  const leaderboard = createLiveLeaderboards(
    coordinator,
    () => performance.now(),
  );
  const app = createApp({
    coordinator,
    hub,
    leaderboard,
    leaderboardCsv,
    data: dataFolder === undefined
      ? () => Promise.resolve(null)
      : dataFiles(dataFolder),
    assets,
    log,
    freshFor: FRESH,
  });
  const { id } = plan.definition;
  return {
    fetch: async (request) => await app.fetch(request),
    async leaderboard() {
      const found = await leaderboard(id);
      if (found === null) throw new Error(`the study is not stored: ${id}`);
      return found;
    },
    progress: () => coordinator.progress(id),
    isOurs: coordinator.isOurs,
    close,
  };
}

async function verificationOf(
  dataset: DatasetManifest,
  dataFolder: string,
  database: string,
  now: () => number,
  log: Log,
): Promise<Verification> {
  return {
    weights: database === ":memory:"
      ? memoryWeights(now)
      : await folderWeights(`${database}-weights`, now),
    verifier: createVerifier({
      dataset,
      dataFolder,
      schedule,
      onReady: (backend) => log("info", "verifier ready", { ...backend }),
    }),
  };
}

const schedule: Schedule = (milliseconds, run) => {
  const timer = setTimeout(run, milliseconds);
  Deno.unrefTimer(timer);
  return () => clearTimeout(timer);
};
