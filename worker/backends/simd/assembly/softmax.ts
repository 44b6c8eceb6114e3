import { multiplyAdd } from "./arithmetic";

// Softmax, cross-entropy and argmax over the classes of each example.

/**
 * e ** x for x <= 0, relative error below 2e-7; 0 below -87. Splits x into
 * n ln 2 + r with |r| <= ln 2 / 2, sums the Taylor series of e ** r to its
 * seventh power, whose remainder is below 6e-9, and scales by 2 ** n.
 */
function exponential(x: v128): v128 {
  const kept = f32x4.gt(x, f32x4.splat(-87));
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504)));
  // ln 2 in two parts; the first has few digits, so its product is exact.
  let r = f32x4.add(x, f32x4.mul(n, f32x4.splat(-0.693359375)));
  r = f32x4.add(r, f32x4.mul(n, f32x4.splat(2.12194440e-4)));
  let sum = f32x4.splat(1.0 / 5040);
  sum = multiplyAdd(sum, r, f32x4.splat(1.0 / 720));
  sum = multiplyAdd(sum, r, f32x4.splat(1.0 / 120));
  sum = multiplyAdd(sum, r, f32x4.splat(1.0 / 24));
  sum = multiplyAdd(sum, r, f32x4.splat(1.0 / 6));
  sum = multiplyAdd(sum, r, f32x4.splat(0.5));
  sum = multiplyAdd(sum, r, f32x4.splat(1));
  sum = multiplyAdd(sum, r, f32x4.splat(1));
  const exponent = i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127));
  const power = f32x4.mul(sum, i32x4.shl(exponent, 23));
  // NaN is neither above nor below -87 and must be passed on.
  return v128.or(v128.and(power, kept), v128.and(x, f32x4.ne(x, x)));
}

/** Index of the largest of `count` floats; of equal ones the first. */
function largest(at: usize, count: i32): i32 {
  let best = 0;
  let most = load<f32>(at);
  for (let i = 1; i < count; i++) {
    const value = load<f32>(at + (<usize> i << 2));
    if (value > most) {
      most = value;
      best = i;
    }
  }
  return best;
}

/** out: int32 [rows] = the index of each row's largest value. */
export function argMax(a: usize, out: usize, rows: i32, columns: i32): void {
  for (let i = 0; i < rows; i++) {
    store<i32>(
      out + (<usize> i << 2),
      largest(a + <usize> (i * columns) * 4, columns),
    );
  }
}

/**
 * stats: [2] = the sum of the losses and the number of right answers; and in
 * `out`: [rows, classes] the gradient of the mean loss, if `gradient`, else
 * undefined contents. A label that is no class makes the loss NaN.
 */
export function softmaxCrossEntropy(
  logits: usize,
  labels: usize,
  stats: usize,
  out: usize,
  rows: i32,
  classes: i32,
  gradient: bool,
): void {
  const pitch = <usize> classes << 2;
  let loss: f64 = 0;
  let right = 0;
  for (let i = 0; i < rows; i++) {
    const row = logits + <usize> i * pitch;
    const to = out + <usize> i * pitch;
    const label = load<u32>(labels + (<usize> i << 2));
    const answer = largest(row, classes);
    right += i32(<u32> answer == label);
    const most = load<f32>(row + (<usize> answer << 2));
    for (let j = 0; j < classes; j++) {
      const at = <usize> j << 2;
      store<f32>(to + at, load<f32>(row + at) - most);
    }
    loss -= label < <u32> classes
      ? <f64> load<f32>(to + (<usize> label << 2))
      : NaN;
  }
  exponentials(out, rows * classes);
  const share: f32 = <f32> 1 / <f32> rows;
  for (let i = 0; i < rows; i++) {
    const to = out + <usize> i * pitch;
    let total: f32 = 0;
    for (let j = 0; j < classes; j++) total += load<f32>(to + (<usize> j << 2));
    loss += Math.log(<f64> total);
    if (!gradient) continue;
    const factor: f32 = share / total;
    for (let j = 0; j < classes; j++) {
      const at = to + (<usize> j << 2);
      store<f32>(at, load<f32>(at) * factor);
    }
    const label = load<u32>(labels + (<usize> i << 2));
    if (label >= <u32> classes) continue;
    const at = to + (<usize> label << 2);
    store<f32>(at, load<f32>(at) - share);
  }
  store<f32>(stats, <f32> loss);
  store<f32>(stats, <f32> right, 4);
}

/** a = e ** a, for a <= 0; overwrites up to three floats after the end. */
function exponentials(a: usize, size: i32): void {
  const end = a + (<usize> size << 2);
  for (; a < end; a += 16) v128.store(a, exponential(v128.load(a)));
}
