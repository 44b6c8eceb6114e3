import assert from "node:assert/strict";
import {
  byteLevels,
  checkBytes,
  checkLargest,
  checkRange,
  createUploads,
  orderNumbers,
} from "./gpu_kernels.ts";

function device(most: number) {
  const log: string[] = [];
  const uploads = createUploads({
    upload: ({ name }: { name: string }) => {
      log.push(`+${name}`);
      return name;
    },
    free: (name) => log.push(`-${name}`),
    most,
  });
  const [a, b, c] = ["a", "b", "c"].map((name) => ({ name }));
  assert(a && b && c);
  return { log, uploads, a, b, c };
}

Deno.test("createUploads uploads an array once while it is kept", () => {
  const { log, uploads, a, b } = device(2);
  for (const source of [a, b, a, b, a]) {
    assert.equal(uploads.of(source), source.name);
  }
  assert.deepEqual(log, ["+a", "+b"]);
});

Deno.test("createUploads frees the least recently used copy", () => {
  const { log, uploads, a, b, c } = device(2);
  for (const source of [a, b, a, c, b]) uploads.of(source);
  assert.deepEqual(log, ["+a", "+b", "+c", "-b", "+b", "-a"]);
});

Deno.test("createUploads tells arrays apart by identity, not by content", () => {
  const { log, uploads, a } = device(2);
  uploads.of(a);
  uploads.of({ ...a });
  assert.deepEqual(log, ["+a", "+a"]);
});

Deno.test("createUploads keeps nothing after a failed upload", () => {
  let fails = true;
  const freed: string[] = [];
  const uploads = createUploads({
    upload: ({ name }: { name: string }) => {
      if (fails) throw new RangeError("too large");
      return name;
    },
    free: (name) => freed.push(name),
    most: 1,
  });
  const source = { name: "a" };
  assert.throws(() => uploads.of(source), { message: "too large" });
  fails = false;
  assert.equal(uploads.of(source), "a");
  assert.deepEqual(freed, []);
});

Deno.test("byteLevels are byte / 255 as float32", () => {
  const levels = byteLevels();
  assert.equal(levels.length, 256);
  levels.forEach((level, byte) => assert.equal(level, Math.fround(byte / 255)));
});

Deno.test("checkRange, checkLargest and checkBytes refuse what is out of range", () => {
  const order = Uint32Array.of(3, 0, 2);
  checkRange(order, 0, 3);
  checkRange(order, 3, 0);
  for (const [start, count] of [[1, 3], [-1, 2], [0, -1], [NaN, 1]]) {
    assert.throws(() => checkRange(order, start ?? 0, count ?? 0), RangeError);
  }
  assert.equal(orderNumbers(order).largest, 3);
  assert.deepEqual(orderNumbers(order).numbers, Int32Array.of(3, 0, 2));
  checkLargest(3, 4);
  assert.throws(() => checkLargest(3, 3), {
    message: "gather: the order names image 3 of 3",
  });
  checkBytes(2 ** 31 - 1);
  assert.throws(() => checkBytes(2 ** 31), RangeError);
  assert.throws(() => checkBytes(101, 100), {
    message: "gather: this device can hold at most 100 bytes of images: 101",
  });
});
