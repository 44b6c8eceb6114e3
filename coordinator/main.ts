import { fileURLToPath } from "node:url";
import { fashionMnist } from "../worker/data/fashion_mnist.ts";
import {
  DatasetNotFoundError,
  findDataset,
  type FoundDataset,
} from "../worker/data/find_dataset.ts";
import { IdxError } from "../worker/data/idx.ts";
import { describeEvent } from "../worker/cli/join_status.ts";
import {
  callThisMachineDirectly,
  dataCacheDir,
  runDenoWorker,
} from "../worker/main_deno.ts";
import type {
  SessionEnd,
  SessionEvent,
} from "../worker/session/session_types.ts";
import { createWebAssets } from "../web/build/assets.ts";
import { joinAddress } from "./cli/join_address.ts";
import { gracefulShutdown } from "./http/graceful_shutdown.ts";
import { listen, StartError } from "./http/server.ts";
import { isLoopbackHost } from "./http/limits/addresses.ts";
import { openSwarm, type Swarm } from "./open_swarm.ts";
import { whyUnread } from "./storage/files.ts";
import { describeDatabase } from "./storage/open_storage.ts";
import { userPath } from "./cli/user_path.ts";
import type { Leaderboard, Progress } from "../protocol/leaderboard.ts";
import type { StudyDefinition } from "../protocol/study.ts";
import { parseStartOptions, type StartOptions } from "./cli/options.ts";
import { StorageError } from "./storage/storage.ts";
import { stopSignals } from "./cli/stop_signals.ts";
import { builtinStudies } from "./study/builtin.ts";
import { InvalidStudy, pointsArgument, pointsOutside } from "./study/points.ts";
import { parseStudy } from "./study/parse.ts";
import { planStudy, type StudyPlan } from "./study/plan.ts";
import { createLog, createTextLog, type Log } from "./service/log.ts";
import { createConsole, type StartConsole } from "./cli/terminal/console.ts";

/**
 * The `start` command: reads the flags, the clock and chance, and wires the
 * rest together. Nothing imports this file.
 */

const webFolder = fileURLToPath(new URL("../.cache/web", import.meta.url));

/** Milliseconds between looks at the study's progress. */
const LOOK = 500;
/** Looks at the progress for one at the verdicts. */
const VERDICT_LOOKS = 20;
const STOPPING = "stopping; the same command goes on where this one was";
/** Exit status with `--exit` if nobody can go on with the study. */
const UNFINISHED = 2;
/** Milliseconds that requests get to be answered once nobody new is let in. */
const FAREWELL = 10_000;

async function readStudy(name: string): Promise<StudyDefinition> {
  const builtin = builtinStudies.get(name);
  if (builtin !== undefined) return builtin;
  const path = userPath(name);
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    const why = whyUnread(path, error);
    throw new StartError(
      `--study ${name}: ${why}; give a JSON file's path, or one of ` +
        [...builtinStudies.keys()].join(", "),
    );
  }
  try {
    return parseStudy(text);
  } catch (error) {
    if (!(error instanceof InvalidStudy)) throw error;
    throw new StartError(`--study ${name}: ${error.message}`);
  }
}

async function getDataset(
  { definition }: StudyPlan,
  options: StartOptions,
  output: StartConsole,
  signal: AbortSignal,
): Promise<FoundDataset> {
  const dataset = definition.dataset === "fashion-mnist"
    ? fashionMnist
    : definition.dataset;
  try {
    const found = await findDataset(dataset, {
      dataDir: options.data,
      cacheDir: dataCacheDir,
      log: output.line,
      onProgress: output.download,
      signal,
    });
    output.line(`data set ${dataset.name}: ${found.sources.trainImages}`);
    return found;
  } finally {
    output.quiet();
  }
}

/** A line on what a local worker does, where it is worth one. */
function workerLine(event: SessionEvent): string | null {
  switch (event.type) {
    case "trainer-ready":
    case "trainer-failed":
    case "abandoned":
    case "refused":
    case "connection-lost":
    case "connection-restored":
      return describeEvent(event);
    case "registered":
    case "waiting":
    case "leased":
    case "progress":
    case "epoch":
    case "completed":
    case "stopped":
      return null;
    default:
      return event satisfies never;
  }
}

/** A swarm with a server before it. */
interface Running extends Swarm {
  readonly url: string;
}

async function serve(
  plan: StudyPlan,
  dataset: FoundDataset,
  options: StartOptions,
  log: Log,
): Promise<Running> {
  const { joinCode, trustProxy } = options;
  const swarm = await openSwarm({
    plan,
    dataset: dataset.manifest,
    dataFolder: dataset.folder,
    assets: await createWebAssets(webFolder),
    database: options.db,
    confined: true,
    trustWorkers: options.trustWorkers,
    leaseSeconds: options.leaseSeconds,
    // Behind a proxy it is the proxy that minds the host's name.
    loopbackOnly: isLoopbackHost(options.host) && trustProxy === undefined,
    newSecrets: options.newSecrets,
    ...joinCode !== undefined && { joinCode },
    ...trustProxy !== undefined && { trustProxy },
    log,
  });
  try {
    const { handler, finish } = gracefulShutdown(swarm.fetch);
    const server = listen(options.host, options.port, handler, log);
    return {
      ...swarm,
      url: server.url,
      async close() {
        // They would keep the server waiting.
        swarm.endStreams();
        await Promise.race([
          finish().then(server.shutdown),
          new Promise<void>((resolve) => setTimeout(resolve, FAREWELL)),
        ]);
        // Last: what was being answered needed the storage.
        await swarm.close();
      },
    };
  } catch (error) {
    await swarm.close();
    throw error;
  }
}

/** A storage that does not serve now will again, and workers train on. */
function whileAway(error: unknown): null {
  if (error instanceof StorageError && error.code === "unavailable") {
    return null;
  }
  throw error;
}

/** The workers of this process. */
interface LocalWorkers {
  /** Why they ended; null: they have not, or there are none. */
  end: SessionEnd | null;
  readonly count: number;
}

/** Why nobody can go on with the study, for people; null: somebody can. */
function whyStandstill(
  { standstill }: Progress,
  { count, end }: LocalWorkers,
): string | null {
  switch (standstill) {
    case null:
      return null;
    case "not-active":
      return "the coordinator leases another study, or none";
    case "no-workers":
      // They are starting, or about to call again.
      if (count > 0 && end === null) return null;
      return end?.reason === "failed"
        ? `the local workers ended, and no other is here: ${end.message}`
        : "no worker is here";
    case "all-failed":
      return "each worker here failed too often on each trial that is left; " +
        "the study needs another machine";
    default:
      return standstill satisfies never;
  }
}

/**
 * Resolves to true when every planned trial has a result or is quarantined; to
 * false when the command stops, or with `--exit` when local workers were to
 * train the study and nobody can.
 */
async function follow(
  swarm: Swarm,
  local: LocalWorkers,
  options: StartOptions,
  output: StartConsole,
  signal: AbortSignal,
): Promise<boolean> {
  let looks = 0;
  let said: string | null = null;
  while (!signal.aborted) {
    const progress = await swarm.progress().catch(whileAway);
    if (progress !== null) {
      output.progress(progress);
      // Looked at, a verdict that changed is logged, also where no page asks.
      if (looks++ % VERDICT_LOOKS === 0) {
        await swarm.leaderboard().catch(whileAway);
      }
      if (progress.complete) return true;
      const why = whyStandstill(progress, local);
      if (why !== said && why !== null) {
        output.line(`nobody can go on: ${why}`);
      }
      said = why;
      // Without workers of its own it waits for volunteers, as it was told to.
      if (why !== null && options.exit && local.count > 0) return false;
    }
    await pause(signal);
  }
  return false;
}

/** The final figures; null: stopped before they could be had. */
async function conclude(
  swarm: Swarm,
  signal: AbortSignal,
): Promise<Leaderboard | null> {
  while (!signal.aborted) {
    const leaderboard = await swarm.leaderboard().catch(whileAway);
    if (leaderboard !== null) return leaderboard;
    await pause(signal);
  }
  return null;
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, LOOK);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** @returns the exit status */
async function start(options: StartOptions): Promise<number> {
  callThisMachineDirectly();
  const { signal, drain } = stopSignals();
  const output = createConsole(options);
  const definition = await readStudy(options.study);
  const plan = planStudy(definition, options);
  const outside = pointsOutside(definition, options.points ?? []);
  if (outside.length > 0) {
    output.line(
      `--points: not in study ${definition.id} as it is written, but trained: ` +
        pointsArgument(outside),
    );
  }
  let dataset: FoundDataset;
  try {
    dataset = await getDataset(plan, options, output, signal);
  } catch (error) {
    // Whole files are kept; the next start fetches the others.
    if (!signal.aborted) throw error;
    output.line(STOPPING);
    return 0;
  }
  const log = options.log === "json"
    ? createLog((line) => console.error(line), Date.now)
    : createTextLog(output.line, "warn");
  const running = await serve(plan, dataset, options, log);
  const { url } = running;
  const code = running.joinCode === null ? "" : `#${running.joinCode}`;
  output.line(
    `study ${plan.definition.id}: ${plan.trials.length} ` +
      `${plan.trials.length === 1 ? "trial" : "trials"}; ` +
      `leaderboard ${url}/${code}, join ${url}/join${code}; ` +
      "Ctrl-C stops, nothing is lost",
  );
  output.line(`database: ${describeDatabase(options.db)}`);
  if (options.joinCode === true && running.joinCode === null) {
    output.line(
      "join code: as it was shown when it was made; " +
        "--new-secrets makes another",
    );
  }
  if (running.adminToken !== null) {
    output.line(
      `admin token, shown this once: ${running.adminToken} ` +
        "(docs/security.md says what for; --new-secrets makes another)",
    );
  }
  const link = joinAddress(
    options.host,
    url,
    Deno.networkInterfaces(),
    options.publicUrl,
  );
  if (link !== null) output.invite(`${link}${code}`);
  const leaving = new AbortController();
  const { drainSeconds } = options;
  drain(drainSeconds, () => {
    output.line(
      `draining: stops in ${drainSeconds} s; /readyz says so to balancers`,
    );
    running.drain();
    leaving.abort(new Error("the coordinator stops soon"));
  });
  const local: LocalWorkers = { end: null, count: options.workers };
  const trained = options.workers === 0 ? Promise.resolve() : runDenoWorker({
    url,
    threads: options.workers,
    backend: options.backend,
    name: "coordinator",
    joinCode: running.ownJoinCode,
    confined: true,
    signal: leaving.signal,
    onEvent: (event) => {
      if (event.type === "registered") running.isOurs(event.workerId);
      const line = workerLine(event);
      if (line !== null) output.line(line);
    },
    log: output.line,
  }).then((end) => {
    local.end = end;
    if (end.reason === "failed") output.line(`local workers: ${end.message}`);
  });
  try {
    const complete = await follow(running, local, options, output, signal);
    const final = await conclude(running, signal);
    if (final !== null) {
      output.leaderboard(final);
      if (!complete) return UNFINISHED;
      if (!options.exit) {
        output.line(`complete; the leaderboard stays at ${url}/`);
        await untilAborted(signal);
      }
    }
  } finally {
    output.quiet();
    if (signal.aborted) output.line(STOPPING);
    leaving.abort(new Error("the coordinator stops"));
    await trained;
    await running.close();
  }
  return 0;
}

/** Errors that a user can mend: their message is all there is to say. */
function isForUser(error: unknown): error is Error {
  return error instanceof StartError || error instanceof StorageError ||
    error instanceof InvalidStudy || error instanceof DatasetNotFoundError ||
    error instanceof IdxError;
}

if (import.meta.main) {
  try {
    Deno.exit(
      await start(parseStartOptions(Deno.args, navigator.hardwareConcurrency)),
    );
  } catch (error) {
    if (!isForUser(error)) throw error;
    console.error(`error: ${error.message}`);
    Deno.exit(1);
  }
}
