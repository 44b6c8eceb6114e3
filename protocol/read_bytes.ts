/** Bytes allocated at first: `most` may be far more than arrives. */
const FIRST = 16 * 1024;

/**
 * Reads a stream to its end into memory. Returns null if it is longer than
 * `most` bytes, and cancels the rest.
 *
 * @param onBytes Called after each chunk with the number of bytes so far.
 * @param signal Cancels the stream; the bytes so far are returned.
 */
export async function readBytes(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  most: number,
  { onBytes, signal }: {
    readonly onBytes?: (received: number) => void;
    readonly signal?: AbortSignal;
  } = {},
): Promise<Uint8Array<ArrayBuffer> | null> {
  const reader = stream.getReader();
  // If the stream failed, this rejects too; `read` throws the error.
  const cancel = () => void reader.cancel().catch(() => {});
  signal?.addEventListener("abort", cancel, { once: true });
  let bytes = new Uint8Array(Math.min(most, FIRST));
  let received = 0;
  while (true) {
    const { done, value } = await reader.read();
    if (done) return bytes.subarray(0, received);
    if (received + value.length > most) {
      cancel();
      return null;
    }
    const length = received + value.length;
    if (length > bytes.length) {
      const grown = new Uint8Array(
        Math.min(most, Math.max(length, 2 * bytes.length)),
      );
      grown.set(bytes.subarray(0, received));
      bytes = grown;
    }
    bytes.set(value, received);
    received = length;
    onBytes?.(received);
  }
}
