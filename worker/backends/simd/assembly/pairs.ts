import {
  GROUP,
  GROUPS,
  LISTS,
  ORDER,
  PANEL_PITCH,
  ROW_BLOCK,
  SIGNATURES,
  STEP,
} from "./layout";

// The left-hand matrix as lists of steps. Its rows are grouped in pairs. A
// pair's list has one step for each column in which either row is not zero: the
// two factors and the offset of the panel's row that they multiply.
//
// Why pairs: each loaded vector of the panel is used for two multiply-adds. A
// loop over single rows skips more zeros but is slower, because it loads a
// vector for each multiply-add. The more zeros two rows share, the shorter
// their list, so similar rows are paired.

/** Pairs the rows in order: 0 and 1, 2 and 3, … */
export function pairInOrder(rows: i32): void {
  for (let row = 0; row < rows; row++) {
    store<i32>(ORDER + (<usize> row << 2), row);
  }
}

/**
 * Pairs rows that are zero in nearly the same columns, compared in 64 columns:
 * each row in turn is paired with the remaining row that differs least.
 */
export function pairAlike(
  a: usize,
  stride: usize,
  rows: i32,
  depth: i32,
): void {
  if (depth < 64 || rows > ROW_BLOCK) {
    pairInOrder(rows);
    return;
  }
  for (let row = 0; row < rows; row++) {
    store<i32>(ORDER + (<usize> row << 2), row);
    const from = a + <usize> row * stride;
    store<u64>(SIGNATURES + (<usize> row << 3), signature(from, depth));
  }
  for (let row = 0; row + 2 < rows; row += 2) {
    const mine = SIGNATURES + (<usize> row << 3);
    const bits = load<u64>(mine);
    let best = row + 1;
    let least: u64 = u64.MAX_VALUE;
    let at = mine + 8;
    // Only the next 256 rows are compared, so the search takes linear time.
    const end = min(rows, row + 256);
    for (let other = row + 1; other < end; other++) {
      const differ = popcnt(bits ^ load<u64>(at));
      best = differ < least ? other : best;
      least = differ < least ? differ : least;
      at += 8;
    }
    swap(row + 1, best);
  }
}

/** Bit j says whether column j of 64, spread over the row, is not zero. */
function signature(row: usize, depth: i32): u64 {
  let bits: u64 = 0;
  for (let j = 0; j < 64; j++) {
    const column = (j * depth) >> 6;
    const value = load<f32>(row + (<usize> column << 2));
    bits |= <u64> (value != 0) << <u64> j;
  }
  return bits;
}

function swap(i: i32, j: i32): void {
  if (i == j) return;
  const order = ORDER + (<usize> i << 2);
  const otherOrder = ORDER + (<usize> j << 2);
  const row = load<i32>(order);
  store<i32>(order, load<i32>(otherOrder));
  store<i32>(otherOrder, row);
  const at = SIGNATURES + (<usize> i << 3);
  const otherAt = SIGNATURES + (<usize> j << 3);
  const bits = load<u64>(at);
  store<u64>(at, load<u64>(otherAt));
  store<u64>(otherAt, bits);
}

/** Writes a step; returns the next position, or the same if both are 0. */
function addStep(at: usize, factors: u64, offset: usize): usize {
  store<u64>(at, factors);
  store<u32>(at, <u32> offset, 8);
  return at + (factors != 0 ? STEP : 0);
}

/**
 * Makes the lists for the rows of a row-major matrix, paired as in ORDER.
 *
 * @returns the number of pairs
 */
export function listRows(
  a: usize,
  stride: usize,
  rows: i32,
  depth: i32,
): i32 {
  let at = LISTS;
  let group = GROUPS;
  const whole = depth & ~3;
  for (let row = 0; row < rows; row += 2) {
    const first = load<i32>(ORDER + (<usize> row << 2));
    // With an odd number of rows, the last one is paired with zeros.
    const alone = row + 1 == rows;
    const second = alone ? first : load<i32>(ORDER + (<usize> row << 2), 4);
    const keep = i32x4.splat(alone ? 0 : -1);
    let p = a + <usize> first * stride;
    let q = a + <usize> second * stride;
    store<u32>(group, <u32> at);
    store<i32>(group, first, 8);
    store<i32>(group, second, 12);
    let offset: usize = 0;
    for (let k = 0; k < whole; k += 4) {
      const x = v128.load(p);
      const y = v128.and(v128.load(q), keep);
      const low = v128.shuffle<f32>(x, y, 0, 4, 1, 5);
      const high = v128.shuffle<f32>(x, y, 2, 6, 3, 7);
      at = addStep(at, i64x2.extract_lane(low, 0), offset);
      at = addStep(at, i64x2.extract_lane(low, 1), offset + PANEL_PITCH);
      at = addStep(at, i64x2.extract_lane(high, 0), offset + 2 * PANEL_PITCH);
      at = addStep(at, i64x2.extract_lane(high, 1), offset + 3 * PANEL_PITCH);
      offset += 4 * PANEL_PITCH;
      p += 16;
      q += 16;
    }
    for (let k = whole; k < depth; k++) {
      const y = alone ? 0 : load<u32>(q);
      at = addStep(at, <u64> load<u32>(p) | (<u64> y << 32), offset);
      offset += PANEL_PITCH;
      p += 4;
      q += 4;
    }
    store<u32>(group, <u32> at, 4);
    group += GROUP;
  }
  return (rows + 1) >> 1;
}

/**
 * Makes the lists for the columns of a row-major matrix (the rows of its
 * transpose), each paired with the next column. (In images, vertically adjacent
 * pixels are more alike than horizontally adjacent ones. Pairing those saves 4%
 * of the steps but loses as much time to stores that are further apart.)
 *
 * @returns the number of pairs
 */
export function listColumns(
  a: usize,
  stride: usize,
  columns: i32,
  depth: i32,
): i32 {
  const pitch = <usize> depth * STEP;
  let lists = LISTS;
  let group = GROUPS;
  let column = 0;
  for (; column + 8 <= columns; column += 8) {
    listEight(a + (<usize> column << 2), stride, depth, lists, group);
    for (let i = 0; i < 8; i += 2) {
      store<i32>(group, column + i, 8);
      store<i32>(group, column + i + 1, 12);
      group += GROUP;
      lists += pitch;
    }
  }
  for (; column < columns; column += 2) {
    const alone = column + 1 == columns;
    let at = lists;
    let p = a + (<usize> column << 2);
    let offset: usize = 0;
    for (let k = 0; k < depth; k++) {
      const y = alone ? 0 : load<u32>(p, 4);
      at = addStep(at, <u64> load<u32>(p) | (<u64> y << 32), offset);
      offset += PANEL_PITCH;
      p += stride;
    }
    store<u32>(group, <u32> lists);
    store<u32>(group, <u32> at, 4);
    store<i32>(group, column, 8);
    store<i32>(group, alone ? column : column + 1, 12);
    group += GROUP;
    lists += pitch;
  }
  return (columns + 1) >> 1;
}

/** Handles four pairs at once, from eight adjacent columns. */
function listEight(
  p: usize,
  stride: usize,
  depth: i32,
  lists: usize,
  group: usize,
): void {
  const pitch = <usize> depth * STEP;
  let at0 = lists;
  let at1 = lists + pitch;
  let at2 = lists + 2 * pitch;
  let at3 = lists + 3 * pitch;
  store<u32>(group, <u32> at0);
  store<u32>(group, <u32> at1, 16);
  store<u32>(group, <u32> at2, 32);
  store<u32>(group, <u32> at3, 48);
  let offset: usize = 0;
  for (let k = 0; k < depth; k++) {
    at0 = addStep(at0, load<u64>(p), offset);
    at1 = addStep(at1, load<u64>(p, 8), offset);
    at2 = addStep(at2, load<u64>(p, 16), offset);
    at3 = addStep(at3, load<u64>(p, 24), offset);
    offset += PANEL_PITCH;
    p += stride;
  }
  store<u32>(group, <u32> at0, 4);
  store<u32>(group, <u32> at1, 20);
  store<u32>(group, <u32> at2, 36);
  store<u32>(group, <u32> at3, 52);
}

/** Number of steps in the most recent lists of `groups` pairs. */
export function countSteps(groups: i32): i32 {
  let bytes: usize = 0;
  let group = GROUPS;
  for (let i = 0; i < groups; i++, group += GROUP) {
    bytes += load<u32>(group, 4) - load<u32>(group);
  }
  return <i32> (bytes / STEP);
}
