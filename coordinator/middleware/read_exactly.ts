/**
 * A request's body if it has exactly so many bytes. One that says or turns out
 * to be of another length is not read any further.
 */
export async function readExactly(
  request: Request,
  length: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const stated = request.headers.get("content-length");
  if (request.body === null) return null;
  if (stated !== null && stated !== String(length)) {
    await request.body.cancel();
    return null;
  }
  const bytes = new Uint8Array(length);
  let received = 0;
  // Leaving the loop cancels what is still to come.
  for await (const chunk of request.body) {
    if (received + chunk.length > length) return null;
    bytes.set(chunk, received);
    received += chunk.length;
  }
  return received === length ? bytes : null;
}
