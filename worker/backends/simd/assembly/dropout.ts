import { TAIL } from "./layout";
import { drawMasks } from "./threefry";

// Masks are drawn for 32 elements at a time into TAIL, which only matrix
// products use otherwise, and applied immediately.

function masked(x: v128, at: usize, scale: v128, relu: bool): v128 {
  if (relu) x = f32x4.max(x, f32x4.splat(0));
  return v128.and(f32x4.mul(x, scale), v128.load(at));
}

/**
 * y = mask * scale * x for `size` elements, with negative x as 0 if `relu`; x
 * and y may be the same array. Call `seedMask` first: it selects the mask.
 */
export function applyMask(
  x: usize,
  y: usize,
  size: i32,
  threshold: u32,
  scale: f32,
  relu: bool,
): void {
  const scales = f32x4.splat(scale);
  let block = 0;
  let left = size;
  for (; left >= 32; left -= 32) {
    drawMasks(TAIL, block, threshold);
    block += 8;
    for (let at: usize = 0; at < 128; at += 32) {
      const low = v128.load(x + at);
      const high = v128.load(x + at, 16);
      v128.store(y + at, masked(low, TAIL + at, scales, relu));
      v128.store(y + at, masked(high, TAIL + at + 16, scales, relu), 16);
    }
    x += 128;
    y += 128;
  }
  if (left == 0) return;
  drawMasks(TAIL, block, threshold);
  for (let i = 0; i < left; i++) {
    const at = <usize> i << 2;
    let value = load<f32>(x + at);
    if (relu) value = max<f32>(value, 0);
    store<f32>(y + at, load<i32>(TAIL + at) != 0 ? value * scale : 0);
  }
}
