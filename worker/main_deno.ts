import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { messageOf } from "../protocol/error_text.ts";
import { userPath } from "../coordinator/cli/user_path.ts";
import { readVariable } from "../protocol/command_line.ts";
import type { DatasetManifest } from "../protocol/study.ts";
import { buildKernels, kernelCache } from "./backends/simd/build.ts";
import { wasmFilesFolder } from "./backends/wasm_files.ts";
import { createClient, type HttpClient } from "./client.ts";
import type { Dataset } from "./data/dataset.ts";
import { type DatasetFolder, datasetFolder } from "./data/dataset_folder.ts";
import { fashionMnist } from "./data/fashion_mnist.ts";
import { fetchDataset, type FetchProgress } from "./data/fetch_dataset.ts";
import { DatasetNotFoundError, findDataset } from "./data/find_dataset.ts";
import { parseJoinOptions } from "./cli/join_options.ts";
import { plainStatus, terminalStatus } from "./cli/join_status.ts";
import { flushAll, type Output, standardOutputs } from "./cli/output.ts";
import { onStrayError, stopSignals } from "./cli/stop_signals.ts";
import { runSession } from "./session/session.ts";
import type { SessionEnd, SessionEvent } from "./session/session_types.ts";
import type { BackendChoice } from "../protocol/training.ts";
import type { BackendFiles } from "./trainer/trainer_api.ts";
import { createTrainerPool } from "./trainer/trainer_pool.ts";

function variables(name: string): string | undefined {
  return Deno.env.get(name);
}

/**
 * The cache of data files, the coordinator's too: the project's own unless the
 * environment variable SWARM_CACHE names another folder.
 */
export const dataCacheDir = userPath(
  readVariable("SWARM_CACHE", variables) ??
    fileURLToPath(new URL("../.cache/data", import.meta.url)),
);

const trainerThread = new URL("./trainer/trainer_thread.ts", import.meta.url);

export interface DenoWorkerOptions {
  /** The coordinator's address. */
  readonly url: string;
  /** Trials that train at once. */
  readonly threads: number;
  readonly backend: BackendChoice;
  readonly name?: string | undefined;
  /** Where the coordinator asks for one. */
  readonly joinCode?: string | undefined;
  /** Default: {@link dataCacheDir}. */
  readonly cacheDir?: string;
  /** Aborted when the worker shall hand its leases back and end. */
  readonly signal: AbortSignal;
  readonly onEvent?: (event: SessionEvent) => void;
  readonly onData?: (progress: FetchProgress) => void;
  /** A line on something that is not as it should be, but will do. */
  readonly log?: (line: string) => void;
  /**
   * Whether trainer threads run with the permission to read the kernels' files
   * alone. Needs Deno's unstable feature `worker-options`. Default: false, they
   * have the permissions of this process.
   */
  readonly confined?: boolean;
  /** Whether to end when the study is complete. Default: wait for more. */
  readonly exitWhenComplete?: boolean;
}

/**
 * Runs a worker in this process, for the `join` command and for the
 * coordinator's own local trainers alike: it talks HTTP with the coordinator
 * and trains on threads. Never rejects; why it ended is the answer.
 */
export async function runDenoWorker(
  options: DenoWorkerOptions,
): Promise<SessionEnd> {
  const { url, threads, backend, name, joinCode, signal } = options;
  const { log = () => {}, onEvent = () => {} } = options;
  const client = createClient({ url });
  const cache = datasetFolder(options.cacheDir ?? dataCacheDir);
  hushGraphicsLibraries();
  const startTrainer = createTrainerPool({
    spawn: options.confined ? spawnConfined : spawnUnconfined,
    choice: backend,
    files: () => backendFiles(backend, log),
    loadDataset: (manifest, signal) =>
      loadDataset(manifest, { ...options, client, cache, signal, log }),
  });
  return await runSession({
    client,
    startTrainer,
    clock: {
      get now() {
        return performance.now();
      },
      sleep,
    },
    random: Math.random,
    newId: () => crypto.randomUUID(),
    onEvent,
    worker: {
      kind: "deno",
      threads,
      device: `${Deno.build.os} ${Deno.build.arch}, Deno ${Deno.version.deno}`,
      ...(name !== undefined && { name }),
      ...(joinCode !== undefined && { joinCode }),
    },
    signal,
    exitWhenComplete: options.exitWhenComplete ?? false,
  });
}

/**
 * A thread that may read the kernels' files and do nothing else: what a lease
 * asks it to train can then reach neither network nor files.
 */
function spawnConfined(): Worker {
  return new Worker(trainerThread, {
    type: "module",
    name: "trainer",
    deno: { permissions: trainerPermissions() },
  });
}

/** @internal What a confined thread may do. */
export function trainerPermissions() {
  return {
    read: [kernelCache, new URL(wasmFilesFolder())],
    net: false,
    write: false,
    env: false,
    sys: false,
    run: false,
    ffi: false,
    import: false,
  };
}

function spawnUnconfined(): Worker {
  return new Worker(trainerThread, { type: "module", name: "trainer" });
}

/** Builds what has to be built; `simd` is left out where that fails. */
async function backendFiles(
  backend: BackendChoice,
  log: (line: string) => void,
): Promise<BackendFiles> {
  const files = { wasmFolder: wasmFilesFolder() };
  if (backend !== "auto" && backend !== "simd") return files;
  try {
    return { ...files, simdFolder: (await buildKernels()).href };
  } catch (error) {
    log(`backend simd is left out, its build failed: ${messageOf(error)}`);
    return files;
  }
}

interface LoadOptions extends Pick<DenoWorkerOptions, "onData"> {
  readonly log: (line: string) => void;
  readonly client: HttpClient;
  readonly cache: DatasetFolder;
  readonly signal: AbortSignal;
}

/** From the cache, from Debian's package, or from the coordinator. */
async function loadDataset(
  manifest: DatasetManifest,
  { client, cache, signal, onData, log }: LoadOptions,
): Promise<Dataset> {
  let told = false;
  const put: DatasetFolder["put"] = async (sha256, bytes) => {
    try {
      await cache.put(sha256, bytes);
    } catch (error) {
      if (!told) {
        log(`data files will be downloaded again: ${messageOf(error)}`);
      }
      told = true;
    }
  };
  const sums = Object.values(manifest.files).map(({ sha256 }) => sha256);
  const builtIn = Object.values(fashionMnist.files);
  if (builtIn.every(({ sha256 }) => sums.includes(sha256))) {
    try {
      await findDataset(fashionMnist, {
        cacheDir: cache.directory,
        downloads: false,
        signal,
      });
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof DatasetNotFoundError)) throw error;
    }
  }
  return await fetchDataset(manifest, {
    download: client.data,
    store: { ...cache, put },
    signal,
    ...(onData !== undefined && { onProgress: onData }),
  });
}

/**
 * Deno sends calls to this machine, too, through the proxy that the environment
 * names. Takes effect if no call was made before.
 */
export function callThisMachineDirectly(): void {
  for (const name of ["NO_PROXY", "no_proxy"]) {
    const others = Deno.env.get(name);
    const own = "127.0.0.1,localhost,[::1],::1";
    Deno.env.set(name, others ? `${others},${own}` : own);
  }
}

/**
 * Without a desktop, the libraries behind WebGPU complain on standard error
 * that there is no folder for one, though they need none.
 */
function hushGraphicsLibraries(): void {
  if (Deno.build.os !== "linux") return;
  if (readVariable("XDG_RUNTIME_DIR", variables) !== undefined) return;
  Deno.env.set("XDG_RUNTIME_DIR", tmpdir());
}

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    if (signal.aborted) return reject(signal.reason);
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    }, milliseconds);
    signal.addEventListener("abort", abort, { once: true });
  });
}

/** The `join` command. Returns the process's exit status. */
async function join(
  { stdout, stderr }: { readonly stdout: Output; readonly stderr: Output },
  stopping: AbortSignal,
): Promise<number> {
  callThisMachineDirectly();
  const { url, threads, backend, name, joinCode, exit } = parseJoinOptions(
    Deno.args,
    navigator.hardwareConcurrency,
    variables,
    (line) => stderr.write(`${line}\n`),
  );
  const status = stdout.isTTY
    ? terminalStatus(stdout)
    : plainStatus((text) => stdout.write(text));
  const broken = new AbortController();
  let fault: string | null = null;
  onStrayError((error) => {
    fault ??= messageOf(error);
    broken.abort(error);
  });
  const end = await runDenoWorker({
    url,
    threads,
    backend,
    name,
    joinCode,
    confined: true,
    signal: AbortSignal.any([stopping, broken.signal]),
    onEvent: status.onEvent,
    onData: ({ receivedBytes, totalBytes }) =>
      status.onTransfer("data set", receivedBytes, totalBytes),
    log: status.line,
    exitWhenComplete: exit,
  });
  status.close();
  const error = end.reason === "failed" ? end.message : fault;
  if (error === null) return 0;
  stderr.write(`error: ${error}\n`);
  return 1;
}

if (import.meta.main) {
  const outputs = standardOutputs();
  const { signal } = stopSignals();
  let status = 1;
  try {
    status = await join(outputs, signal);
  } catch (error) {
    outputs.stderr.write(`error: ${messageOf(error)}\n`);
  }
  await flushAll([outputs.stdout, outputs.stderr], signal);
  // Threads that hang would keep the process.
  Deno.exit(status);
}
