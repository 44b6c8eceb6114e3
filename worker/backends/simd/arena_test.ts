import assert from "node:assert/strict";
import { Arena } from "./arena.ts";

const memory = () => new WebAssembly.Memory({ initial: 1 });

Deno.test("Arena: blocks in use never overlap, whatever their sizes", () => {
  const arena = new Arena(memory(), 1000);
  const blocks: { from: number; to: number }[] = [];
  for (let i = 0; i < 200; i++) {
    const bytes = (i * i * 37) % 5000 + 1;
    const from = arena.allocate(bytes);
    assert.equal(from % 64, 0);
    assert(from >= 1000);
    blocks.push({ from, to: from + bytes });
  }
  blocks.sort((a, b) => a.from - b.from);
  blocks.forEach(({ to }, i) => {
    const next = blocks[i + 1];
    assert(next === undefined || to <= next.from);
  });
  assert(arena.totalBytes >= (blocks.at(-1)?.to ?? 0));
});

Deno.test("Arena: a freed block is reused by the next request of its size", () => {
  const arena = new Arena(memory(), 0);
  const first = arena.allocate(100_000);
  arena.release(first, 100_000);
  assert.equal(arena.allocate(99_900), first);
  assert.notEqual(arena.allocate(100_000), first);
});

Deno.test("Arena: repeating the same requests does not grow the memory", () => {
  const arena = new Arena(memory(), 0);
  const sizes = [1, 64, 1000, 262_144, 802_816, 3_136_000];
  const round = () => {
    const taken = sizes.map((bytes) => ({ bytes, at: arena.allocate(bytes) }));
    for (const { bytes, at } of taken) arena.release(at, bytes);
  };
  round();
  const before = arena.totalBytes;
  for (let i = 0; i < 100; i++) round();
  assert.equal(arena.totalBytes, before);
  assert.equal(arena.usedBytes, 0);
});

Deno.test("Arena: throws a RangeError if the engine has no more memory", () => {
  const full = new WebAssembly.Memory({ initial: 1, maximum: 2 });
  const arena = new Arena(full, 0);
  assert.throws(() => arena.allocate(1 << 20), {
    name: "RangeError",
    message: /cannot grow beyond 65536 bytes/,
  });
  assert.equal(arena.usedBytes, 0);
});
