import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { buildKernels, kernelCache } from "../../worker/backends/simd/build.ts";
import { wasmFilesFolder } from "../../worker/backends/wasm_files.ts";
import type { BackendFiles } from "../../worker/trainer/trainer_api.ts";
import type { Schedule } from "../service/event_hub.ts";
import { confined } from "../threads/thread_priority.ts";
import {
  type TrainedOn,
  type Verifier,
  type VerifierAnswer,
  VerifierError,
  type VerifierJob,
  type VerifierStart,
} from "./verifier_api.ts";

export interface VerifierOptions extends Omit<VerifierStart, "files"> {
  /**
   * Whether its thread may read its files and do nothing else, which takes
   * Deno's `--unstable-worker-options`. Default: it may what the process may.
   */
  readonly confined?: boolean;
  readonly schedule: Schedule;
  /** Told what it computes on, each time it starts. */
  readonly onReady?: (backend: TrainedOn) => void;
}

/** Milliseconds that starting may take: it reads and checks the data set. */
const START = 120_000;
/** For an evaluation, and for each epoch that is trained. */
const EVALUATION = 60_000;
const EPOCH = 300_000;
/** Without a job for so long, the thread and its memory are given back. */
const IDLE = 60_000;

/**
 * A verifier in a thread of its own, started with the first job and again after
 * it died. It is one thread and does one job at a time, so that it never takes
 * more than one core from what else runs here.
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const { dataset, dataFolder, schedule } = options;
  let thread: Worker | null = null;
  let trainsOn: TrainedOn | null = null;
  let fail: (error: VerifierError) => void = () => {};
  let answered: (answer: VerifierAnswer) => void = () => {};
  let cancelIdle: () => void = () => {};
  let last: Promise<unknown> = Promise.resolve();

  function end(why: VerifierError): void {
    thread?.terminate();
    thread = null;
    fail(why);
  }

  function ask(
    worker: Worker,
    message: VerifierStart | VerifierJob,
    milliseconds: number,
    usable: boolean,
  ): Promise<VerifierAnswer> {
    return new Promise((resolve, reject) => {
      const cancel = schedule(milliseconds, () => {
        end(new VerifierError("the verifier gave no answer in time", usable));
      });
      fail = (error) => {
        cancel();
        reject(usable ? error : new VerifierError(error.message, false));
      };
      answered = (answer) => {
        cancel();
        resolve(answer);
      };
      worker.postMessage(
        message,
        "weights" in message ? [message.weights] : [],
      );
    });
  }

  async function started(): Promise<Worker> {
    if (thread !== null) return thread;
    const files = await backendFiles();
    const worker = options.confined ? spawnConfined(dataFolder) : spawn();
    thread = worker;
    worker.addEventListener("error", (event) => {
      // Unhandled, it would end the whole process with the thread.
      event.preventDefault();
      end(new VerifierError(`the verifier died: ${event.message}`, true));
    });
    worker.addEventListener("message", ({ data }) => answered(data));
    const answer = await ask(
      worker,
      { dataset, dataFolder, files },
      START,
      false,
    );
    if (answer.type === "ready") {
      const { backend, backendDetail } = answer;
      trainsOn = { backend, backendDetail };
      options.onReady?.(trainsOn);
      return worker;
    }
    const why = answer.type === "unusable" ? answer.message : answer.type;
    const error = new VerifierError(`the verifier cannot start: ${why}`, false);
    end(error);
    throw error;
  }

  /** After what was asked for before. */
  function queued<T>(work: () => Promise<T>): Promise<T> {
    const answer = last.then(async () => {
      cancelIdle();
      try {
        return await work();
      } finally {
        cancelIdle = schedule(IDLE, () => {
          thread?.terminate();
          thread = null;
        });
      }
    });
    last = answer.catch(() => {});
    return answer;
  }

  const run = (job: VerifierJob, milliseconds: number) =>
    queued(async () => await ask(await started(), job, milliseconds, true));

  return {
    async evaluate(spec, weights) {
      const buffer = weights.byteLength === weights.buffer.byteLength
        ? weights.buffer
        : weights.slice().buffer;
      const answer = await run(
        { type: "evaluate", spec, weights: buffer },
        EVALUATION,
      );
      if (answer.type === "evaluated") return answer.figures;
      throw unexpected(answer);
    },
    async repeat(spec, epochs) {
      const answer = await run(
        { type: "repeat", spec, epochs },
        epochs * EPOCH,
      );
      if (answer.type === "repeated") return answer.repetition;
      throw unexpected(answer);
    },
    async trainsOn() {
      if (trainsOn !== null) return trainsOn;
      await queued(started);
      if (trainsOn === null) throw new VerifierError("it never started", false);
      return trainsOn;
    },
    close() {
      cancelIdle();
      end(new VerifierError("the verifier was closed", false));
    },
  };
}

function unexpected(answer: VerifierAnswer): VerifierError {
  const why = answer.type === "failed" ? answer.message : answer.type;
  return new VerifierError(`the verifier could not do it: ${why}`, true);
}

const url = new URL("./verifier_thread.ts", import.meta.url);

function spawn(): Worker {
  return new Worker(url, { type: "module", name: "verifier" });
}

function spawnConfined(dataFolder: string): Worker {
  return new Worker(url, {
    type: "module",
    name: "verifier",
    deno: { permissions: verifierPermissions(dataFolder) },
  });
}

/** @internal What a confined thread may do. */
export function verifierPermissions(dataFolder: string) {
  return confined([
    kernelCache,
    new URL(wasmFilesFolder()),
    pathToFileURL(resolve(dataFolder)),
  ]);
}

/** Without the kernels, where they cannot be built, another backend will do. */
async function backendFiles(): Promise<BackendFiles> {
  const wasmFolder = wasmFilesFolder();
  try {
    return { wasmFolder, simdFolder: (await buildKernels()).href };
  } catch {
    return { wasmFolder };
  }
}
