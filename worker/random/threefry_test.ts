import assert from "node:assert/strict";
import { fillThreefry4x32, threefry4x32 } from "./threefry.ts";

const words = (line: string) => line.split(" ").map((w) => parseInt(w, 16));

function four(values: number[]): [number, number, number, number] {
  const [a, b, c, d] = values;
  assert(
    a !== undefined && b !== undefined && c !== undefined && d !== undefined,
  );
  return [a, b, c, d];
}

Deno.test("threefry4x32 gives Random123's known answers", () => {
  // The three lines "threefry4x32 20" of Random123 1.14.0, tests/kat_vectors
  // (DEShawResearch/random123): counter, key, answer.
  const lines = [
    "00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 9c6ca96a e17eae66 fc10ecd4 5256a7d8",
    "ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff 2a881696 57012287 f6c7446e a16a6732",
    "243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0 082efa98 ec4e6c89 59cd1dbb b8879579 86b5d00c ac8b6d84",
  ];
  for (const line of lines) {
    const all = words(line);
    const counter = four(all.slice(0, 4));
    const key = four(all.slice(4, 8));
    assert.deepEqual(threefry4x32(key, counter), all.slice(8));
  }
});

Deno.test("fillThreefry4x32 writes consecutive blocks one after another", () => {
  const key = [1, 2, 3, 4] as const;
  const out = fillThreefry4x32(key, [7, 5, 6, 0], new Uint32Array(12));
  for (let block = 0; block < 3; block++) {
    assert.deepEqual(
      [...out.subarray(4 * block, 4 * block + 4)],
      threefry4x32(key, [7 + block, 5, 6, 0]),
    );
  }
});

Deno.test("fillThreefry4x32 of any length is a prefix of a longer one", () => {
  const key = [9, 8, 7, 6] as const;
  const long = fillThreefry4x32(key, [0, 1, 2, 0], new Uint32Array(16));
  for (let length = 0; length <= 16; length++) {
    const short = fillThreefry4x32(
      key,
      [0, 1, 2, 0],
      new Uint32Array(length),
    );
    assert.deepEqual([...short], [...long.subarray(0, length)]);
  }
});

Deno.test("fillThreefry4x32 wraps the block number at 2**32", () => {
  const key = [0, 0, 0, 0] as const;
  const out = fillThreefry4x32(key, [0xffff_ffff, 0, 0, 0], new Uint32Array(8));
  assert.deepEqual([...out.subarray(4)], threefry4x32(key, [0, 0, 0, 0]));
});
