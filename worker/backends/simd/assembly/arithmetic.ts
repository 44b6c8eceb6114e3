// What the builds differ in, decided while compiling: `relaxed` has one
// instruction for a * b + c, rounding once or twice as the processor likes;
// plain SIMD multiplies, rounds, and adds.

/** a * b + c in each lane. */
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(c, f32x4.mul(a, b));
}

/** Bytes in a vector. */
export const VECTOR: usize = 16;

/** `length` floats from `at` become zero. */
export function fillZero(at: usize, length: i32): void {
  memory.fill(at, 0, <usize> length << 2);
}
