import type * as tf from "@tensorflow/tfjs";
import {
  Dense,
  DenseGradient,
  Dropout,
  type DropoutAttrs,
  GatherImages,
  type GatherImagesAttrs,
  GatherLabels,
  registerSwarmKernel,
  SgdUpdate,
  SoftmaxCrossEntropy,
} from "../../training/kernels.ts";
import { dropThreshold } from "../../random/draws.ts";
import { entryOf } from "../gpu_kernels.ts";
import type { Nothing } from "../../training/network.ts";
import type { SimdBackend } from "./simd_backend.ts";

/** Approximate columns of the kernels' panels, for estimates. */
const PANEL_COLUMNS = 24;

/**
 * Costs of a product's parts in cycles, measured on an x86-64 processor with
 * two multiply-adds per cycle: a step of a pair's list, listing an element,
 * copying an element into a panel, transposing an element.
 */
const STEP_CYCLES = 7.6;

/** Cost of a step in many short lists. */
const SHORT_LIST_STEP_CYCLES = 8.8;

const LISTING_CYCLES = 1.2;

const PACKING_CYCLES = 0.4;

const TRANSPOSING_CYCLES = 0.8;

/** a: [depth, rows], dz: [depth, columns], out: [rows, columns]. */
export interface TransposedShape {
  readonly depth: number;
  readonly rows: number;
  readonly columns: number;
}

/**
 * out = a' dz, given addresses. The kernels skip only zeros of the left factor,
 * so if dz has more zeros, out' = dz' a is computed instead.
 */
export function transposedProduct(
  backend: SimdBackend,
  a: number,
  dz: number,
  out: number,
  { depth, rows, columns }: TransposedShape,
): void {
  const { call } = backend.kernels;
  const size = rows * columns;
  const direct = estimate(
    rows,
    depth,
    columns,
    pairDensity(backend, a, depth, rows),
  );
  const swapped = estimate(
    columns,
    depth,
    rows,
    pairDensity(backend, dz, depth, columns),
  ) + size * TRANSPOSING_CYCLES;
  if (direct <= swapped) {
    call.multiply(
      a,
      rows * 4,
      1,
      dz,
      columns * 4,
      0,
      out,
      columns * 4,
      0,
      rows,
      depth,
      columns,
      0,
      1,
    );
    return;
  }
  call.multiply(
    dz,
    columns * 4,
    1,
    a,
    rows * 4,
    0,
    out,
    columns * 4,
    1,
    columns,
    depth,
    rows,
    0,
    1,
  );
}

function estimate(
  rows: number,
  depth: number,
  columns: number,
  density: number,
): number {
  const panels = Math.ceil(columns / PANEL_COLUMNS);
  const step = rows > 512 ? SHORT_LIST_STEP_CYCLES : STEP_CYCLES;
  return rows / 2 * depth * density * panels * step +
    rows * depth * LISTING_CYCLES + depth * columns * PACKING_CYCLES;
}

/** Estimated share of steps in lists of paired columns, from the first rows. */
function pairDensity(
  backend: SimdBackend,
  address: number,
  depth: number,
  columns: number,
): number {
  const size = Math.min(depth, 32) * columns;
  return 2 * backend.kernels.call.countPairs(address, size) / size;
}

/** Number of columns of a matrix. */
export function columnsOf({ shape }: tf.TensorInfo): number {
  return shape[1] ?? 1;
}

/**
 * Copies the bytes of a batch's images to `address`, one after another. (`set`
 * for each image takes half the time of a loop over words.)
 *
 * @throws RangeError if the order or the data set ends before the batch
 */
export function copyImages(
  { images: { bytes, size }, order, start, count }: GatherImagesAttrs,
  memory: WebAssembly.Memory,
  address: number,
): void {
  const target = new Uint8Array(memory.buffer, address, count * size);
  for (let i = 0; i < count; i++) {
    const image = entryOf(order, start + i);
    const from = image * size;
    if (from + size > bytes.length) {
      throw new RangeError(
        `gather: the data set has ${bytes.length / size} images, ` +
          `requested image: ${image}`,
      );
    }
    target.set(bytes.subarray(from, from + size), i * size);
  }
}

/** From this number of columns on, searching for similar rows saves time. */
const PAIRING_DEPTH = 512;

/**
 * Registers the swarm's kernels, `training/kernels.ts`, as WebAssembly.
 * JavaScript only looks up addresses and allocates memory.
 */
export function registerSwarmKernels(backend: SimdBackend): void {
  const { call, memory } = backend.kernels;

  /** `to` = dropout of `from` or of its ReLU; the mask is drawn on the fly. */
  function mask(
    from: number,
    to: number,
    size: number,
    { rate, key, position }: DropoutAttrs,
    relu: boolean,
  ): void {
    if (rate >= 1) {
      call.fillZero(to, size);
      return;
    }
    call.seedMask(...key, position.step, position.epoch);
    const scale = 1 / (1 - rate);
    const threshold = dropThreshold(rate);
    call.applyMask(from, to, size, threshold, scale, Number(relu));
  }

  registerSwarmKernel(GatherImages, "simd", ({ attrs }) => {
    const { images: { size }, count } = attrs;
    const out = backend.allocate([count, size], "float32");
    const address = backend.addressOf(out);
    const staged = backend.arena.allocate(count * size);
    copyImages(attrs, memory, staged);
    call.bytesToUnit(staged, address, count * size);
    backend.arena.release(staged, count * size);
    return out;
  });

  registerSwarmKernel(GatherLabels, "simd", ({ attrs }) => {
    const { labels, order, start, count } = attrs;
    const out = backend.allocate([count], "int32");
    const values = new Int32Array(
      memory.buffer,
      backend.addressOf(out),
      count,
    );
    for (let i = 0; i < count; i++) {
      values[i] = labels[entryOf(order, start + i)] ?? -1;
    }
    return out;
  });

  registerSwarmKernel(Dropout, "simd", ({ inputs: { x }, attrs }) => {
    if (attrs.rate <= 0) {
      backend.incRef(x.dataId);
      return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
    }
    const from = backend.addressOf(x);
    const out = backend.allocate(x.shape, "float32");
    mask(from, backend.addressOf(out), sizeOf(x), attrs, false);
    return out;
  });

  registerSwarmKernel(Dense, "simd", ({ inputs: { x, w, b }, attrs }) => {
    const [rows, depth] = x.shape;
    const columns = columnsOf(w);
    const left = backend.addressOf(x);
    const right = backend.addressOf(w);
    const bias = backend.addressOf(b);
    const out = backend.allocate([rows, columns], "float32");
    const y = backend.addressOf(out);
    call.repeatRow(bias, y, rows, columns);
    call.multiply(
      left,
      depth * 4,
      0,
      right,
      columns * 4,
      0,
      y,
      columns * 4,
      0,
      rows,
      depth,
      columns,
      Number(depth >= PAIRING_DEPTH),
      0,
    );
    const size = rows * columns;
    const relu = attrs.activation === "relu";
    if (attrs.dropout !== undefined && attrs.dropout.rate > 0) {
      mask(y, y, size, attrs.dropout, relu);
    } else if (relu) call.relu(y, y, size);
    return out;
  });

  registerSwarmKernel(DenseGradient, "simd", ({ inputs, attrs }) => {
    const { x, w, y, dy } = inputs;
    const [rows, depth] = x.shape;
    const columns = columnsOf(w);
    const size = rows * columns;
    const left = backend.addressOf(x);
    const weights = backend.addressOf(w);
    const output = backend.addressOf(y);
    const above = backend.addressOf(dy);
    const dw = backend.allocate([depth, columns], "float32");
    const db = backend.allocate([columns], "float32");

    let dz = above;
    if (attrs.activation === "relu") {
      dz = backend.arena.allocate(size * 4);
      const scale = attrs.rate < 1 ? 1 / (1 - attrs.rate) : 0;
      call.passWherePositive(above, output, scale, dz, size);
    }
    call.sumRows(dz, backend.addressOf(db), rows, columns);
    transposedProduct(backend, left, dz, backend.addressOf(dw), {
      depth: rows,
      rows: depth,
      columns,
    });
    const outputs: tf.TensorInfo[] = [dw, db];
    if (attrs.inputGradient) {
      const dx = backend.allocate([rows, depth], "float32");
      const below = backend.addressOf(dx);
      call.multiply(
        dz,
        columns * 4,
        0,
        weights,
        columns * 4,
        1,
        below,
        depth * 4,
        0,
        rows,
        columns,
        depth,
        // After dropout, rows share few zeros.
        Number(attrs.rate < 0.1),
        1,
      );
      outputs.push(dx);
    }
    if (dz !== above) backend.arena.release(dz, size * 4);
    return outputs;
  });

  registerSwarmKernel(SoftmaxCrossEntropy, "simd", ({ inputs, attrs }) => {
    const { logits, labels } = inputs;
    const [rows, classes] = logits.shape;
    const from = backend.addressOf(logits);
    const right = backend.addressOf(labels);
    const stats = backend.allocate([2], "float32");
    // Needed for intermediate values even without a gradient.
    const dlogits = backend.allocate([rows, classes], "float32");
    call.softmaxCrossEntropy(
      from,
      right,
      backend.addressOf(stats),
      backend.addressOf(dlogits),
      rows,
      classes,
      Number(attrs.gradient),
    );
    if (attrs.gradient) return [stats, dlogits];
    backend.disposeData(dlogits.dataId);
    return [stats];
  });

  registerSwarmKernel(SgdUpdate, "simd", ({ inputs: { w, dw }, attrs }) => {
    const { learningRate, weightDecay, ...rest } = attrs;
    rest satisfies Nothing;
    const [weights, gradient] = [backend.addressOf(w), backend.addressOf(dw)];
    call.descend(weights, gradient, learningRate, weightDecay, sizeOf(w));
    return [];
  });
}

function sizeOf({ shape }: tf.TensorInfo): number {
  return shape.reduce((size, length) => size * length, 1);
}
