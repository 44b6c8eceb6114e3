import { multiplyAdd } from "./arithmetic";

/**
 * Only multiplies and adds, in registers: `rounds` times 80 floating point
 * operations. Its time is a lower bound for every kernel. (The factors are not
 * constants, because those would be loaded from memory for each operation.)
 */
export function multiplyAdds(rounds: i32, factor: f32, term: f32): f32 {
  const x = f32x4.splat(factor);
  const y = f32x4.splat(term);
  let a0 = f32x4.splat(0);
  let a1 = f32x4.splat(1);
  let a2 = f32x4.splat(2);
  let a3 = f32x4.splat(3);
  let a4 = f32x4.splat(4);
  let a5 = f32x4.splat(5);
  let a6 = f32x4.splat(6);
  let a7 = f32x4.splat(7);
  let a8 = f32x4.splat(8);
  let a9 = f32x4.splat(9);
  for (let i = 0; i < rounds; i++) {
    a0 = multiplyAdd(a0, x, y);
    a1 = multiplyAdd(a1, x, y);
    a2 = multiplyAdd(a2, x, y);
    a3 = multiplyAdd(a3, x, y);
    a4 = multiplyAdd(a4, x, y);
    a5 = multiplyAdd(a5, x, y);
    a6 = multiplyAdd(a6, x, y);
    a7 = multiplyAdd(a7, x, y);
    a8 = multiplyAdd(a8, x, y);
    a9 = multiplyAdd(a9, x, y);
  }
  const low = f32x4.add(f32x4.add(a0, a1), f32x4.add(a2, a3));
  const high = f32x4.add(f32x4.add(a4, a5), f32x4.add(a6, a7));
  const sum = f32x4.add(f32x4.add(low, high), f32x4.add(a8, a9));
  return f32x4.extract_lane(sum, 0);
}
