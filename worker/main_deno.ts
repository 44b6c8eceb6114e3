import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { messageOf } from "../protocol/error_text.ts";
import { userPath } from "../coordinator/cli/user_path.ts";
import { readVariable } from "../protocol/command_line.ts";
import {
  backendFiles,
  runWorker,
  type WorkerOptions,
} from "./cli/deno_worker.ts";
import { parseJoinOptions } from "./cli/join_options.ts";
import { plainStatus, terminalStatus } from "./cli/join_status.ts";
import { flushAll, type Output, standardOutputs } from "./cli/output.ts";
import { onStrayError, stopSignals } from "./cli/stop_signals.ts";
import { runConfined } from "./cli/session_host.ts";
import type { SessionEnd } from "./session/session_types.ts";
import { usualMemory } from "./trainer/memory.ts";

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

/** What a worker in Deno is told. Its `cacheDir` is {@link dataCacheDir}. */
export type DenoWorkerOptions =
  & Omit<WorkerOptions, "cacheDir">
  & Partial<Pick<WorkerOptions, "cacheDir">>;

/**
 * Runs a worker in this process, as the coordinator's local trainers do: it
 * talks HTTP with the coordinator and trains on threads. Never rejects; why it
 * ended is the answer.
 */
export async function runDenoWorker(
  options: DenoWorkerOptions,
): Promise<SessionEnd> {
  hushGraphicsLibraries();
  return await runWorker({
    ...options,
    cacheDir: options.cacheDir ?? dataCacheDir,
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

/** Bytes of this machine's memory; a guess where that is not permitted. */
function deviceBytes(): number {
  const { state } = Deno.permissions.querySync(
    { name: "sys", kind: "systemMemoryInfo" },
  );
  return state === "granted" ? Deno.systemMemoryInfo().total : 8 * 2 ** 30;
}

/** The `join` command. Returns the process's exit status. */
async function join(
  { stdout, stderr }: { readonly stdout: Output; readonly stderr: Output },
  stopping: AbortSignal,
): Promise<number> {
  callThisMachineDirectly();
  const { exit, memory, ...options } = parseJoinOptions(
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
  hushGraphicsLibraries();
  const { end, fault: inThread } = await runConfined({
    ...options,
    cacheDir: dataCacheDir,
    files: await backendFiles(options.backend, status.line),
    memoryBytes: memory === undefined
      ? usualMemory(deviceBytes(), options.threads)
      : memory * 1e6,
    confined: true,
    signal: AbortSignal.any([stopping, broken.signal]),
    onEvent: status.onEvent,
    onData: ({ receivedBytes, totalBytes }) =>
      status.onTransfer("data set", receivedBytes, totalBytes),
    log: status.line,
    exitWhenComplete: exit,
  });
  status.close();
  const error = end.reason === "failed" ? end.message : fault ?? inThread;
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
