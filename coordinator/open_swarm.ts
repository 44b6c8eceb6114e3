import { leaderboardCsv } from "./analysis/csv.ts";
import { createApp } from "./http/app.ts";
import { createGuard } from "./http/limits/guard.ts";
import type { Limits } from "./http/limits/rates.ts";
import { type OpenedSecrets, openSecrets } from "./http/limits/secrets.ts";
import { createLiveDeviations } from "./service/leaderboards.ts";
import { createAnalystSync } from "./threads/analyst_sync.ts";
import { createLiveLeaderboards } from "./service/leaderboards.ts";
import { spawnAnalyst } from "./threads/analyst_host.ts";
import { createVerdictLog } from "./service/leaderboards.ts";
import { createMetrics } from "./http/metrics.ts";
import type { Assets } from "./http/middleware/responses.ts";
import { apiPageFile, dataFiles } from "./storage/served_files.ts";
import type { StudyId, WorkerId } from "../protocol/ids.ts";
import type { Leaderboard, Progress } from "../protocol/leaderboard.ts";
import type { DatasetManifest, StudyDefinition } from "../protocol/study.ts";
import { createReadiness } from "./http/readiness.ts";
import { reportHtml, reportOf } from "./service/report.ts";
import { openStorage } from "./storage/open_storage.ts";
import { InvalidStudy } from "./study/points.ts";
import { planStudy, type StudyPlan } from "./study/plan.ts";
import { createCoordinator } from "./service/coordinator.ts";
import type { Verification } from "./verification/verification_queue.ts";
import { createVerifier } from "./verification/verifier.ts";
import type { WeightsStore } from "./storage/weights_store.ts";
import { createEventHub, type Schedule } from "./service/event_hub.ts";
import { defaultTerms, termsOf } from "./lease/policy.ts";
import { sameValue } from "./lease/same_value.ts";
import type { Log } from "./service/log.ts";

/** What {@link openSwarm} needs. */
export interface SwarmOptions {
  /** The study to lease, as planned by `planStudy`. */
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
   * Path of the SQLite file, made if missing; or `postgres://…`, the address of
   * a PostgreSQL database that any number of coordinators share. Default:
   * `:memory:`, gone when the process ends.
   */
  readonly database?: string;
  /** Whether results count without being verified. Default: they do not. */
  readonly trustWorkers?: boolean;
  /**
   * Whether the verifying thread may read its files and do nothing else, which
   * takes Deno's `--unstable-worker-options`. Default: it may what the process
   * may.
   */
  readonly confined?: boolean;
  /** Shortest lease, in seconds. Default: 60. */
  readonly leaseSeconds?: number;
  /** What one caller, and all together, may take. Default: `defaultLimits`. */
  readonly limits?: Partial<Limits>;
  /**
   * Proxies whose `X-Forwarded-For` is believed: addresses, networks such as
   * `10.0.0.0/8`, or `loopback`. Default: none.
   */
  readonly trustProxy?: readonly string[];
  /**
   * Answer only requests for this machine by its own names. Set it where the
   * server listens on the loopback address. Default: false.
   */
  readonly loopbackOnly?: boolean;
  /**
   * The address that others use, as `https://example.org/swarm/` of a proxy.
   * Requests may come with its path or without it, and for its host also where
   * `loopbackOnly` is set. Pages need no such address: their URLs are relative.
   */
  readonly publicUrl?: string;
  /**
   * What volunteers must bring to join; true: a code that is made at the first
   * start, and kept. Default: anybody may join.
   */
  readonly joinCode?: string | true;
  /** Make new secrets in place of those that the database keeps. */
  readonly newSecrets?: boolean;
  /** Told what happens. Default: nobody is. */
  readonly log?: Log;
  /**
   * Milliseconds since 1970. Default: the system's clock, but never going back
   * when that is set back. With PostgreSQL it is the database's clock.
   */
  readonly now?: () => number;
}

/** What a server tells of a request, as `Deno.serve` does. */
export interface CallerInfo {
  /** The other end of the connection. */
  readonly remoteAddr?: { readonly hostname?: string };
}

/** A study that is leased to workers; see {@link openSwarm}. */
export interface Swarm {
  /**
   * Answers every request of workers and pages: `Deno.serve(swarm.fetch)`.
   * Without the caller's address all callers share one caller's limits.
   */
  readonly fetch: (request: Request, info?: CallerInfo) => Promise<Response>;
  /**
   * Of the operator, where it was made now; it is stored as a hash alone. Each
   * start makes another until `secretsShown` is called.
   */
  readonly adminToken: string | null;
  /** What volunteers must bring; null: nothing, or only its hash is known. */
  readonly joinCode: string | null;
  /** What this process's own workers bring, where a code is asked for. */
  readonly ownJoinCode: string | undefined;
  /** Remembers that the new secrets were shown to the operator. */
  secretsShown(): Promise<void>;
  /**
   * Every grid point's figures and the verdicts, as of now.
   *
   * @throws {StudyDeletedError}
   */
  leaderboard(): Promise<Leaderboard>;
  /**
   * Names a worker of the caller's own, as trustworthy as the coordinator: its
   * figures are recomputed, its training is not repeated.
   */
  isOurs(workerId: WorkerId): void;
  /**
   * Numbers of completed, leased and queued trials.
   *
   * @throws {StudyDeletedError}
   */
  progress(): Promise<Progress>;
  /** From now on `/readyz` answers 503; everything else goes on. */
  drain(): void;
  /** Ends the event streams, which keep a server from shutting down. */
  endStreams(): void;
  /** Ends the sweeps and the event streams, and closes the database. */
  close(): Promise<void>;
}

/** The operator deleted the study; the same id can be created again. */
export class StudyDeletedError extends Error {
  /** The error's name, which identifies it. */
  override readonly name = "StudyDeletedError";

  /** The message says how it comes back. */
  constructor(studyId: StudyId) {
    super(
      `study ${studyId} was deleted: create it again, or start a coordinator ` +
        "with another",
    );
  }
}

/** Milliseconds for which pages share what was read: the events' own pace. */
const FRESH = 250;
const noAssets: Assets = { paths: [], find: () => Promise.resolve(null) };
/** Bytes of a label file before its labels, one byte each. */
const LABEL_HEADER = 8;

/**
 * Opens a coordinator: plans the study in its database, leases its trials,
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
  const monotonic = () => performance.now();
  const guard = createGuard({ ...options, now: monotonic });
  const metrics = createMetrics(() => Deno.memoryUsage().rss);
  const { storage, weights } = await openStorage(database, {
    ...options.now === undefined ? {} : { clock: options.now },
    onBatch: metrics.stored,
    onUnreadable: (error) =>
      log("error", "study left out", { error: error.message }),
  });
  const { now } = storage;
  const verification = dataFolder === undefined || options.trustWorkers
    ? undefined
    : await verificationOf(
      dataset,
      dataFolder,
      weights,
      options.confined ?? false,
      log,
    )
      .catch(async (error) => {
        await storage.close();
        throw error;
      });
  const hub = createEventHub({
    schedule,
    maxStreams: guard.limits.streams,
    maxStreamsEach: guard.limits.streamsPerAddress,
  });
  const lendable = (definition: StudyDefinition) => ({
    ...preparePlan(definition, plan),
    dataset,
    trainExamples: dataset.files.trainLabels.bytes - LABEL_HEADER,
  });
  const bytes = (count: number) =>
    crypto.getRandomValues(new Uint8Array(count));
  let secrets: OpenedSecrets | undefined;
  const coordinator = createCoordinator({
    storage,
    hub,
    now,
    schedule,
    random: {
      uuid: () => crypto.randomUUID(),
      bytes,
    },
    log,
    ...verification === undefined ? {} : { verification },
    prepare: lendable,
    onNews: async () => await secrets?.refresh(),
    terms: termsOf(minTtl),
  });
  const analyst = spawnAnalyst(options.confined ?? false);
  const close = async () => {
    analyst.close();
    coordinator.close();
    await storage.close();
  };
  try {
    await coordinator.run({ ...lendable(plan.definition), ...plan });
    secrets = await openSecrets({
      store: storage,
      bytes,
      joinCode: options.joinCode,
      renew: options.newSecrets,
    });
  } catch (error) {
    await close();
    throw error;
  }
  coordinator.start();
  const analystSync = createAnalystSync(coordinator, analyst);
  const live = createLiveLeaderboards(coordinator, analystSync, {
    now: monotonic,
    schedule,
    publish: hub.publish,
  });
  const noteVerdicts = createVerdictLog(log);
  const leaderboard = async (studyId: StudyId, complete = false) => {
    const made = await live(studyId, complete);
    if (made !== null) noteVerdicts(made);
    return made;
  };
  metrics.watch({
    counters: coordinator.counters,
    workersOnline: coordinator.workersOnline,
    streams: () => hub.streams,
  });
  const readiness = createReadiness({ ping: coordinator.ping, schedule });
  const app = createApp({
    coordinator,
    hub,
    leaderboard,
    leaderboardCsv,
    deviations: createLiveDeviations(coordinator, analystSync, monotonic),
    report: async (studyId) => {
      const board = await leaderboard(studyId);
      if (board === null || assets.report === undefined) return null;
      const origin = await analystSync.ask(
        studyId,
        async (analyst, { definition }) => ({
          definition,
          backends: await analyst.backends(studyId),
        }),
      );
      return reportHtml(
        assets.report,
        reportOf(board.content(), origin, now(), Deno.version.deno),
      );
    },
    data: dataFolder === undefined
      ? () => Promise.resolve(null)
      : dataFiles(dataFolder, Object.values(dataset.files), log),
    assets,
    apiPageFile,
    log,
    now: monotonic,
    guard,
    readiness,
    secrets,
    metrics,
    freshFor: FRESH,
  });
  const { id } = plan.definition;
  return {
    fetch: async (request, info) =>
      await app.fetch(request, { peer: info?.remoteAddr?.hostname }),
    adminToken: secrets.adminToken,
    secretsShown: secrets.shown,
    joinCode: secrets.joinCode,
    ownJoinCode: secrets.ownJoinCode,
    async leaderboard() {
      const found = await leaderboard(id, true);
      if (found === null) throw new StudyDeletedError(id);
      return found.content();
    },
    async progress() {
      const progress = await coordinator.progress(id);
      // Reading the study each time would parse all of its points.
      if (progress.total === 0 && await coordinator.study(id) === null) {
        throw new StudyDeletedError(id);
      }
      return progress;
    },
    isOurs: coordinator.isOurs,
    drain: readiness.drain,
    endStreams: hub.close,
    close,
  };
}

async function verificationOf(
  dataset: DatasetManifest,
  dataFolder: string,
  weights: () => Promise<WeightsStore>,
  confined: boolean,
  log: Log,
): Promise<Verification> {
  return {
    weights: await weights(),
    verifier: createVerifier({
      dataset,
      dataFolder,
      schedule,
      confined,
      onReady: (backend) => log("info", "verifier ready", { ...backend }),
    }),
  };
}

/** A study that the operator sends, on the data set that is served here. */
function preparePlan(
  definition: StudyDefinition,
  { definition: { dataset } }: StudyPlan,
): StudyPlan {
  if (!sameValue(definition.dataset, dataset)) {
    throw new InvalidStudy(
      `study ${definition.id}: another data set than the one served here; ` +
        "start a coordinator with this study instead",
    );
  }
  return planStudy(definition);
}

const schedule: Schedule = (milliseconds, run) => {
  const timer = setTimeout(run, milliseconds);
  Deno.unrefTimer(timer);
  return () => clearTimeout(timer);
};
