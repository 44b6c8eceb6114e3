import * as tf from "@tensorflow/tfjs";
import { messageOf } from "../../protocol/error_text.ts";
import {
  type BackendChoice,
  BackendName,
  backends,
} from "../../protocol/training.ts";
import { Recipe } from "../../protocol/study.ts";
import type { Dataset } from "../data/dataset.ts";
import { identityOrder } from "../random/draws.ts";
import {
  type BackendFiles,
  type BackendMeasurement,
  type BackendReport,
  MEASURED_STEP,
  type UnusedReason,
} from "../trainer/trainer_api.ts";
import { readBack } from "../training/device.ts";
import { trainStep } from "../training/network.ts";
import { createFusedNetwork } from "../training/networks.ts";
import { gatherImages, gatherLabels } from "../training/kernels.ts";
import { loadKernels } from "./simd/loader.ts";
import {
  registerSimdBackend,
  SIMD,
  simdBackendDetail,
} from "./simd/simd_backend.ts";
import { softwareGpu } from "./software_gpu.ts";
import { startStockBackend } from "./stock.ts";

export interface CandidateOptions {
  readonly dataset: Dataset;
  readonly files: BackendFiles;
  readonly now: () => number;
}

/** The backends that this engine may support, in the order of the table. */
export function backendCandidates(
  { dataset, files, now }: CandidateOptions,
): BackendCandidate[] {
  const { simdFolder, wasmFolder } = files;
  /** How each backend starts; null if this engine cannot support it. */
  const starts = {
    simd: simdFolder === undefined ? null : () => startSimdBackend(simdFolder),
    webgpu: "gpu" in navigator ? () => startStockBackend("webgpu") : null,
    webgl: hasWebGl() ? () => startStockBackend("webgl") : null,
    wasm: wasmFolder === undefined
      ? null
      : () => startStockBackend("wasm", { wasmFolder }),
    cpu: () => startStockBackend("cpu"),
  } satisfies Record<BackendName, (() => Promise<string>) | null>;

  return BackendName.options.flatMap((backend): BackendCandidate[] => {
    const start = starts[backend];
    return start === null ? [] : [{
      backend,
      start,
      measure: (giveUpAbove) => measureStep(dataset, { now, giveUpAbove }),
      ...(backends[backend].gpu && { softwareGpu: () => softwareGpu(backend) }),
      remove: () => removeBackend(backend),
    }];
  });
}

/** Makes `simd` the current backend, with the kernels that fit the engine. */
async function startSimdBackend(folder: string): Promise<string> {
  const kernels = await loadKernels(folder);
  if (kernels === null) throw new Error("this engine has no WebAssembly SIMD");
  await registerSimdBackend(kernels);
  if (!await tf.setBackend(SIMD)) throw new Error("it did not start");
  return simdBackendDetail();
}

/** Checked first, because tfjs logs long warnings without WebGL. */
function hasWebGl(): boolean {
  if (typeof OffscreenCanvas !== "function") return false;
  const context = new OffscreenCanvas(1, 1).getContext("webgl2");
  // A page may have only a few contexts at once.
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return context !== null;
}

function removeBackend(backend: BackendName): void {
  try {
    tf.removeBackend(backend);
  } catch {
    // The backend was never registered or failed to free its memory; it is not
    // used again in either case.
  }
}

/** The memory that tfjs holds on this thread. */
export function tensorMemory(): { tensors: number; bytes: number } {
  const { numTensors, numBytes } = tf.memory();
  return { tensors: numTensors, bytes: numBytes };
}

/** A backend that can be chosen. */
export interface BackendCandidate {
  readonly backend: BackendName;
  /**
   * Makes it tfjs's current backend. May be called again.
   *
   * @returns the backend's description of itself
   * @throws with the reason if it cannot be used here
   */
  start(): Promise<string>;
  /** Milliseconds per step. A step above `giveUpAbove` is measured once. */
  measure(giveUpAbove: number): Promise<number>;
  /**
   * Resolves to the name of the software renderer if there is no real GPU;
   * `auto` skips the backend then. Absent for backends that need no GPU.
   */
  softwareGpu?(): Promise<string | null>;
  /** Frees its memory; the backend is not used again. */
  remove(): void;
}

/** The requested backend, or every one, is unusable; the message says why. */
export class BackendError extends Error {
  override readonly name = "BackendError";
}

/** A backend this much slower than the best so far is measured only once. */
const HOPELESS = 3;

export interface SelectOptions {
  readonly choice: BackendChoice;
  /** Skipped by `auto`, unless no other backend works. */
  readonly avoid: readonly BackendName[];
  /** Backends that this engine may support, the probably fastest first. */
  readonly candidates: readonly BackendCandidate[];
  readonly onMeasuring: (backend: BackendName) => void;
}

/**
 * Makes the chosen backend the current one. `auto` measures a few real training
 * steps on each backend and keeps the fastest.
 *
 * @throws {BackendError} if the chosen backend, or every one, is unusable.
 */
export async function selectBackend(
  options: SelectOptions,
): Promise<BackendReport> {
  const { choice, avoid, candidates, onMeasuring } = options;
  if (choice === "auto") {
    const allowed = candidates.filter(({ backend }) =>
      !avoid.includes(backend)
    );
    const rest = allowed.length > 0 ? allowed : candidates;
    return await fastest(rest, onMeasuring);
  }
  const candidate = candidates.find(({ backend }) => backend === choice);
  if (candidate === undefined) {
    const names = candidates.map(({ backend }) => backend).join(", ");
    throw new BackendError(
      `backend ${choice} is not available here: use auto or one of ${names}`,
    );
  }
  onMeasuring(choice);
  try {
    const detail = await candidate.start();
    const stepMilliseconds = await candidate.measure(Infinity);
    return report({ candidate, detail, stepMilliseconds }, [
      { backend: choice, stepMilliseconds, detail },
    ]);
  } catch (error) {
    throw new BackendError(
      `backend ${choice} cannot be used here: ${messageOf(error)}; ` +
        "auto uses one that works",
    );
  }
}

interface Measured {
  readonly candidate: BackendCandidate;
  readonly detail: string;
  readonly stepMilliseconds: number;
}

async function fastest(
  candidates: readonly BackendCandidate[],
  onMeasuring: (backend: BackendName) => void,
): Promise<BackendReport> {
  const measurements: BackendMeasurement[] = [];
  let best: Measured | undefined;
  for (const candidate of candidates) {
    const { backend } = candidate;
    if (backend === "cpu" && best !== undefined) {
      measurements.push(unused(backend, "slower", ""));
      continue;
    }
    onMeasuring(backend);
    try {
      const standIn = await candidate.softwareGpu?.() ?? null;
      if (standIn !== null) {
        measurements.push(unused(backend, "software", standIn));
        continue;
      }
      const detail = await candidate.start();
      const limit = (best?.stepMilliseconds ?? Infinity) * HOPELESS;
      const stepMilliseconds = await candidate.measure(limit);
      measurements.push({ backend, stepMilliseconds, detail });
      if (stepMilliseconds < (best?.stepMilliseconds ?? Infinity)) {
        best?.candidate.remove();
        best = { candidate, detail, stepMilliseconds };
      } else candidate.remove();
    } catch (error) {
      measurements.push(unused(backend, "failed", messageOf(error)));
      candidate.remove();
    }
  }
  if (best === undefined) {
    const all = measurements.map(({ backend, unused, detail }) =>
      `${backend}: ${unused === "software" ? "no GPU but " : ""}${detail}`
    );
    throw new BackendError(`no backend is usable here: ${all.join("; ")}`);
  }
  await best.candidate.start();
  return report(best, measurements);
}

function unused(
  backend: BackendName,
  why: UnusedReason,
  detail: string,
): BackendMeasurement {
  return { backend, stepMilliseconds: null, unused: why, detail };
}

function report(
  { candidate, detail, stepMilliseconds }: Measured,
  measurements: readonly BackendMeasurement[],
): BackendReport {
  return {
    backend: candidate.backend,
    backendDetail: detail,
    stepMilliseconds,
    measurements,
  };
}

/** Samples of about `SAMPLE_MILLISECONDS` each; the fastest one counts. */
const SAMPLES = 5;

const SAMPLE_MILLISECONDS = 30;

/** If a step takes longer than this, two samples are enough. */
const SLOW_STEP = 200;

/**
 * If a step takes longer than this, the warm-up is the only measurement: a
 * short disturbance no longer changes the figure much.
 */
const VERY_SLOW_STEP = 1000;

export interface MeasureOptions {
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
  /** A step slower than this is measured only once. */
  readonly giveUpAbove?: number;
}

/**
 * Trains a few steps on the current backend, on real batches.
 *
 * @returns milliseconds per step of the fastest sample: slower ones were
 * disturbed by other programs
 * @throws {Error} if the computed losses cannot be right
 */
export async function measureStep(
  dataset: Dataset,
  { now, giveUpAbove = Infinity }: MeasureOptions,
): Promise<number> {
  const { images, labels } = dataset.train;
  const order = identityOrder(images.count);
  const size = Math.min(MEASURED_STEP.batchSize, images.count);
  const network = createFusedNetwork({
    sizes: [images.size, ...MEASURED_STEP.hiddenSizes, dataset.classes],
    rates: [0.2, 0.5],
    replicate: { seed: 0, replicate: 0 },
    weightStd: 0.01,
  });
  const recipe = Recipe.parse({ learningRate: 0.1 });
  let step = 0;
  // Steps are queued as in training; reading a loss back waits for all.
  const run = async (steps: number): Promise<number> => {
    let loss: tf.Tensor | undefined;
    for (let i = 0; i < steps; i++, step++) {
      loss?.dispose();
      const start = (step * size) % (images.count - size + 1);
      loss = tf.tidy(() =>
        trainStep(
          network,
          gatherImages(images, order, start, size),
          gatherLabels(labels, order, start, size),
          { epoch: 0, step },
          recipe,
        )
      );
    }
    const [sum = NaN] = loss === undefined ? [] : await readBack(loss);
    loss?.dispose();
    return sum / size;
  };
  const timed = async (steps: number): Promise<number> => {
    const start = now();
    const loss = await run(steps);
    if (!Number.isFinite(loss)) throw new Error(`its loss became ${loss}`);
    return (now() - start) / steps;
  };

  try {
    // With small initial weights all classes are about equally likely.
    const first = await run(1);
    const expected = Math.log(dataset.classes);
    if (!(first > expected / 2 && first < expected * 2)) {
      throw new Error(`its first loss is ${first}, not near ${expected}`);
    }
    const warm = await timed(1);
    if (warm > giveUpAbove || warm > VERY_SLOW_STEP) return warm;
    const samples: number[] = [];
    const steps = Math.round(SAMPLE_MILLISECONDS / warm);
    while (samples.length < (warm > SLOW_STEP ? 2 : SAMPLES)) {
      samples.push(await timed(Math.max(1, Math.min(steps, 16))));
    }
    return Math.min(warm, ...samples);
  } finally {
    network.dispose();
  }
}
