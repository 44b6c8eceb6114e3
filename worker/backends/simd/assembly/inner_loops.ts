import { multiplyAdd } from "./arithmetic";
import { GROUP, GROUPS, PANEL, STEP } from "./layout";

// The inner loops. For each pair of rows, a loop keeps the pair's part of the
// product in registers, goes through the pair's list, and at each step adds a
// multiple of one row of the panel. The loops differ only in the number of
// vectors in a row of the panel. On x86-64 15 vector registers are available:
// two rows of six vectors, two factors and one vector of the panel fill them.

/** Computes 24 columns of the product, from `c` on, for all pairs. */
function panelOf6(
  groups: i32,
  c: usize,
  stride: usize,
  fresh: bool,
): void {
  const zero = f32x4.splat(0);
  let group = GROUPS;
  for (let i = 0; i < groups; i++) {
    let at = <usize> load<u32>(group);
    const end = <usize> load<u32>(group, 4);
    const p = c + <usize> load<u32>(group, 8) * stride;
    const q = c + <usize> load<u32>(group, 12) * stride;
    group += GROUP;
    let p0 = zero;
    let q0 = zero;
    let p1 = zero;
    let q1 = zero;
    let p2 = zero;
    let q2 = zero;
    let p3 = zero;
    let q3 = zero;
    let p4 = zero;
    let q4 = zero;
    let p5 = zero;
    let q5 = zero;
    if (!fresh) {
      p0 = v128.load(p);
      q0 = v128.load(q);
      p1 = v128.load(p, 16);
      q1 = v128.load(q, 16);
      p2 = v128.load(p, 32);
      q2 = v128.load(q, 32);
      p3 = v128.load(p, 48);
      q3 = v128.load(q, 48);
      p4 = v128.load(p, 64);
      q4 = v128.load(q, 64);
      p5 = v128.load(p, 80);
      q5 = v128.load(q, 80);
    }
    while (at < end) {
      const row = <usize> load<u32>(at, 8);
      const x = v128.load32_splat(at);
      const y = v128.load32_splat(at, 4);
      const b0 = v128.load(row, PANEL);
      p0 = multiplyAdd(x, b0, p0);
      q0 = multiplyAdd(y, b0, q0);
      const b1 = v128.load(row, PANEL + 16);
      p1 = multiplyAdd(x, b1, p1);
      q1 = multiplyAdd(y, b1, q1);
      const b2 = v128.load(row, PANEL + 32);
      p2 = multiplyAdd(x, b2, p2);
      q2 = multiplyAdd(y, b2, q2);
      const b3 = v128.load(row, PANEL + 48);
      p3 = multiplyAdd(x, b3, p3);
      q3 = multiplyAdd(y, b3, q3);
      const b4 = v128.load(row, PANEL + 64);
      p4 = multiplyAdd(x, b4, p4);
      q4 = multiplyAdd(y, b4, q4);
      const b5 = v128.load(row, PANEL + 80);
      p5 = multiplyAdd(x, b5, p5);
      q5 = multiplyAdd(y, b5, q5);
      at += STEP;
    }
    // The second row is written first: an odd last row is both rows of its
    // pair, and its first-row result must win.
    v128.store(q, q0);
    v128.store(q, q1, 16);
    v128.store(q, q2, 32);
    v128.store(q, q3, 48);
    v128.store(q, q4, 64);
    v128.store(q, q5, 80);
    v128.store(p, p0);
    v128.store(p, p1, 16);
    v128.store(p, p2, 32);
    v128.store(p, p3, 48);
    v128.store(p, p4, 64);
    v128.store(p, p5, 80);
  }
}

/** Computes 16 columns of the product, from `c` on, for all pairs. */
function panelOf4(
  groups: i32,
  c: usize,
  stride: usize,
  fresh: bool,
): void {
  const zero = f32x4.splat(0);
  let group = GROUPS;
  for (let i = 0; i < groups; i++) {
    let at = <usize> load<u32>(group);
    const end = <usize> load<u32>(group, 4);
    const p = c + <usize> load<u32>(group, 8) * stride;
    const q = c + <usize> load<u32>(group, 12) * stride;
    group += GROUP;
    let p0 = zero;
    let q0 = zero;
    let p1 = zero;
    let q1 = zero;
    let p2 = zero;
    let q2 = zero;
    let p3 = zero;
    let q3 = zero;
    if (!fresh) {
      p0 = v128.load(p);
      q0 = v128.load(q);
      p1 = v128.load(p, 16);
      q1 = v128.load(q, 16);
      p2 = v128.load(p, 32);
      q2 = v128.load(q, 32);
      p3 = v128.load(p, 48);
      q3 = v128.load(q, 48);
    }
    while (at < end) {
      const row = <usize> load<u32>(at, 8);
      const x = v128.load32_splat(at);
      const y = v128.load32_splat(at, 4);
      const b0 = v128.load(row, PANEL);
      p0 = multiplyAdd(x, b0, p0);
      q0 = multiplyAdd(y, b0, q0);
      const b1 = v128.load(row, PANEL + 16);
      p1 = multiplyAdd(x, b1, p1);
      q1 = multiplyAdd(y, b1, q1);
      const b2 = v128.load(row, PANEL + 32);
      p2 = multiplyAdd(x, b2, p2);
      q2 = multiplyAdd(y, b2, q2);
      const b3 = v128.load(row, PANEL + 48);
      p3 = multiplyAdd(x, b3, p3);
      q3 = multiplyAdd(y, b3, q3);
      at += STEP;
    }
    // The second row is written first: an odd last row is both rows of its
    // pair, and its first-row result must win.
    v128.store(q, q0);
    v128.store(q, q1, 16);
    v128.store(q, q2, 32);
    v128.store(q, q3, 48);
    v128.store(p, p0);
    v128.store(p, p1, 16);
    v128.store(p, p2, 32);
    v128.store(p, p3, 48);
  }
}

/** Computes 12 columns of the product, from `c` on, for all pairs. */
function panelOf3(
  groups: i32,
  c: usize,
  stride: usize,
  fresh: bool,
): void {
  const zero = f32x4.splat(0);
  let group = GROUPS;
  for (let i = 0; i < groups; i++) {
    let at = <usize> load<u32>(group);
    const end = <usize> load<u32>(group, 4);
    const p = c + <usize> load<u32>(group, 8) * stride;
    const q = c + <usize> load<u32>(group, 12) * stride;
    group += GROUP;
    let p0 = zero;
    let q0 = zero;
    let p1 = zero;
    let q1 = zero;
    let p2 = zero;
    let q2 = zero;
    if (!fresh) {
      p0 = v128.load(p);
      q0 = v128.load(q);
      p1 = v128.load(p, 16);
      q1 = v128.load(q, 16);
      p2 = v128.load(p, 32);
      q2 = v128.load(q, 32);
    }
    while (at < end) {
      const row = <usize> load<u32>(at, 8);
      const x = v128.load32_splat(at);
      const y = v128.load32_splat(at, 4);
      const b0 = v128.load(row, PANEL);
      p0 = multiplyAdd(x, b0, p0);
      q0 = multiplyAdd(y, b0, q0);
      const b1 = v128.load(row, PANEL + 16);
      p1 = multiplyAdd(x, b1, p1);
      q1 = multiplyAdd(y, b1, q1);
      const b2 = v128.load(row, PANEL + 32);
      p2 = multiplyAdd(x, b2, p2);
      q2 = multiplyAdd(y, b2, q2);
      at += STEP;
    }
    // The second row is written first: an odd last row is both rows of its
    // pair, and its first-row result must win.
    v128.store(q, q0);
    v128.store(q, q1, 16);
    v128.store(q, q2, 32);
    v128.store(p, p0);
    v128.store(p, p1, 16);
    v128.store(p, p2, 32);
  }
}

/**
 * Adds the pairs' products with the panel to `c`, or overwrites `c` if `fresh`.
 * The panel is 6, 4 or 3 vectors wide.
 */
export function multiplyPanel(
  groups: i32,
  vectors: i32,
  c: usize,
  stride: usize,
  fresh: bool,
): void {
  if (vectors == 6) panelOf6(groups, c, stride, fresh);
  else if (vectors == 4) panelOf4(groups, c, stride, fresh);
  else panelOf3(groups, c, stride, fresh);
}
