/** What is done to a file's bytes on every engine: no Deno here. */

/** True when a stream that starts with `head` is gzip. IDX starts with zeros. */
export function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

/** SHA-256 as 64 lower-case hexadecimal digits. */
export async function sha256Hex(
  bytes: Uint8Array<ArrayBuffer>,
): Promise<string> {
  // Browsers withhold it from pages that came over plain HTTP from another
  // machine: the phones in a classroom.
  const subtle: SubtleCrypto | undefined = crypto.subtle;
  const digest = subtle === undefined
    ? await sha256Slowly(bytes)
    : new Uint8Array(await subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}

/** In JavaScript, with pauses in which a page can breathe. */
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
 * @throws {RangeError} when it comes to more or fewer bytes.
 * @throws {TypeError} when it is damaged or truncated.
 */
export async function gunzip(
  compressed: Uint8Array<ArrayBuffer>,
  size: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const out = new Uint8Array(size);
  let length = 0;
  // Stops at the first byte too many, so that a small file cannot fill memory.
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

/** In one piece it would be decompressed in one piece, beside its result. */
const SLICE = 1 << 18;

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
 * The chunks of a stream; leaving the loop early cancels it. Written out since
 * Safari cannot iterate over streams.
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
    // A stream that failed rejects the cancelling too: its error is thrown
    // already.
    if (!ended) await reader.cancel().catch(() => {});
    reader.releaseLock();
  }
}
