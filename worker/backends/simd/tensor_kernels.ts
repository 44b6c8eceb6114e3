import * as tf from "@tensorflow/tfjs";
import type { SimdBackend } from "./simd_backend.ts";

/**
 * tfjs's own kernels in WebAssembly, for the cases that occur in training:
 * float32, equal shapes, or one operand that is a scalar or a row. A kernel
 * returns undefined for other cases; tfjs's cpu kernel handles those.
 */
export type TensorKernel = (
  inputs: tf.NamedTensorInfoMap,
  attrs: tf.NamedAttrMap,
) => tf.TensorInfo | undefined;

export function tensorKernels(
  backend: SimdBackend,
): ReadonlyMap<string, TensorKernel> {
  const { call } = backend.kernels;

  /** [batch, rows, depth] times [batch, depth, columns], or transposed. */
  function product(
    a: tf.TensorInfo,
    b: tf.TensorInfo,
    transposeA: boolean,
    transposeB: boolean,
    bias?: tf.TensorInfo,
  ): tf.TensorInfo | undefined {
    const rank = a.shape.length;
    if (!areFloats(a, b) || rank < 2 || b.shape.length !== rank) return;
    const batch = a.shape.slice(0, -2);
    if (!sameShape(batch, b.shape.slice(0, -2))) return;
    const [aRows = 0, aColumns = 0] = a.shape.slice(-2);
    const [bRows = 0, bColumns = 0] = b.shape.slice(-2);
    const [rows, depth] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
    const columns = transposeB ? bRows : bColumns;
    // tfjs's kernel reports what is wrong with the shapes.
    if (depth !== (transposeB ? bColumns : bRows)) return;
    const biasSize = bias && tf.util.sizeFromShape(bias.shape);
    if (bias && (!areFloats(bias) || biasSize !== columns)) return;

    const left = backend.addressOf(a);
    const right = backend.addressOf(b);
    const start = bias && backend.addressOf(bias);
    const out = backend.allocate([...batch, rows, columns], "float32");
    const to = backend.addressOf(out);
    const count = tf.util.sizeFromShape(batch);
    if (start !== undefined) {
      call.repeatRow(start, to, count * rows, columns);
    }
    for (let i = 0; i < count; i++) {
      call.multiply(
        left + i * rows * depth * 4,
        aColumns * 4,
        Number(transposeA),
        right + i * depth * columns * 4,
        bColumns * 4,
        Number(transposeB),
        to + i * rows * columns * 4,
        columns * 4,
        0,
        rows,
        depth,
        columns,
        1,
        Number(start === undefined),
      );
    }
    return out;
  }

  /** Elementwise, with two operands of one shape. */
  function elementwise(
    a: tf.TensorInfo,
    b: tf.TensorInfo,
    run: (a: number, b: number, out: number, size: number) => void,
  ): tf.TensorInfo | undefined {
    if (!areFloats(a, b) || !sameShape(a.shape, b.shape)) return;
    const left = backend.addressOf(a);
    const right = backend.addressOf(b);
    const out = backend.allocate(a.shape, "float32");
    run(left, right, backend.addressOf(out), tf.util.sizeFromShape(a.shape));
    return out;
  }

  /** Elementwise, with one operand. */
  function unary(
    x: tf.TensorInfo,
    run: (x: number, out: number, size: number) => void,
  ): tf.TensorInfo | undefined {
    if (!areFloats(x)) return;
    const from = backend.addressOf(x);
    const out = backend.allocate(x.shape, "float32");
    run(from, backend.addressOf(out), tf.util.sizeFromShape(x.shape));
    return out;
  }

  /** x * factor + term; one number comes from a tensor of one element. */
  function scaled(
    x: tf.TensorInfo,
    scalar: tf.TensorInfo,
    by: (value: number) => readonly [factor: number, term: number],
  ): tf.TensorInfo | undefined {
    // If the scalar has more dimensions than x, the result has them too.
    if (!isScalar(scalar) || scalar.shape.length > x.shape.length) return;
    if (!areFloats(x, scalar)) return;
    const [value] = backend.readSync(scalar.dataId);
    const [factor, term] = by(Number(value));
    return unary(x, (at, out, size) => call.scale(at, factor, term, out, size));
  }

  /** x + row, where the row is as long as x's last dimension. */
  function addedRow(
    x: tf.TensorInfo,
    row: tf.TensorInfo,
  ): tf.TensorInfo | undefined {
    const columns = x.shape.at(-1);
    if (row.shape.length !== 1 || row.shape[0] !== columns) return;
    if (!areFloats(x, row) || columns === undefined) return;
    const added = backend.addressOf(row);
    return unary(
      x,
      (at, out, size) =>
        call.addRow(at, added, out, columns > 0 ? size / columns : 0, columns),
    );
  }

  return new Map<string, TensorKernel>([
    [tf.BatchMatMul, (inputs, { transposeA, transposeB }) =>
      product(
        given(inputs.a),
        given(inputs.b),
        transposeA === true,
        transposeB === true,
      )],
    [tf._FusedMatMul, (inputs, attrs) => {
      const { transposeA, transposeB, activation } = attrs;
      if (activation !== "linear" && activation !== "relu") return;
      const out = product(
        given(inputs.a),
        given(inputs.b),
        transposeA === true,
        transposeB === true,
        inputs.bias,
      );
      if (out !== undefined && activation === "relu") {
        const at = backend.addressOf(out);
        call.relu(at, at, tf.util.sizeFromShape(out.shape));
      }
      return out;
    }],
    [tf.Add, (inputs) => {
      const [a, b] = [given(inputs.a), given(inputs.b)];
      return elementwise(a, b, call.add) ??
        scaled(a, b, (value) => [1, value]) ??
        scaled(b, a, (value) => [1, value]) ??
        addedRow(a, b) ?? addedRow(b, a);
    }],
    [tf.Sub, (inputs) => {
      const [a, b] = [given(inputs.a), given(inputs.b)];
      return elementwise(a, b, call.subtract) ??
        scaled(a, b, (value) => [1, -value]) ??
        scaled(b, a, (value) => [-1, value]);
    }],
    [tf.Multiply, (inputs) => {
      const [a, b] = [given(inputs.a), given(inputs.b)];
      return elementwise(a, b, call.times) ??
        scaled(a, b, (value) => [value, 0]) ??
        scaled(b, a, (value) => [value, 0]);
    }],
    [tf.Relu, (inputs) => unary(given(inputs.x), call.relu)],
    [
      tf.Step,
      (inputs, { alpha }) =>
        unary(
          given(inputs.x),
          (x, out, size) => call.step(x, Number(alpha), out, size),
        ),
    ],
    [tf.Transpose, (inputs, { perm }) => {
      const x = given(inputs.x);
      const [rows, columns] = x.shape;
      if (!Array.isArray(perm) || perm.length !== 2 || perm[0] !== 1) return;
      if (!areFloats(x) || rows === undefined || columns === undefined) return;
      const from = backend.addressOf(x);
      const out = backend.allocate([columns, rows], "float32");
      call.transpose(from, backend.addressOf(out), rows, columns);
      return out;
    }],
    [tf.Sum, (inputs, { axis, keepDims }) => {
      const x = given(inputs.x);
      const rank = x.shape.length;
      const axes = tf.util.parseAxisParam(dimensions(axis), x.shape);
      if (!areFloats(x) || axes.length === 0 || axes.length === rank) return;
      // Only leading dimensions are reduced: the others stay contiguous.
      if (axes.some((axis, i) => axis !== i)) return;
      const kept = x.shape.slice(axes.length);
      const from = backend.addressOf(x);
      const shape = keepDims === true ? [...axes.map(() => 1), ...kept] : kept;
      const out = backend.allocate(shape, "float32");
      const columns = tf.util.sizeFromShape(kept);
      const rows = tf.util.sizeFromShape(x.shape.slice(0, axes.length));
      call.sumRows(from, backend.addressOf(out), rows, columns);
      return out;
    }],
    [tf.ArgMax, (inputs, { axis }) => {
      const x = given(inputs.x);
      const [last] = tf.util.parseAxisParam(dimensions(axis), x.shape);
      const columns = x.shape.at(-1) ?? 0;
      if (!areFloats(x) || last !== x.shape.length - 1 || columns < 1) return;
      const shape = x.shape.slice(0, -1);
      const from = backend.addressOf(x);
      const out = backend.allocate(shape, "int32");
      const rows = tf.util.sizeFromShape(shape);
      call.argMax(from, backend.addressOf(out), rows, columns);
      return out;
    }],
  ]);
}

function given(tensor: tf.TensorInfo | undefined): tf.TensorInfo {
  if (tensor === undefined) {
    throw new Error("simd: the kernel's input is missing");
  }
  return tensor;
}

function areFloats(...tensors: tf.TensorInfo[]): boolean {
  return tensors.every(({ dtype }) => dtype === "float32");
}

function isScalar({ shape }: tf.TensorInfo): boolean {
  return shape.every((length) => length === 1);
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((length, i) => length === b[i]);
}

/** An axis attribute as tfjs passes it: one number, several or none. */
function dimensions(axis: unknown): number[] {
  if (typeof axis === "number") return [axis];
  return Array.isArray(axis) ? axis.map(Number) : [];
}
