import type { DatasetManifest, Recipe } from "../../protocol/study.ts";
import type { Dataset } from "../data/dataset.ts";
import { TrainerError } from "../session/failure.ts";
import { EVALUATION_BATCH, MEASURED_STEP } from "./trainer_api.ts";

/**
 * What training takes of a device's memory, estimated before it takes it: a
 * coordinator chooses data sets and recipes, and must not fill a volunteer's
 * memory with them. All sizes are in bytes.
 */

/** What a device allows. */
export interface MemoryLimits {
  /** For all threads and the data set together. */
  readonly bytes: number;
  readonly threads: number;
  /** Whether threads share one copy of the data set. */
  readonly shared: boolean;
}

/** What the data set and each thread of an ordinary study need. */
const ORDINARY = 160 * 2 ** 20;

/**
 * What training may take unless the volunteer chooses: half of the device's
 * memory, or more on a small device with many threads, which could not train
 * ordinary studies otherwise.
 */
export function usualMemory(deviceBytes: number, threads: number): number {
  return Math.max(deviceBytes / 2, ORDINARY * (threads + 1));
}

/** The data set, or a trial, needs more memory than the device allows. */
export class TooLargeError extends TrainerError {
  override readonly name = "TooLargeError";

  constructor(message: string) {
    super(message, "memory");
  }
}

/** What of a recipe decides how much memory its training takes. */
type Sizes = Pick<Recipe, "batchSize" | "network"> & {
  readonly hiddenSizes: readonly [number, number];
};

/** The data that a network trains on. */
interface Shape {
  readonly pixels: number;
  readonly classes: number;
  /** Images for training or for testing, whichever are more. */
  readonly images: number;
}

/** A thread with TensorFlow.js, before it trains. */
const THREAD = 64 * 2 ** 20;

/**
 * Copies of the weights: gradients, the initial and the final values among
 * them. As measured on the backend `simd`, like the numbers below; others need
 * up to twice as much.
 */
const COPIES = 4.5;

/** Copies of the hidden layers' values of a batch, by the network. */
const LAYERS: Readonly<Record<Recipe["network"], number>> = {
  fused: 3,
  layers: 10,
  scratch: 26,
};

/** Memory is reused by size classes, which leaves some of it empty. */
const WASTE = 1.25;

/** Memory that a thread needs to train, beside the data set. */
export function trainingBytes(
  { hiddenSizes: [first, second], batchSize, network }: Sizes,
  { pixels, classes, images }: Shape,
): number {
  const weights = (pixels + 1) * first + (first + 1) * second +
    (second + 1) * classes;
  const rows = Math.min(Math.max(batchSize, EVALUATION_BATCH), images);
  const row = pixels + LAYERS[network] * (first + second) + 4 * classes;
  return THREAD + 4 * (COPIES * weights + WASTE * rows * row);
}

/** Memory that a data set needs while it is loaded. */
function datasetBytes(
  { files }: DatasetManifest,
  { threads, shared }: MemoryLimits,
): number {
  const all = Object.values(files);
  const kept = all.reduce((sum, { bytes }) => sum + bytes, 0);
  // One file at a time is there compressed, too, and twice decompressed.
  const passing = all.map((file) => file.compressedBytes + file.bytes);
  return (shared ? 1 : threads) * kept + Math.max(...passing);
}

/** @throws {TooLargeError} if the data set does not fit. */
export function checkDataset(
  dataset: DatasetManifest,
  limits: MemoryLimits,
): void {
  const needed = datasetBytes(dataset, limits);
  if (needed <= limits.bytes) return;
  throw new TooLargeError(
    `data set ${dataset.name} needs ${giga(needed)} of memory, and training ` +
      `may use ${
        giga(limits.bytes)
      } on this device: allow more, or join with ` +
      "another device",
  );
}

/** Memory that each thread may take to train, beside the data set. */
export function trainingLimit(
  { train, test }: Dataset,
  { bytes, threads, shared }: MemoryLimits,
): number {
  const kept = train.images.bytes.length + test.images.bytes.length;
  const data = (shared ? 1 : threads) * kept;
  return (bytes - data) / threads;
}

/**
 * @param recipe Default: that of the steps which are measured.
 * @throws {TooLargeError} if a thread may not take so much.
 */
export function checkTraining(
  shape: Shape,
  limit: number,
  recipe: Sizes = { ...MEASURED_STEP, network: "fused" },
): void {
  const needed = trainingBytes(recipe, shape);
  if (needed <= limit) return;
  const { hiddenSizes, batchSize } = recipe;
  throw new TooLargeError(
    `a network of ${[shape.pixels, ...hiddenSizes, shape.classes].join("x")} ` +
      `with batches of ${batchSize} needs ${
        giga(needed)
      } of memory, and each ` +
      `thread may use ${giga(limit)} on this device: use fewer threads, or ` +
      "allow more memory",
  );
}

function giga(bytes: number): string {
  return `${(bytes / 1e9).toFixed(bytes < 1e9 ? 2 : 1)} GB`;
}
