import assert from "node:assert/strict";
import { readBytes } from "./read_bytes.ts";

const stream = (...chunks: number[][]) =>
  ReadableStream.from(chunks.map((chunk) => new Uint8Array(chunk)));

Deno.test("readBytes reads up to its limit and returns null for more", async () => {
  const seen: number[] = [];
  const onBytes = (received: number) => void seen.push(received);
  assert.deepEqual(
    await readBytes(stream([1, 2], [3]), 3, { onBytes }),
    new Uint8Array([1, 2, 3]),
  );
  assert.deepEqual(seen, [2, 3]);
  assert.equal(await readBytes(stream([1, 2], [3, 4]), 3), null);
});

Deno.test("readBytes reads more bytes than it allocates at first, in order", async () => {
  const chunks = Array.from(
    { length: 9 },
    (_, i) => new Uint8Array(7000 + i).fill(i),
  );
  assert.deepEqual(
    await readBytes(ReadableStream.from(chunks), 1e6),
    new Uint8Array(await new Blob(chunks).arrayBuffer()),
  );
});

Deno.test("readBytes returns the bytes so far when it is aborted", async () => {
  const abort = new AbortController();
  const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => controller.enqueue(new Uint8Array([1])),
  });
  const onBytes = () => abort.abort();
  const read = await readBytes(endless, 9, { onBytes, signal: abort.signal });
  assert.deepEqual(read, new Uint8Array([1]));
});
