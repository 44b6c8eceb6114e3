import type * as tf from "@tensorflow/tfjs";
import type { SimdBackend } from "./simd_backend.ts";

/** Columns in a panel of the kernels, roughly: for estimates. */
const PANEL_COLUMNS = 24;
/**
 * What parts of a product take, in cycles, measured on an x86-64 processor
 * with two multiply-adds a cycle: a step of a pair's list, listing an element,
 * copying one into a panel, transposing one.
 */
const STEP_CYCLES = 7.6;
/** The same for many short lists. */
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
 * out = a' dz, from addresses. The kernels skip zeros of the left factor only,
 * so where dz has more of them, it is taken as out' = dz' a.
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

/** Share of steps that pairs of columns have, judged by the first rows. */
function pairDensity(
  backend: SimdBackend,
  address: number,
  depth: number,
  columns: number,
): number {
  const size = Math.min(depth, 32) * columns;
  return 2 * backend.kernels.call.countPairs(address, size) / size;
}

/** The second size of a matrix. */
export function columnsOf({ shape }: tf.TensorInfo): number {
  return shape[1] ?? 1;
}
