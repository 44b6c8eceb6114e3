import type * as tf from "@tensorflow/tfjs";
import {
  Dense,
  DenseGradient,
  Dropout,
  type DropoutAttrs,
  GatherImages,
  GatherLabels,
  SgdUpdate,
  SoftmaxCrossEntropy,
} from "../../training/kernels.ts";
import { copyImages, entryOf } from "./gathering.ts";
import { registerSwarmKernel } from "../../training/registry.ts";
import { columnsOf, transposedProduct } from "./products.ts";
import type { SimdBackend } from "./simd_backend.ts";

/** Columns from which on it pays to look for rows that are zero alike. */
const PAIRING_DEPTH = 512;

/**
 * Registers the swarm's kernels, `training/kernels.ts`, as WebAssembly.
 * JavaScript only finds addresses and hands out memory.
 */
export function registerSwarmKernels(backend: SimdBackend): void {
  const { call, memory } = backend.kernels;

  /** Draws the mask as it goes: `to` = dropout of `from`, or of its ReLU. */
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
    const threshold = Math.floor(rate * 2 ** 32);
    call.applyMask(from, to, size, threshold, 1 / (1 - rate), Number(relu));
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
        // Dropout leaves rows little in common.
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
    // Without a gradient its place is still needed, for the powers.
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
    call.descend(
      backend.addressOf(w),
      backend.addressOf(dw),
      attrs.learningRate,
      sizeOf(w),
    );
    return [];
  });
}

function sizeOf({ shape }: tf.TensorInfo): number {
  return shape.reduce((size, length) => size * length, 1);
}
