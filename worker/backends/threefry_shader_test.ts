import assert from "node:assert/strict";
import { fillThreefry4x32, type RandomKey } from "../random/threefry.ts";
import { THREEFRY_GLSL, THREEFRY_WGSL } from "./threefry_shader.ts";

/**
 * Runs the shader's statements as JavaScript: `+=` becomes addition modulo
 * 2**32, and numbers lose their `u` suffix.
 */
function run(source: string): (key: RandomKey, counter: RandomKey) => number[] {
  const body = source.split("\n").filter((line) => /^ {2}x\d /.test(line))
    .join("\n")
    .replaceAll(" >> ", " >>> ")
    .replaceAll(/(\w+) \+= ([^;]+);/g, "$1 = ($1 + $2) >>> 0;")
    .replaceAll(/(\d+)u\b/g, "$1");
  const calculate = new Function(
    ...["k0", "k1", "k2", "k3", "k4", "x0", "x1", "x2", "x3"],
    `${body}\nreturn [x0 >>> 0, x1 >>> 0, x2 >>> 0, x3 >>> 0];`,
  );
  return ([k0, k1, k2, k3], counter) => {
    const k4 = (0x1bd11bda ^ k0 ^ k1 ^ k2 ^ k3) >>> 0;
    return calculate(k0, k1, k2, k3, k4, ...counter);
  };
}

for (const [name, source] of Object.entries({ THREEFRY_WGSL, THREEFRY_GLSL })) {
  Deno.test(`${name} computes the generator's rounds for any key and counter`, () => {
    const shader = run(source);
    const words: RandomKey[] = [
      [0, 0, 0, 0],
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [1, 0x80000000, 3, 0x7fffffff],
    ];
    for (const key of words) {
      for (const counter of words) {
        const [a, b, c, d] = counter;
        const expected = fillThreefry4x32(
          key,
          [a, b, c, d],
          new Uint32Array(4),
        );
        assert.deepEqual(shader(key, counter), [...expected]);
      }
    }
  });
}
