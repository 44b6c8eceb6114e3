/** Hashing and decompression that work in every engine, without Deno. */

/** True when a stream that starts with `head` is gzip. IDX starts with zeros. */
export function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

/** SHA-256 as 64 lower-case hexadecimal digits. */
export async function sha256Hex(
  bytes: Uint8Array<ArrayBuffer>,
): Promise<string> {
  // Browsers provide `crypto.subtle` only in secure contexts, so not to pages
  // loaded over plain HTTP from another machine, such as phones in a classroom.
  const subtle: SubtleCrypto | undefined = crypto.subtle;
  const digest = subtle === undefined
    ? await sha256Slowly(bytes)
    : new Uint8Array(await subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}

/** SHA-256 in JavaScript, with pauses for other work of the page. */
export async function sha256Slowly(bytes: Uint8Array): Promise<Uint8Array> {
  const { sha256 } = await import("@noble/hashes/sha2.js");
  const hash = sha256.create();
  for (let start = 0; start < bytes.length; start += 1 << 20) {
    hash.update(bytes.subarray(start, start + (1 << 20)));
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return hash.digest();
}

/**
 * Decompresses gzip into exactly `size` bytes.
 *
 * @throws {RangeError} if there are more or fewer bytes.
 * @throws {TypeError} if it is damaged or truncated.
 */
export async function gunzip(
  compressed: Uint8Array<ArrayBuffer>,
  size: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const out = new Uint8Array(size);
  let length = 0;
  // Stops at the first byte too many, so that a small file cannot fill the
  // memory.
  for await (
    const chunk of readChunks(
      slices(compressed).pipeThrough(new DecompressionStream("gzip")),
    )
  ) {
    if (length + chunk.length > size) {
      throw new RangeError(`decompresses to more than ${size} bytes`);
    }
    out.set(chunk, length);
    length += chunk.length;
  }
  if (length !== size) {
    throw new RangeError(`decompresses to ${length} bytes, not ${size}`);
  }
  return out;
}

/** Bytes per input chunk: a large one would produce one large output. */
const SLICE = 1 << 15;

function slices(
  bytes: Uint8Array<ArrayBuffer>,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let start = 0;
  return new ReadableStream({
    pull(controller) {
      if (start >= bytes.length) return controller.close();
      controller.enqueue(bytes.subarray(start, start + SLICE));
      start += SLICE;
    },
  });
}

/**
 * The chunks of a stream; leaving the loop early cancels it. Written as a
 * generator because Safari cannot iterate over streams.
 */
export async function* readChunks<Chunk>(
  stream: ReadableStream<Chunk>,
): AsyncGenerator<Chunk, void, void> {
  const reader = stream.getReader();
  let ended = false;
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) {
        ended = true;
        return;
      }
      yield value;
    }
  } finally {
    // A failed stream also rejects cancel; its error has already been thrown.
    if (!ended) await reader.cancel().catch(() => {});
    reader.releaseLock();
  }
}
