// The only difference between the two builds, selected at compile time:
// `relaxed` has one instruction for a * b + c, and the processor decides
// whether it rounds once or twice. Plain SIMD multiplies, rounds and adds.

/** a * b + c in each lane. */
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(c, f32x4.mul(a, b));
}

/** Sets `length` floats from `at` to zero. */
export function fillZero(at: usize, length: i32): void {
  memory.fill(at, 0, <usize> length << 2);
}
