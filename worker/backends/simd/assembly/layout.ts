// The kernels' scratch memory. Tensors are above SCRATCH_END, where
// worker/backends/simd/arena.ts allocates; nothing below it outlives a call.
//
// below PANEL: constant tables of the compiler PANEL the current panel of the
// right-hand matrix: DEPTH_BLOCK rows of PANEL_PITCH bytes. Its address is a
// constant, so that load instructions of the inner loop contain it. TAIL the
// product's columns beyond the last whole panel ORDER which rows are multiplied
// in pairs GROUPS one record a pair: list start, list end, its two rows LISTS
// the pairs' lists of steps

/** Columns of a panel, limited by the registers for accumulators. */
export const PANEL_VECTORS: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 4;

export const PANEL_COLUMNS: i32 = PANEL_VECTORS * 4;

export const PANEL_PITCH: usize = PANEL_COLUMNS * 4;

/** Terms of each sum in one pass over the lists. */
export const DEPTH_BLOCK: i32 = 1024;

/** Rows of the product in one pass. */
export const ROW_BLOCK: i32 = 256;

/** Bytes of a step: two factors and the offset of the panel's row. */
export const STEP: usize = 12;

/** Bytes of a pair's record. */
export const GROUP: usize = 16;

export const PANEL: usize = 8192;

export const TAIL: usize = PANEL + (<usize> DEPTH_BLOCK + 4) * 96;

export const ORDER: usize = TAIL + <usize> ROW_BLOCK * 96;

export const SIGNATURES: usize = ORDER + <usize> ROW_BLOCK * 4;

export const GROUPS: usize = SIGNATURES + <usize> ROW_BLOCK * 8;

export const LISTS: usize = GROUPS + <usize> ROW_BLOCK * GROUP;

export const SCRATCH_END: usize = LISTS +
  (<usize> ROW_BLOCK / 2) * (<usize> DEPTH_BLOCK + 4) * STEP;

/** First byte that tensors may use. */
export function scratchEnd(): usize {
  return SCRATCH_END;
}
