import { messageOf } from "../../protocol/error_text.ts";
/**
 * A volunteer's own connection to the coordinator: kept alive between calls,
 * one call at a time, as from a separate machine. Through Deno's `fetch` ten
 * thousand volunteers would share a few dozen connections. It supports only the
 * part of HTTP/1.1 that a coordinator without a proxy uses.
 */
export interface OwnConnection {
  /** For `createClient`. */
  readonly fetch: typeof fetch;
  close(): void;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Received bytes, and where the unread ones begin. */
interface Incoming {
  bytes: Uint8Array<ArrayBuffer>;
  start: number;
  end: number;
}

/**
 * @param address The caller's address, as a proxy would send it, because
 * volunteers on one machine share its real address. Only a coordinator that
 * trusts a proxy on this machine uses it.
 */
export function ownConnection(url: string, address: string): OwnConnection {
  const { hostname, port, host } = new URL(url);
  let connection: Deno.TcpConn | null = null;
  let turn: Promise<unknown> = Promise.resolve();

  const close = () => {
    try {
      connection?.close();
    } catch {
      // Already closed by the call that broke it.
    }
    connection = null;
  };

  const exchange = async (
    input: RequestInfo | URL,
    init: RequestInit = {},
  ): Promise<Response> => {
    const { signal } = init;
    signal?.throwIfAborted();
    signal?.addEventListener("abort", close, { once: true });
    try {
      connection ??= await Deno.connect({ hostname, port: Number(port) });
      const open = connection;
      if (signal?.aborted) close();
      await writeAll(open, request(String(input), init));
      return await readResponse(open);
    } catch (error) {
      close();
      signal?.throwIfAborted();
      // An engine's fetch throws this when the network fails.
      throw new TypeError(messageOf(error));
    } finally {
      signal?.removeEventListener("abort", close);
    }
  };

  const request = (input: string, init: RequestInit): Uint8Array => {
    const { pathname, search } = new URL(input);
    const headers = new Headers(init.headers);
    headers.set("host", host);
    headers.set("x-forwarded-for", address);
    const body = bytesOf(init.body);
    if (body !== null) headers.set("content-length", String(body.length));
    const lines = [...headers].map(([name, value]) => `${name}: ${value}\r\n`);
    const head = encoder.encode(
      `${init.method ?? "GET"} ${pathname}${search} HTTP/1.1\r\n` +
        `${lines.join("")}\r\n`,
    );
    if (body === null) return head;
    const whole = new Uint8Array(head.length + body.length);
    whole.set(head);
    whole.set(body, head.length);
    return whole;
  };

  return {
    fetch: (input, init) => {
      const answer = turn.then(() => exchange(input, init));
      turn = answer.catch(() => {});
      return answer;
    },
    close,
  };
}

function bytesOf(body: BodyInit | null | undefined): Uint8Array | null {
  if (body === undefined || body === null) return null;
  if (typeof body === "string") return encoder.encode(body);
  if (body instanceof Uint8Array) return body;
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  throw new RangeError("the connection sends only text and bytes as a body");
}

async function writeAll(to: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) {
    sent += await to.write(bytes.subarray(sent));
  }
}

async function readResponse(from: Deno.TcpConn): Promise<Response> {
  const incoming: Incoming = { bytes: new Uint8Array(2048), start: 0, end: 0 };
  const [statusLine, ...lines] = (await readUntil(from, incoming, "\r\n\r\n"))
    .split("\r\n");
  const status = Number(statusLine?.split(" ")[1]);
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  if (status === 204 || status === 304) {
    return new Response(null, { status, headers });
  }
  const body = headers.get("transfer-encoding") === "chunked"
    ? await readChunks(from, incoming)
    : await readBytes(from, incoming, Number(headers.get("content-length")));
  return new Response(body, { status, headers });
}

async function readChunks(
  from: Deno.TcpConn,
  incoming: Incoming,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  while (true) {
    const size = parseInt(await readUntil(from, incoming, "\r\n"), 16);
    const chunk = await readBytes(from, incoming, size);
    await readUntil(from, incoming, "\r\n");
    if (size === 0) break;
    chunks.push(chunk);
  }
  return await new Blob(chunks).bytes();
}

/** The text before a mark; consumes the mark too. */
async function readUntil(
  from: Deno.TcpConn,
  incoming: Incoming,
  mark: string,
): Promise<string> {
  while (true) {
    const { bytes, start, end } = incoming;
    const text = decoder.decode(bytes.subarray(start, end));
    // Heads are ASCII: one character is one byte.
    const place = text.indexOf(mark);
    if (place >= 0) {
      incoming.start += place + mark.length;
      return text.slice(0, place);
    }
    await readMore(from, incoming);
  }
}

async function readBytes(
  from: Deno.TcpConn,
  incoming: Incoming,
  count: number,
): Promise<Uint8Array<ArrayBuffer>> {
  while (incoming.end - incoming.start < count) await readMore(from, incoming);
  const { bytes, start } = incoming;
  incoming.start += count;
  return bytes.slice(start, start + count);
}

async function readMore(from: Deno.TcpConn, incoming: Incoming): Promise<void> {
  if (incoming.end === incoming.bytes.length) {
    const larger = new Uint8Array(2 * incoming.bytes.length);
    larger.set(incoming.bytes);
    incoming.bytes = larger;
  }
  const count = await from.read(incoming.bytes.subarray(incoming.end));
  if (count === null) throw new Error("the connection was closed");
  incoming.end += count;
}
