/** Bytes that are set aside at first: `most` may be far more than comes. */
const FIRST = 16 * 1024;

/**
 * Reads a stream to its end into memory. Null: it is longer than `most` bytes;
 * the rest of it is cancelled.
 *
 * @param onBytes Told after each chunk how many bytes are there.
 * @param signal Cancels the stream; what came until then is returned.
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
  // A stream that failed rejects this too; its error is thrown by `read`.
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
