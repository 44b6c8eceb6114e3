import { PANEL, PANEL_PITCH } from "./layout";

// Copies the right-hand matrix, one panel of columns at a time, so that the
// panel's rows are contiguous: rows of the matrix itself are often a power of
// two bytes apart and would share a few sets of the cache. Columns beyond the
// matrix's last one have undefined contents; their products are dropped.

/** Copies the columns from `column` on of a row-major matrix. */
export function packRows(
  b: usize,
  stride: usize,
  depth: i32,
  vectors: i32,
): void {
  let at = PANEL;
  if (vectors == 6) {
    for (let k = 0; k < depth; k++) {
      v128.store(at, v128.load(b));
      v128.store(at, v128.load(b, 16), 16);
      v128.store(at, v128.load(b, 32), 32);
      v128.store(at, v128.load(b, 48), 48);
      v128.store(at, v128.load(b, 64), 64);
      v128.store(at, v128.load(b, 80), 80);
      at += PANEL_PITCH;
      b += stride;
    }
    return;
  }
  for (let k = 0; k < depth; k++) {
    for (let v = 0; v < vectors; v++) {
      const to = <usize> v << 4;
      v128.store(at + to, v128.load(b + to));
    }
    at += PANEL_PITCH;
    b += stride;
  }
}

/**
 * The same for the transpose of a row-major matrix: row k of the panel is
 * column k of the matrix's rows from `b` on, of which `columns` exist.
 */
export function packColumns(
  b: usize,
  stride: usize,
  depth: i32,
  vectors: i32,
  columns: i32,
): void {
  const last = b + <usize> (columns - 1) * stride;
  for (let v = 0; v < vectors; v++) {
    const row = b + <usize> (4 * v) * stride;
    let p0 = min(row, last);
    let p1 = min(row + stride, last);
    let p2 = min(row + 2 * stride, last);
    let p3 = min(row + 3 * stride, last);
    let at = PANEL + (<usize> v << 4);
    // The last block may read past a row's end; those products are dropped.
    for (let k = 0; k < depth; k += 4) {
      const x0 = v128.load(p0);
      const x1 = v128.load(p1);
      const x2 = v128.load(p2);
      const x3 = v128.load(p3);
      const low01 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5);
      const high01 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7);
      const low23 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5);
      const high23 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
      v128.store(at, v128.shuffle<i64>(low01, low23, 0, 2));
      at += PANEL_PITCH;
      v128.store(at, v128.shuffle<i64>(low01, low23, 1, 3));
      at += PANEL_PITCH;
      v128.store(at, v128.shuffle<i64>(high01, high23, 0, 2));
      at += PANEL_PITCH;
      v128.store(at, v128.shuffle<i64>(high01, high23, 1, 3));
      at += PANEL_PITCH;
      p0 += 16;
      p1 += 16;
      p2 += 16;
      p3 += 16;
    }
  }
}
