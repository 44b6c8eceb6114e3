import { multiplyPanel } from "./inner_loops";
import {
  DEPTH_BLOCK,
  PANEL_COLUMNS,
  PANEL_VECTORS,
  ROW_BLOCK,
  TAIL,
} from "./layout";
import {
  countSteps,
  listColumns,
  listRows,
  pairAlike,
  pairInOrder,
} from "./pairs";
import { packColumns, packRows } from "./panels";

/**
 * c: [rows, columns] += a b, or = a b if c is `fresh`, where a is [rows, depth]
 * or, transposed, stored as [depth, rows], and b is [depth, columns] or stored
 * as [columns, depth]. Strides are bytes from one stored row to the next. Zeros
 * in a are skipped, even where b is infinite or NaN.
 *
 * With cTransposed, c is stored as [columns, rows] instead.
 *
 * Rows of a (after any transposition) are multiplied in pairs. With `alike`,
 * rows that are zero in the same places are paired, if a is not transposed.
 */
export function multiply(
  a: usize,
  aStride: usize,
  aTransposed: bool,
  b: usize,
  bStride: usize,
  bTransposed: bool,
  c: usize,
  cStride: usize,
  cTransposed: bool,
  rows: i32,
  depth: i32,
  columns: i32,
  alike: bool,
  fresh: bool,
): void {
  if (fresh && depth == 0) {
    memory.fill(c, 0, <usize> (cTransposed ? columns : rows) * cStride);
  }
  for (let k = 0; k < depth; k += DEPTH_BLOCK) {
    const terms = min(depth - k, DEPTH_BLOCK);
    const right = bTransposed ? b + (<usize> k << 2) : b + <usize> k * bStride;
    for (let row = 0; row < rows; row += ROW_BLOCK) {
      const block = min(rows - row, ROW_BLOCK);
      let groups: i32;
      if (aTransposed) {
        const left = a + <usize> k * aStride + (<usize> row << 2);
        groups = listColumns(left, aStride, block, terms);
      } else {
        const left = a + <usize> row * aStride + (<usize> k << 2);
        if (alike) pairAlike(left, aStride, block, terms);
        else pairInOrder(block);
        groups = listRows(left, aStride, block, terms);
      }
      listed += countSteps(groups);
      multiplyBlock(
        groups,
        right,
        bStride,
        bTransposed,
        c + (cTransposed ? <usize> row << 2 : <usize> row * cStride),
        cStride,
        cTransposed,
        block,
        terms,
        columns,
        fresh && k == 0,
      );
    }
  }
}

/** Steps in all lists since the last call of `takeSteps`. */
let listed: i32 = 0;

/** Returns the steps in all lists since the last call; for measurements. */
export function takeSteps(): i32 {
  const steps = listed;
  listed = 0;
  return steps;
}

/** Multiplies one block of the lists with all columns of b. */
function multiplyBlock(
  groups: i32,
  b: usize,
  bStride: usize,
  bTransposed: bool,
  c: usize,
  cStride: usize,
  cTransposed: bool,
  rows: i32,
  depth: i32,
  columns: i32,
  fresh: bool,
): void {
  for (let column = 0; column < columns; column += PANEL_COLUMNS) {
    const width = min(columns - column, PANEL_COLUMNS);
    const at = <usize> column << 2;
    // A panel has at least three vectors. If the inner loop would write more
    // columns than exist, it writes to TAIL instead.
    const needed = (width + 3) >> 2;
    const vectors = needed <= 3 ? 3 : needed <= 4 ? 4 : PANEL_VECTORS;
    if (bTransposed) {
      packColumns(
        b + <usize> column * bStride,
        bStride,
        depth,
        vectors,
        width,
      );
    } else packRows(b + at, bStride, depth, vectors);
    if (!cTransposed && width == vectors << 2) {
      multiplyPanel(groups, vectors, c + at, cStride, fresh);
      continue;
    }
    const pitch = <usize> vectors << 4;
    multiplyPanel(groups, vectors, TAIL, pitch, true);
    if (cTransposed) {
      const to = c + <usize> column * cStride;
      addTransposed(to, cStride, rows, width, pitch, fresh);
    } else addTail(c + at, cStride, rows, width, pitch, fresh);
  }
}

/** Adds the existing columns of the product in TAIL to `c`, or copies them. */
function addTail(
  c: usize,
  stride: usize,
  rows: i32,
  width: i32,
  pitch: usize,
  fresh: bool,
): void {
  for (let row = 0; row < rows; row++) {
    const from = TAIL + <usize> row * pitch;
    const to = c + <usize> row * stride;
    for (let j = 0; j < width; j++) {
      const at = <usize> j << 2;
      const before: f32 = fresh ? 0 : load<f32>(to + at);
      store<f32>(to + at, before + load<f32>(from + at));
    }
  }
}

/**
 * The same for the transpose of TAIL: `width` rows of `rows` floats in `c`.
 * Transposing is cheapest here, while TAIL is in the cache.
 */
function addTransposed(
  c: usize,
  stride: usize,
  rows: i32,
  width: i32,
  pitch: usize,
  fresh: bool,
): void {
  const wholeRows = fresh ? rows & ~3 : 0;
  const wholeWidth = width & ~3;
  for (let j = 0; j < wholeWidth; j += 4) {
    let from = TAIL + (<usize> j << 2);
    let to = c + <usize> j * stride;
    for (let i = 0; i < wholeRows; i += 4) {
      const x0 = v128.load(from);
      const x1 = v128.load(from + pitch);
      const x2 = v128.load(from + 2 * pitch);
      const x3 = v128.load(from + 3 * pitch);
      const low01 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5);
      const high01 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7);
      const low23 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5);
      const high23 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
      v128.store(to, v128.shuffle<i64>(low01, low23, 0, 2));
      v128.store(to + stride, v128.shuffle<i64>(low01, low23, 1, 3));
      v128.store(to + 2 * stride, v128.shuffle<i64>(high01, high23, 0, 2));
      v128.store(to + 3 * stride, v128.shuffle<i64>(high01, high23, 1, 3));
      from += 4 * pitch;
      to += 16;
    }
  }
  for (let j = 0; j < width; j++) {
    const to = c + <usize> j * stride;
    const from = TAIL + (<usize> j << 2);
    for (let i = j < wholeWidth ? wholeRows : 0; i < rows; i++) {
      const at = to + (<usize> i << 2);
      const before: f32 = fresh ? 0 : load<f32>(at);
      store<f32>(at, before + load<f32>(from + <usize> i * pitch));
    }
  }
}
