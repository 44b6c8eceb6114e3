// Threefry-4x32 with 20 rounds (Salmon, Moraes, Dror, Shaw, "Parallel Random
// Numbers: As Easy as 1, 2, 3", SC 2011), eight blocks at a time: lane i of x0
// to x3, the four words, belongs to the block `block + i`, and of y0 to y3 to
// the block `block + 4 + i`. Each operation depends on the one before, so the
// two groups are interleaved.

function rotate(x: v128, by: i32): v128 {
  return v128.or(i32x4.shl(x, by), i32x4.shr_u(x, 32 - by));
}

/** The key with its parity word, and the rest of the counter. */
let key0: i32 = 0;
let key1: i32 = 0;
let key2: i32 = 0;
let key3: i32 = 0;
let key4: i32 = 0;
let counter1: i32 = 0;
let counter2: i32 = 0;

/** Sets key and counter of the following draws; its last word is 0. */
export function seedMask(
  k0: i32,
  k1: i32,
  k2: i32,
  k3: i32,
  step: i32,
  epoch: i32,
): void {
  key0 = k0;
  key1 = k1;
  key2 = k2;
  key3 = k3;
  key4 = 0x1bd11bda ^ k0 ^ k1 ^ k2 ^ k3;
  counter1 = step;
  counter2 = epoch;
}

/**
 * Writes to `to` 32 masks of 32 bits for the elements `4 * block ..`: all ones
 * where the element's word is at least `threshold`, zeros where it is dropped.
 */
export function drawMasks(to: usize, block: i32, threshold: u32): void {
  const k0 = i32x4.splat(key0);
  const k1 = i32x4.splat(key1);
  const k2 = i32x4.splat(key2);
  const k3 = i32x4.splat(key3);
  const k4 = i32x4.splat(key4);
  let x0 = i32x4.add(i32x4.add(i32x4.splat(block), i32x4(0, 1, 2, 3)), k0);
  let y0 = i32x4.add(x0, i32x4.splat(4));
  let x1 = i32x4.splat(counter1 + key1);
  let y1 = x1;
  let x2 = i32x4.splat(counter2 + key2);
  let y2 = x2;
  let x3 = k3;
  let y3 = x3;
  let added: v128;

  x0 = i32x4.add(x0, x1);
  y0 = i32x4.add(y0, y1);
  x1 = v128.xor(rotate(x1, 10), x0);
  y1 = v128.xor(rotate(y1, 10), y0);
  x2 = i32x4.add(x2, x3);
  y2 = i32x4.add(y2, y3);
  x3 = v128.xor(rotate(x3, 26), x2);
  y3 = v128.xor(rotate(y3, 26), y2);
  x0 = i32x4.add(x0, x3);
  y0 = i32x4.add(y0, y3);
  x3 = v128.xor(rotate(x3, 11), x0);
  y3 = v128.xor(rotate(y3, 11), y0);
  x2 = i32x4.add(x2, x1);
  y2 = i32x4.add(y2, y1);
  x1 = v128.xor(rotate(x1, 21), x2);
  y1 = v128.xor(rotate(y1, 21), y2);
  x0 = i32x4.add(x0, x1);
  y0 = i32x4.add(y0, y1);
  x1 = v128.xor(rotate(x1, 13), x0);
  y1 = v128.xor(rotate(y1, 13), y0);
  x2 = i32x4.add(x2, x3);
  y2 = i32x4.add(y2, y3);
  x3 = v128.xor(rotate(x3, 27), x2);
  y3 = v128.xor(rotate(y3, 27), y2);
  x0 = i32x4.add(x0, x3);
  y0 = i32x4.add(y0, y3);
  x3 = v128.xor(rotate(x3, 23), x0);
  y3 = v128.xor(rotate(y3, 23), y0);
  x2 = i32x4.add(x2, x1);
  y2 = i32x4.add(y2, y1);
  x1 = v128.xor(rotate(x1, 5), x2);
  y1 = v128.xor(rotate(y1, 5), y2);

  added = i32x4.add(k4, i32x4.splat(1));
  x0 = i32x4.add(x0, k1);
  y0 = i32x4.add(y0, k1);
  x1 = i32x4.add(x1, k2);
  y1 = i32x4.add(y1, k2);
  x2 = i32x4.add(x2, k3);
  y2 = i32x4.add(y2, k3);
  x3 = i32x4.add(x3, added);
  y3 = i32x4.add(y3, added);

  x0 = i32x4.add(x0, x1);
  y0 = i32x4.add(y0, y1);
  x1 = v128.xor(rotate(x1, 6), x0);
  y1 = v128.xor(rotate(y1, 6), y0);
  x2 = i32x4.add(x2, x3);
  y2 = i32x4.add(y2, y3);
  x3 = v128.xor(rotate(x3, 20), x2);
  y3 = v128.xor(rotate(y3, 20), y2);
  x0 = i32x4.add(x0, x3);
  y0 = i32x4.add(y0, y3);
  x3 = v128.xor(rotate(x3, 17), x0);
  y3 = v128.xor(rotate(y3, 17), y0);
  x2 = i32x4.add(x2, x1);
  y2 = i32x4.add(y2, y1);
  x1 = v128.xor(rotate(x1, 11), x2);
  y1 = v128.xor(rotate(y1, 11), y2);
  x0 = i32x4.add(x0, x1);
  y0 = i32x4.add(y0, y1);
  x1 = v128.xor(rotate(x1, 25), x0);
  y1 = v128.xor(rotate(y1, 25), y0);
  x2 = i32x4.add(x2, x3);
  y2 = i32x4.add(y2, y3);
  x3 = v128.xor(rotate(x3, 10), x2);
  y3 = v128.xor(rotate(y3, 10), y2);
  x0 = i32x4.add(x0, x3);
  y0 = i32x4.add(y0, y3);
  x3 = v128.xor(rotate(x3, 18), x0);
  y3 = v128.xor(rotate(y3, 18), y0);
  x2 = i32x4.add(x2, x1);
  y2 = i32x4.add(y2, y1);
  x1 = v128.xor(rotate(x1, 20), x2);
  y1 = v128.xor(rotate(y1, 20), y2);

  added = i32x4.add(k0, i32x4.splat(2));
  x0 = i32x4.add(x0, k2);
  y0 = i32x4.add(y0, k2);
  x1 = i32x4.add(x1, k3);
  y1 = i32x4.add(y1, k3);
  x2 = i32x4.add(x2, k4);
  y2 = i32x4.add(y2, k4);
  x3 = i32x4.add(x3, added);
  y3 = i32x4.add(y3, added);

  x0 = i32x4.add(x0, x1);
  y0 = i32x4.add(y0, y1);
  x1 = v128.xor(rotate(x1, 10), x0);
  y1 = v128.xor(rotate(y1, 10), y0);
  x2 = i32x4.add(x2, x3);
  y2 = i32x4.add(y2, y3);
  x3 = v128.xor(rotate(x3, 26), x2);
  y3 = v128.xor(rotate(y3, 26), y2);
  x0 = i32x4.add(x0, x3);
  y0 = i32x4.add(y0, y3);
  x3 = v128.xor(rotate(x3, 11), x0);
  y3 = v128.xor(rotate(y3, 11), y0);
  x2 = i32x4.add(x2, x1);
  y2 = i32x4.add(y2, y1);
  x1 = v128.xor(rotate(x1, 21), x2);
  y1 = v128.xor(rotate(y1, 21), y2);
  x0 = i32x4.add(x0, x1);
  y0 = i32x4.add(y0, y1);
  x1 = v128.xor(rotate(x1, 13), x0);
  y1 = v128.xor(rotate(y1, 13), y0);
  x2 = i32x4.add(x2, x3);
  y2 = i32x4.add(y2, y3);
  x3 = v128.xor(rotate(x3, 27), x2);
  y3 = v128.xor(rotate(y3, 27), y2);
  x0 = i32x4.add(x0, x3);
  y0 = i32x4.add(y0, y3);
  x3 = v128.xor(rotate(x3, 23), x0);
  y3 = v128.xor(rotate(y3, 23), y0);
  x2 = i32x4.add(x2, x1);
  y2 = i32x4.add(y2, y1);
  x1 = v128.xor(rotate(x1, 5), x2);
  y1 = v128.xor(rotate(y1, 5), y2);

  added = i32x4.add(k1, i32x4.splat(3));
  x0 = i32x4.add(x0, k3);
  y0 = i32x4.add(y0, k3);
  x1 = i32x4.add(x1, k4);
  y1 = i32x4.add(y1, k4);
  x2 = i32x4.add(x2, k0);
  y2 = i32x4.add(y2, k0);
  x3 = i32x4.add(x3, added);
  y3 = i32x4.add(y3, added);

  x0 = i32x4.add(x0, x1);
  y0 = i32x4.add(y0, y1);
  x1 = v128.xor(rotate(x1, 6), x0);
  y1 = v128.xor(rotate(y1, 6), y0);
  x2 = i32x4.add(x2, x3);
  y2 = i32x4.add(y2, y3);
  x3 = v128.xor(rotate(x3, 20), x2);
  y3 = v128.xor(rotate(y3, 20), y2);
  x0 = i32x4.add(x0, x3);
  y0 = i32x4.add(y0, y3);
  x3 = v128.xor(rotate(x3, 17), x0);
  y3 = v128.xor(rotate(y3, 17), y0);
  x2 = i32x4.add(x2, x1);
  y2 = i32x4.add(y2, y1);
  x1 = v128.xor(rotate(x1, 11), x2);
  y1 = v128.xor(rotate(y1, 11), y2);
  x0 = i32x4.add(x0, x1);
  y0 = i32x4.add(y0, y1);
  x1 = v128.xor(rotate(x1, 25), x0);
  y1 = v128.xor(rotate(y1, 25), y0);
  x2 = i32x4.add(x2, x3);
  y2 = i32x4.add(y2, y3);
  x3 = v128.xor(rotate(x3, 10), x2);
  y3 = v128.xor(rotate(y3, 10), y2);
  x0 = i32x4.add(x0, x3);
  y0 = i32x4.add(y0, y3);
  x3 = v128.xor(rotate(x3, 18), x0);
  y3 = v128.xor(rotate(y3, 18), y0);
  x2 = i32x4.add(x2, x1);
  y2 = i32x4.add(y2, y1);
  x1 = v128.xor(rotate(x1, 20), x2);
  y1 = v128.xor(rotate(y1, 20), y2);

  added = i32x4.add(k2, i32x4.splat(4));
  x0 = i32x4.add(x0, k4);
  y0 = i32x4.add(y0, k4);
  x1 = i32x4.add(x1, k0);
  y1 = i32x4.add(y1, k0);
  x2 = i32x4.add(x2, k1);
  y2 = i32x4.add(y2, k1);
  x3 = i32x4.add(x3, added);
  y3 = i32x4.add(y3, added);

  x0 = i32x4.add(x0, x1);
  y0 = i32x4.add(y0, y1);
  x1 = v128.xor(rotate(x1, 10), x0);
  y1 = v128.xor(rotate(y1, 10), y0);
  x2 = i32x4.add(x2, x3);
  y2 = i32x4.add(y2, y3);
  x3 = v128.xor(rotate(x3, 26), x2);
  y3 = v128.xor(rotate(y3, 26), y2);
  x0 = i32x4.add(x0, x3);
  y0 = i32x4.add(y0, y3);
  x3 = v128.xor(rotate(x3, 11), x0);
  y3 = v128.xor(rotate(y3, 11), y0);
  x2 = i32x4.add(x2, x1);
  y2 = i32x4.add(y2, y1);
  x1 = v128.xor(rotate(x1, 21), x2);
  y1 = v128.xor(rotate(y1, 21), y2);
  x0 = i32x4.add(x0, x1);
  y0 = i32x4.add(y0, y1);
  x1 = v128.xor(rotate(x1, 13), x0);
  y1 = v128.xor(rotate(y1, 13), y0);
  x2 = i32x4.add(x2, x3);
  y2 = i32x4.add(y2, y3);
  x3 = v128.xor(rotate(x3, 27), x2);
  y3 = v128.xor(rotate(y3, 27), y2);
  x0 = i32x4.add(x0, x3);
  y0 = i32x4.add(y0, y3);
  x3 = v128.xor(rotate(x3, 23), x0);
  y3 = v128.xor(rotate(y3, 23), y0);
  x2 = i32x4.add(x2, x1);
  y2 = i32x4.add(y2, y1);
  x1 = v128.xor(rotate(x1, 5), x2);
  y1 = v128.xor(rotate(y1, 5), y2);

  added = i32x4.add(k3, i32x4.splat(5));
  x0 = i32x4.add(x0, k0);
  y0 = i32x4.add(y0, k0);
  x1 = i32x4.add(x1, k1);
  y1 = i32x4.add(y1, k1);
  x2 = i32x4.add(x2, k2);
  y2 = i32x4.add(y2, k2);
  x3 = i32x4.add(x3, added);
  y3 = i32x4.add(y3, added);

  const limit = i32x4.splat(<i32> threshold);
  storeMasks(to, x0, x1, x2, x3, limit);
  storeMasks(to + 64, y0, y1, y2, y3, limit);
}

/** Transposes 4 by 4: from one vector per word to one vector per block. */
function storeMasks(
  to: usize,
  word0: v128,
  word1: v128,
  word2: v128,
  word3: v128,
  limit: v128,
): void {
  const m0 = i32x4.ge_u(word0, limit);
  const m1 = i32x4.ge_u(word1, limit);
  const m2 = i32x4.ge_u(word2, limit);
  const m3 = i32x4.ge_u(word3, limit);
  const low01 = v128.shuffle<i32>(m0, m1, 0, 4, 1, 5);
  const high01 = v128.shuffle<i32>(m0, m1, 2, 6, 3, 7);
  const low23 = v128.shuffle<i32>(m2, m3, 0, 4, 1, 5);
  const high23 = v128.shuffle<i32>(m2, m3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(low01, low23, 0, 2));
  v128.store(to, v128.shuffle<i64>(low01, low23, 1, 3), 16);
  v128.store(to, v128.shuffle<i64>(high01, high23, 0, 2), 32);
  v128.store(to, v128.shuffle<i64>(high01, high23, 1, 3), 48);
}
