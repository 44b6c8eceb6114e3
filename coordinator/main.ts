import { fileURLToPath } from "node:url";
import { fashionMnist } from "../worker/data/fashion_mnist.ts";
import {
  DatasetNotFoundError,
  findDataset,
  type FoundDataset,
} from "../worker/data/find_dataset.ts";
import { IdxError } from "../worker/data/idx.ts";
import { describeEvent } from "../worker/cli/join_status.ts";
import { flushAll, standardOutputs } from "../worker/cli/output.ts";
import {
  onStrayError,
  type StopSignals,
  stopSignals,
} from "../worker/cli/stop_signals.ts";
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
import { openSwarm, StudyDeletedError, type Swarm } from "./open_swarm.ts";
import { whyUnread } from "./storage/files.ts";
import { describeDatabase } from "./storage/open_storage.ts";
import { userPath } from "./cli/user_path.ts";
import type { Leaderboard, Progress } from "../protocol/leaderboard.ts";
import { headerPages, urlAt } from "../protocol/pages.ts";
import type { StudyDefinition } from "../protocol/study.ts";
import { parseStartOptions, type StartOptions } from "./cli/options.ts";
import { StorageError } from "./storage/storage.ts";
import { builtinStudies } from "./study/builtin.ts";
import { InvalidStudy, pointsArgument, pointsOutside } from "./study/points.ts";
import { parseStudy } from "./study/parse.ts";
import { planStudy, type StudyPlan } from "./study/plan.ts";
import { createLog, createTextLog, type Log } from "./service/log.ts";
import { createConsole, type StartConsole } from "./cli/terminal/console.ts";
import type { ShownStandstill } from "./cli/terminal/progress.ts";

/**
 * The `start` command: reads the flags, the clock and chance, and wires the
 * rest together. Nothing imports this file.
 */

const webFolder = fileURLToPath(new URL("../.cache/web", import.meta.url));

const { stdout, stderr } = standardOutputs();

/** Milliseconds between looks at the study's progress. */
const LOOK = 500;
/** Milliseconds until secrets are shown again that could not be written. */
const SHOW_AGAIN = 5000;
/** Looks at the progress for one at the verdicts. */
const VERDICT_LOOKS = 20;
/** Exit status with `--exit` if nobody can go on with the study. */
const UNFINISHED = 2;
const STOPPING = "stopping; the same command goes on where this one was";
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

/**
 * Listens before it opens the database: a port that is taken has then cost
 * nothing, such as a secret that nobody will see. Requests wait meanwhile.
 */
async function serve(
  plan: StudyPlan,
  dataset: FoundDataset,
  options: StartOptions,
  log: Log,
): Promise<Running> {
  const { joinCode, trustProxy, publicUrl } = options;
  const assets = await createWebAssets(webFolder);
  const opened = Promise.withResolvers<Swarm>();
  opened.promise.catch(() => {});
  const { handler, finish } = gracefulShutdown(async (request, info) =>
    await (await opened.promise).fetch(request, info)
  );
  const server = listen(options.host, options.port, handler, log);
  try {
    const swarm = await openSwarm({
      plan,
      dataset: dataset.manifest,
      dataFolder: dataset.folder,
      assets,
      database: options.db,
      confined: true,
      trustWorkers: options.trustWorkers,
      leaseSeconds: options.leaseSeconds,
      // Behind a proxy it is the proxy that minds the host's name.
      loopbackOnly: isLoopbackHost(options.host) && trustProxy === undefined,
      newSecrets: options.newSecrets,
      ...joinCode !== undefined && { joinCode },
      ...trustProxy !== undefined && { trustProxy },
      ...publicUrl !== undefined && { publicUrl },
      log,
    });
    opened.resolve(swarm);
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
    opened.reject(error);
    await server.shutdown();
    throw error;
  }
}

/** Logs that something failed: once, until it works again. */
function createTrouble(log: Log) {
  const told = new Map<string, string>();
  return {
    over: (what: string) => void told.delete(what),
    tell(what: string, error: unknown): void {
      const message = error instanceof Error ? error.message : String(error);
      if (told.get(what) === message) return;
      told.set(what, message);
      const fields = { error: message };
      log("error", `${what} failed, the coordinator serves on`, fields);
    },
  };
}

/**
 * Runs what goes on beside the serving. Its failure does not end a server that
 * others depend on: it is logged, and null is the answer. Only a storage that
 * will not serve again is the caller's concern.
 */
type Beside = <T>(
  what: string,
  work: () => T | Promise<T>,
) => Promise<T | null>;

function besideServing(
  { tell, over }: ReturnType<typeof createTrouble>,
): Beside {
  return async (what, work) => {
    try {
      const done = await work();
      over(what);
      return done;
    } catch (error) {
      if (!(error instanceof StorageError) || error.code === "newer") {
        tell(what, error);
      } else if (error.code !== "unavailable") throw error;
      // A storage that is away says so itself, and serves again when it can.
      return null;
    }
  };
}

/** The workers of this process. */
interface LocalWorkers {
  /** Why they ended; null: they have not, or there are none. */
  end: SessionEnd | null;
  /** They have not registered yet. */
  starting: boolean;
  readonly count: number;
}

/** Why no trial goes on, where this process's own workers are known. */
function standstillHere(
  { standstill }: Progress,
  { count, end, starting }: LocalWorkers,
): ShownStandstill | null {
  if (standstill !== "no-workers" || count === 0 || end !== null) {
    return standstill;
  }
  // Those that are not starting are about to call again.
  return starting ? "starting" : null;
}

/** Why nobody can go on with the study, for people; null: somebody can. */
function whyStandstill(
  standstill: ShownStandstill | null,
  { end }: LocalWorkers,
): string | null {
  switch (standstill) {
    case null:
    case "starting":
      return null;
    case "not-active":
      return "the coordinator leases another study, or none";
    case "no-workers":
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

/** How far a study came; without figures, it was deleted. */
interface Followed {
  readonly complete: boolean;
  readonly leaderboard: Leaderboard | null;
}

/**
 * Resolves when every planned trial has a result or is quarantined, or with
 * `--exit` when local workers were to train the study and nobody can. Null: the
 * command stopped before.
 */
async function follow(
  swarm: Swarm,
  local: LocalWorkers,
  options: StartOptions,
  output: StartConsole,
  beside: Beside,
  signal: AbortSignal,
): Promise<Followed | null> {
  let said: string | null = null;
  // Without workers of its own it waits for volunteers, as it was told to.
  const endsUnfinished = options.exit && local.count > 0;
  for (let looks = 0; !signal.aborted; looks++) {
    const followed = await beside(
      "following the study",
      async (): Promise<Followed | null> => {
        const progress = await swarm.progress().catch((error) => {
          if (endsUnfinished && error instanceof StudyDeletedError) return null;
          throw error;
        });
        if (progress === null) return { complete: false, leaderboard: null };
        const standstill = standstillHere(progress, local);
        output.progress({ ...progress, standstill });
        const { complete } = progress;
        const why = complete ? null : whyStandstill(standstill, local);
        if (why !== said && why !== null) {
          output.line(`nobody can go on: ${why}`);
        }
        said = why;
        const over = complete || why !== null && endsUnfinished;
        // Looked at, a verdict that changed is logged, also where no page asks.
        if (!over && looks % VERDICT_LOOKS !== 0) return null;
        const leaderboard = await swarm.leaderboard();
        return over ? { complete, leaderboard } : null;
      },
    );
    if (followed !== null) return followed;
    await pause(signal);
  }
  return null;
}

function pause(signal: AbortSignal, milliseconds = LOOK): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
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

/** Says where the study is, and the secrets that were made for it. */
function introduce(
  running: Running,
  { definition, trials }: StudyPlan,
  { joinCode, db, publicUrl }: StartOptions,
  output: StartConsole,
): void {
  const url = publicUrl ?? running.url;
  const code = running.joinCode === null ? "" : `#${running.joinCode}`;
  output.line(
    `study ${definition.id}: ${trials.length} ` +
      `${trials.length === 1 ? "trial" : "trials"}; ` +
      `leaderboard ${urlAt(url, headerPages.leaderboard)}${code}, ` +
      `join ${urlAt(url, headerPages.join)}${code}; ` +
      (publicUrl === undefined ? "" : `on this machine ${running.url}/; `) +
      "Ctrl-C stops, nothing is lost",
  );
  output.line(`database: ${describeDatabase(db)}`);
  if (joinCode === true && running.joinCode === null) {
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
}

/**
 * Introduces the study until the words are out: only then the new secrets count
 * as shown. Where the output is closed, the next start makes and shows others.
 */
async function introduceUntilShown(
  running: Running,
  introduceIt: () => void,
  beside: Beside,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    introduceIt();
    const { type } = await stderr.flush();
    if (type === "closed") return;
    if (type === "delivered") break;
    await pause(signal, SHOW_AGAIN);
  }
  const remember = () => running.secretsShown().then(() => true);
  while (!signal.aborted && !await beside("keeping the secrets", remember)) {
    await pause(signal);
  }
}

/** Trains with this process's own threads. Never rejects. */
async function train(
  running: Running,
  local: LocalWorkers,
  options: StartOptions,
  output: StartConsole,
  signal: AbortSignal,
): Promise<void> {
  const end = await runDenoWorker({
    url: running.url,
    threads: options.workers,
    backend: options.backend,
    name: "coordinator",
    joinCode: running.ownJoinCode,
    confined: true,
    signal,
    onEvent: (event) => {
      if (event.type === "registered") {
        running.isOurs(event.workerId);
        local.starting = false;
      }
      const line = workerLine(event);
      if (line !== null) output.line(line);
    },
    log: output.line,
  });
  if (end.reason === "failed") output.line(`local workers: ${end.message}`);
  local.end = end;
}

/** @returns the process's exit status */
async function start(
  options: StartOptions,
  { signal, drain }: StopSignals,
): Promise<number> {
  callThisMachineDirectly();
  const output = createConsole(options, {
    stdout,
    stderr,
    variable: (name) => Deno.env.get(name),
    now: () => performance.now(),
  });
  const log = options.log === "json"
    ? createLog((line) => stderr.write(`${line}\n`), Date.now)
    : createTextLog(output.line, "warn");
  const trouble = createTrouble(log);
  const beside = besideServing(trouble);
  onStrayError((error) => trouble.tell("something", error));
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
  const running = await serve(plan, dataset, options, log);
  const { url } = running;
  const leaving = new AbortController();
  let trained: Promise<void> | undefined;
  try {
    introduceUntilShown(
      running,
      () => introduce(running, plan, options, output),
      beside,
      signal,
    ).catch((error) => trouble.tell("keeping the secrets", error));
    await beside("the invitation", () => {
      const link = joinAddress(
        options.host,
        url,
        Deno.networkInterfaces,
        options.publicUrl,
      );
      const code = running.joinCode === null ? "" : `#${running.joinCode}`;
      if (link !== null) output.invite(`${link}${code}`);
    });
    const { drainSeconds } = options;
    drain(drainSeconds, () => {
      output.line(
        `draining: stops in ${drainSeconds} s; /readyz says so to balancers`,
      );
      running.drain();
      leaving.abort(new Error("the coordinator stops soon"));
    });
    const local: LocalWorkers = {
      end: null,
      starting: true,
      count: options.workers,
    };
    if (local.count > 0) {
      trained = train(running, local, options, output, leaving.signal);
    }
    const followed = await follow(
      running,
      local,
      options,
      output,
      beside,
      signal,
    );
    if (followed === null) return 0;
    const { complete, leaderboard } = followed;
    if (leaderboard === null) {
      output.line("nobody can go on: the study was deleted");
      return UNFINISHED;
    }
    await beside("the leaderboard", () => output.leaderboard(leaderboard));
    const printed = stdout.flush().then((delivery) => {
      if (delivery.type !== "failed") return true;
      log("error", "the leaderboard is not printed", {
        error: delivery.message,
      });
      return false;
    });
    if (options.exit) {
      const stopped = untilAborted(signal).then(() => true);
      if (!await Promise.race([printed, stopped])) return 1;
      return complete ? 0 : UNFINISHED;
    }
    const board = urlAt(options.publicUrl ?? url, headerPages.leaderboard);
    output.line(`complete; the leaderboard stays at ${board}`);
    await untilAborted(signal);
    return 0;
  } finally {
    output.quiet();
    if (signal.aborted) output.line(STOPPING);
    leaving.abort(new Error("the coordinator stops"));
    await trained;
    await running.close();
  }
}

/** Errors that a user can mend: their message is all there is to say. */
function isForUser(error: unknown): error is Error {
  return error instanceof StartError || error instanceof StorageError ||
    error instanceof InvalidStudy || error instanceof DatasetNotFoundError ||
    error instanceof IdxError;
}

function traceOf(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}

if (import.meta.main) {
  const stop = stopSignals();
  let status = 1;
  try {
    const cores = navigator.hardwareConcurrency;
    const warn = (line: string) => void stderr.write(`${line}\n`);
    const options = parseStartOptions(Deno.args, cores, undefined, warn);
    status = await start(options, stop);
  } catch (error) {
    stderr.write(
      `${isForUser(error) ? `error: ${error.message}` : traceOf(error)}\n`,
    );
  }
  await flushAll([stdout, stderr], stop.signal);
  // Threads that hang would keep the process.
  Deno.exit(status);
}
