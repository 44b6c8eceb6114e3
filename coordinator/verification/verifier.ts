import { messageOf } from "../../protocol/error_text.ts";
import { buildKernels, kernelCache } from "../../worker/backends/simd/build.ts";
import { wasmFilesFolder } from "../../worker/backends/wasm_files.ts";
import type { BackendFiles } from "../../worker/trainer/trainer_api.ts";
import type { Schedule } from "../service/event_hub.ts";
import {
  confined,
  createThreadHost,
  transfer,
} from "../threads/thread_host.ts";
import {
  type TrainedOn,
  type Verifier,
  type VerifierApi,
  VerifierError,
  type VerifierStart,
} from "./verifier_api.ts";

export interface VerifierOptions extends Omit<VerifierStart, "files"> {
  /**
   * Whether its thread may only read its files, which needs Deno's
   * `--unstable-worker-options`. Default: the thread has the process's
   * permissions.
   */
  readonly confined?: boolean;
  readonly schedule: Schedule;
  /** Called at each start with the backend. */
  readonly onReady?: (backend: TrainedOn) => void;
}

/** Milliseconds for starting, which reads and checks the data set. */
const START = 120_000;
/** Time limit in milliseconds for an evaluation and for each trained epoch. */
const EVALUATION = 60_000;
const EPOCH = 300_000;
/** Idle milliseconds after which the thread is ended to free its memory. */
const IDLE = 60_000;

/**
 * A verifier in its own thread, which starts with the first job and again after
 * it died. It does one job at a time, so that it never uses more than one core.
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const { dataset, dataFolder, schedule } = options;
  const host = createThreadHost<VerifierApi>({
    url: new URL("./verifier_thread.ts", import.meta.url),
    name: "verifier",
    ...options.confined && {
      permissions: confined([
        kernelCache,
        new URL(wasmFilesFolder()),
        dataFolder,
      ]),
    },
    error: (message) => new VerifierError(message, started && !closed),
  });
  let backend: TrainedOn | null = null;
  let started = false;
  let closed = false;
  let cancelIdle: () => void = () => {};
  let last: Promise<unknown> = Promise.resolve();

  async function start(): Promise<void> {
    if (host.isRunning()) return;
    started = false;
    const files = await backendFiles();
    try {
      backend = await host.ask(
        (api) => api.start({ dataset, dataFolder, files }),
        { milliseconds: START, schedule },
      );
    } catch (error) {
      host.end();
      throw asVerifierError(error, "the verifier cannot start", false);
    }
    started = true;
    options.onReady?.(backend);
  }

  /** Runs after the earlier jobs. */
  function queued<T>(work: () => Promise<T>): Promise<T> {
    const answer = last.then(async () => {
      cancelIdle();
      try {
        await start();
        return await work();
      } finally {
        if (!closed) cancelIdle = schedule(IDLE, host.end);
      }
    });
    last = answer.catch(() => {});
    return answer;
  }

  const run = <T>(
    milliseconds: number,
    job: Parameters<typeof host.ask<T>>[0],
  ) =>
    queued(() =>
      host.ask(job, { milliseconds, schedule }).catch((error) => {
        throw asVerifierError(error, "the verifier failed", true);
      })
    );

  return {
    evaluate: (spec, weights) =>
      run(EVALUATION, (api) => {
        const whole = weights.byteLength === weights.buffer.byteLength;
        const given = whole ? weights : weights.slice();
        return api.evaluate(spec, transfer(given, [given.buffer]));
      }),
    repeat: (spec, epochs) =>
      run(epochs * EPOCH, (api) => api.repeat(spec, epochs)),
    async trainsOn() {
      if (backend === null) await queued(() => Promise.resolve());
      if (backend === null) {
        throw new VerifierError("the verifier did not start", false);
      }
      return backend;
    },
    close() {
      closed = true;
      cancelIdle();
      host.close();
    },
  };
}

function asVerifierError(
  error: unknown,
  what: string,
  usable: boolean,
): VerifierError {
  if (error instanceof VerifierError) return error;
  const why = messageOf(error);
  return new VerifierError(`${what}: ${why}`, usable);
}

/** If the kernels cannot be built, another backend is used. */
async function backendFiles(): Promise<BackendFiles> {
  const wasmFolder = wasmFilesFolder();
  try {
    return { wasmFolder, simdFolder: (await buildKernels()).href };
  } catch {
    return { wasmFolder };
  }
}
