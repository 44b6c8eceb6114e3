/**
 * Threefry-4x32 with 20 rounds, as statements that are valid in both WGSL and
 * GLSL ES 3.00: both compute with uint32 modulo 2**32. See `random/threefry.ts`
 * for the algorithm and its source. Tests compare both implementations.
 */

/** Left rotations of each round's two pairs, in order. */
const ROTATIONS = [
  [10, 26],
  [11, 21],
  [13, 27],
  [23, 5],
  [6, 20],
  [17, 11],
  [25, 10],
  [18, 20],
] as const;

const ROUNDS = 20;

/** Adds four words of the key schedule to x0 to x3, all uint32 in scope. */
function statements(): string {
  const lines = ["x0 += k0; x1 += k1; x2 += k2; x3 += k3;"];
  const mix = (a: number, b: number, left: number) =>
    `x${a} += x${b}; ` +
    `x${b} = ((x${b} << ${left}u) | (x${b} >> ${32 - left}u)) ^ x${a};`;
  for (let round = 0; round < ROUNDS; round++) {
    const [first, second] = ROTATIONS[round % ROTATIONS.length] ?? [0, 0];
    const [a, b] = round % 2 === 0 ? [1, 3] : [3, 1];
    lines.push(mix(0, a, first), mix(2, b, second));
    if (round % 4 !== 3) continue;
    const injection = (round + 1) / 4;
    for (let i = 0; i < 4; i++) {
      const count = i === 3 ? ` + ${injection}u` : "";
      lines.push(`x${i} += k${(injection + i) % 5}${count};`);
    }
  }
  return lines.map((line) => `  ${line}`).join("\n");
}

/** `fn threefry(key: vec4<u32>, counter: vec4<u32>) -> vec4<u32>`. */
export const THREEFRY_WGSL = `
fn threefry(key : vec4<u32>, counter : vec4<u32>) -> vec4<u32> {
  let k0 = key.x; let k1 = key.y; let k2 = key.z; let k3 = key.w;
  let k4 = 0x1bd11bdau ^ k0 ^ k1 ^ k2 ^ k3;
  var x0 = counter.x; var x1 = counter.y;
  var x2 = counter.z; var x3 = counter.w;
${statements()}
  return vec4<u32>(x0, x1, x2, x3);
}`;

/** `uvec4 threefry(uvec4 key, uvec4 counter)`. */
export const THREEFRY_GLSL = `
uvec4 threefry(uvec4 key, uvec4 counter) {
  uint k0 = key.x; uint k1 = key.y; uint k2 = key.z; uint k3 = key.w;
  uint k4 = 0x1bd11bdau ^ k0 ^ k1 ^ k2 ^ k3;
  uint x0 = counter.x; uint x1 = counter.y;
  uint x2 = counter.z; uint x3 = counter.w;
${statements()}
  return uvec4(x0, x1, x2, x3);
}`;
