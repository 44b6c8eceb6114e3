import { ProblemError } from "./problems.ts";

/**
 * A request's body if it has exactly so many bytes. One that says or turns out
 * to be of another length is not read any further.
 *
 * @param seconds Within which all of it has to be here.
 */
export async function readExactly(
  request: Request,
  length: number,
  seconds: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const stated = request.headers.get("content-length");
  if (request.body === null) return null;
  const reader = request.body.getReader();
  const giveUp = () => void reader.cancel().catch(() => {});
  if (stated !== null && stated !== String(length)) {
    giveUp();
    return null;
  }
  const late = Promise.withResolvers<never>();
  late.promise.catch(() => {});
  const timer = setTimeout(() => {
    late.reject(
      new ProblemError(
        "body-too-slow",
        `the weights did not come within ${Math.round(seconds)} s; send them ` +
          "again over a better connection",
        { headers: { connection: "close" } },
      ),
    );
    giveUp();
  }, seconds * 1000);
  const bytes = new Uint8Array(length);
  let received = 0;
  try {
    while (true) {
      const { done, value } = await Promise.race([reader.read(), late.promise]);
      if (done) return received === length ? bytes : null;
      if (received + value.length > length) {
        giveUp();
        return null;
      }
      bytes.set(value, received);
      received += value.length;
    }
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw new ProblemError(
      "invalid-request",
      "the weights broke off before their end; send them again",
      { headers: { connection: "close" } },
    );
  } finally {
    clearTimeout(timer);
  }
}
