import { multiplyAdd } from "./arithmetic";

// Each function makes one pass over memory, four floats at a time and the rest
// one by one. The result may overwrite an operand.

/** out = a + b. */
export function add(a: usize, b: usize, out: usize, size: i32): void {
  const end = out + (<usize> (size & ~3) << 2);
  for (; out < end; a += 16, b += 16, out += 16) {
    v128.store(out, f32x4.add(v128.load(a), v128.load(b)));
  }
  for (let i = size & ~3; i < size; i++, a += 4, b += 4, out += 4) {
    store<f32>(out, load<f32>(a) + load<f32>(b));
  }
}

/** out = a - b. */
export function subtract(a: usize, b: usize, out: usize, size: i32): void {
  const end = out + (<usize> (size & ~3) << 2);
  for (; out < end; a += 16, b += 16, out += 16) {
    v128.store(out, f32x4.sub(v128.load(a), v128.load(b)));
  }
  for (let i = size & ~3; i < size; i++, a += 4, b += 4, out += 4) {
    store<f32>(out, load<f32>(a) - load<f32>(b));
  }
}

/** out = a * b. */
export function times(a: usize, b: usize, out: usize, size: i32): void {
  const end = out + (<usize> (size & ~3) << 2);
  for (; out < end; a += 16, b += 16, out += 16) {
    v128.store(out, f32x4.mul(v128.load(a), v128.load(b)));
  }
  for (let i = size & ~3; i < size; i++, a += 4, b += 4, out += 4) {
    store<f32>(out, load<f32>(a) * load<f32>(b));
  }
}

/** out = a * factor + term. */
export function scale(
  a: usize,
  factor: f32,
  term: f32,
  out: usize,
  size: i32,
): void {
  const factors = f32x4.splat(factor);
  const terms = f32x4.splat(term);
  const end = out + (<usize> (size & ~3) << 2);
  for (; out < end; a += 16, out += 16) {
    v128.store(out, f32x4.add(f32x4.mul(v128.load(a), factors), terms));
  }
  for (let i = size & ~3; i < size; i++, a += 4, out += 4) {
    store<f32>(out, load<f32>(a) * factor + term);
  }
}

/** out = a where a > 0, else 0; NaN stays NaN. */
export function relu(a: usize, out: usize, size: i32): void {
  const zero = f32x4.splat(0);
  const end = out + (<usize> (size & ~3) << 2);
  for (; out < end; a += 16, out += 16) {
    v128.store(out, f32x4.max(v128.load(a), zero));
  }
  for (let i = size & ~3; i < size; i++, a += 4, out += 4) {
    store<f32>(out, max<f32>(load<f32>(a), 0));
  }
}

/** out = 1 where a > 0, else `alpha * a`; NaN stays NaN. */
export function step(a: usize, alpha: f32, out: usize, size: i32): void {
  for (let i = 0; i < size; i++, a += 4, out += 4) {
    const value = load<f32>(a);
    store<f32>(out, value != value ? value : value > 0 ? 1 : alpha);
  }
}

/** out = dy * factor where y > 0, else 0. */
export function passWherePositive(
  dy: usize,
  y: usize,
  factor: f32,
  out: usize,
  size: i32,
): void {
  const zero = f32x4.splat(0);
  const factors = f32x4.splat(factor);
  const end = out + (<usize> (size & ~3) << 2);
  for (; out < end; dy += 16, y += 16, out += 16) {
    const pass = f32x4.gt(v128.load(y), zero);
    v128.store(out, v128.and(f32x4.mul(v128.load(dy), factors), pass));
  }
  for (let i = size & ~3; i < size; i++, dy += 4, y += 4, out += 4) {
    store<f32>(out, load<f32>(y) > 0 ? load<f32>(dy) * factor : 0);
  }
}

/** w -= rate * (dw + decay * w). */
export function descend(
  w: usize,
  dw: usize,
  rate: f32,
  decay: f32,
  size: i32,
): void {
  const rates = f32x4.splat(-rate);
  const decays = f32x4.splat(decay);
  const end = w + (<usize> (size & ~3) << 2);
  if (decay == 0) {
    for (; w < end; w += 16, dw += 16) {
      v128.store(w, multiplyAdd(rates, v128.load(dw), v128.load(w)));
    }
  } else {
    for (; w < end; w += 16, dw += 16) {
      const before = v128.load(w);
      const gradient = multiplyAdd(decays, before, v128.load(dw));
      v128.store(w, multiplyAdd(rates, gradient, before));
    }
  }
  for (let i = size & ~3; i < size; i++, w += 4, dw += 4) {
    const before = load<f32>(w);
    let gradient = load<f32>(dw);
    if (decay != 0) gradient += decay * before;
    store<f32>(w, before - rate * gradient);
  }
}

/** Copies the row of `columns` floats at `row` to all rows of `out`. */
export function repeatRow(
  row: usize,
  out: usize,
  rows: i32,
  columns: i32,
): void {
  const pitch = <usize> columns << 2;
  for (let i = 0; i < rows; i++, out += pitch) memory.copy(out, row, pitch);
}

/** out: [rows, columns] = a + the row at `row`. */
export function addRow(
  a: usize,
  row: usize,
  out: usize,
  rows: i32,
  columns: i32,
): void {
  const pitch = <usize> columns << 2;
  for (let i = 0; i < rows; i++, a += pitch, out += pitch) {
    add(a, row, out, columns);
  }
}

/**
 * out: [columns] = the sum of each column of a: [rows, columns]; for one
 * column, the sum of a's elements.
 */
export function sumRows(a: usize, out: usize, rows: i32, columns: i32): void {
  const pitch = <usize> columns << 2;
  let column = 0;
  for (; column + 16 <= columns; column += 16) {
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    let at = a + (<usize> column << 2);
    for (let i = 0; i < rows; i++, at += pitch) {
      s0 = f32x4.add(s0, v128.load(at));
      s1 = f32x4.add(s1, v128.load(at, 16));
      s2 = f32x4.add(s2, v128.load(at, 32));
      s3 = f32x4.add(s3, v128.load(at, 48));
    }
    const to = out + (<usize> column << 2);
    v128.store(to, s0);
    v128.store(to, s1, 16);
    v128.store(to, s2, 32);
    v128.store(to, s3, 48);
  }
  for (; column < columns; column++) {
    let at = a + (<usize> column << 2);
    let sum: f64 = 0;
    for (let i = 0; i < rows; i++, at += pitch) sum += load<f32>(at);
    store<f32>(out + (<usize> column << 2), <f32> sum);
  }
}

/** out: [columns, rows] = the transpose of a: [rows, columns]. */
export function transpose(
  a: usize,
  out: usize,
  rows: i32,
  columns: i32,
): void {
  const pitch = <usize> columns << 2;
  const outPitch = <usize> rows << 2;
  const wholeRows = rows & ~3;
  const wholeColumns = columns & ~3;
  for (let j = 0; j < wholeColumns; j += 4) {
    let p = a + (<usize> j << 2);
    let q = out + <usize> j * outPitch;
    for (let i = 0; i < wholeRows; i += 4, p += 4 * pitch, q += 16) {
      const x0 = v128.load(p);
      const x1 = v128.load(p + pitch);
      const x2 = v128.load(p + 2 * pitch);
      const x3 = v128.load(p + 3 * pitch);
      const low01 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5);
      const high01 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7);
      const low23 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5);
      const high23 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
      v128.store(q, v128.shuffle<i64>(low01, low23, 0, 2));
      v128.store(q + outPitch, v128.shuffle<i64>(low01, low23, 1, 3));
      v128.store(q + 2 * outPitch, v128.shuffle<i64>(high01, high23, 0, 2));
      v128.store(q + 3 * outPitch, v128.shuffle<i64>(high01, high23, 1, 3));
    }
  }
  for (let i = 0; i < rows; i++) {
    for (let j = i < wholeRows ? wholeColumns : 0; j < columns; j++) {
      store<f32>(
        out + <usize> j * outPitch + (<usize> i << 2),
        load<f32>(a + <usize> i * pitch + (<usize> j << 2)),
      );
    }
  }
}

/** Counts pairs of adjacent floats, among `size`, that are not both zero. */
export function countPairs(a: usize, size: i32): i32 {
  const zero = i64x2.splat(0);
  let counts = i64x2.splat(0);
  const end = a + (<usize> (size & ~3) << 2);
  // A comparison gives -1 in each lane where it is true.
  for (; a < end; a += 16) {
    counts = i64x2.sub(counts, i64x2.ne(v128.load(a), zero));
  }
  return <i32> (i64x2.extract_lane(counts, 0) + i64x2.extract_lane(counts, 1));
}

/** out = byte / 255. */
export function bytesToUnit(bytes: usize, out: usize, size: i32): void {
  const range = f32x4.splat(255);
  let i = 0;
  for (; i + 16 <= size; i += 16, bytes += 16, out += 64) {
    const x = v128.load(bytes);
    const low = i16x8.extend_low_i8x16_u(x);
    const high = i16x8.extend_high_i8x16_u(x);
    v128.store(out, unit(i32x4.extend_low_i16x8_u(low), range));
    v128.store(out, unit(i32x4.extend_high_i16x8_u(low), range), 16);
    v128.store(out, unit(i32x4.extend_low_i16x8_u(high), range), 32);
    v128.store(out, unit(i32x4.extend_high_i16x8_u(high), range), 48);
  }
  for (; i < size; i++, bytes++, out += 4) {
    store<f32>(out, <f32> load<u8>(bytes) / 255);
  }
}

function unit(x: v128, range: v128): v128 {
  return f32x4.div(f32x4.convert_i32x4_s(x), range);
}
