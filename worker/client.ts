import { hc } from "hono/client";
import type * as z from "zod";
import {
  PROTOCOL_HEADER,
  REASON_HEADER,
  type SwarmApi,
  WEIGHTS_TYPE,
} from "../protocol/endpoints.ts";
import {
  CompleteResponse,
  Lease,
  NoLeaseReason,
  RegisterResponse,
  RenewResponse,
} from "../protocol/lease.ts";
import { systemReason } from "../protocol/error_text.ts";
import { urlAt } from "../protocol/pages.ts";
import { readBytes } from "../protocol/read_bytes.ts";
import { Problem } from "../protocol/problem.ts";
import type { ServedFile } from "../protocol/study.ts";
import { PROTOCOL_VERSION } from "../protocol/version.ts";
import {
  ForeignAnswerError,
  LostAnswerError,
  ProblemError,
  type SwarmClient,
  UnreachableError,
} from "./session/swarm_client.ts";

/** Where the coordinator is, and how long to wait for it. */
export interface ClientOptions {
  /**
   * The coordinator's address: `http://127.0.0.1:8000`, or with a proxy's path,
   * `https://example.org/swarm`.
   */
  readonly url: string;
  /** Default: the engine's own. */
  readonly fetch?: typeof fetch;
  /** For one call, its answer's body included. Default 20 000. */
  readonly timeoutMilliseconds?: number;
  /** A signal that aborts after so many milliseconds. `AbortSignal.timeout` */
  readonly timeLimit?: (milliseconds: number) => AbortSignal;
  /** Without a byte of a data file for as long, it is given up. 30 000. */
  readonly stallMilliseconds?: number;
}

/** The coordinator over HTTP. */
export interface HttpClient extends SwarmClient {
  /**
   * A data file's compressed bytes: as many as the answer says, or else as the
   * manifest does.
   *
   * @throws {UnreachableError} when it does not come whole.
   * @throws {ProblemError} when the coordinator does not have it.
   */
  data(
    file: ServedFile,
    onBytes: (received: number) => void,
    signal: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * A client of the coordinator at an address. The only place of a worker that
 * calls `fetch`: each answer is checked against its schema, each failure is
 * one of the errors that {@link SwarmClient} names. It repeats nothing.
 */
export function createClient(options: ClientOptions): HttpClient {
  const { url, timeoutMilliseconds = 20_000, stallMilliseconds = 30_000 } =
    options;
  const { timeLimit = (ms: number) => AbortSignal.timeout(ms) } = options;
  const fetcher = withoutRedirects(
    options.fetch ?? ((input, init) => fetch(input, init)),
  );
  const api = hc<SwarmApi>(url, {
    fetch: fetcher,
    headers: { [PROTOCOL_HEADER]: String(PROTOCOL_VERSION) },
  }).api;

  /** What the client of one call is told besides its arguments. */
  interface Sending {
    readonly headers: Record<string, string>;
    readonly init: { readonly signal: AbortSignal };
  }
  const call = async <Answer>(
    send: (sending: Sending) => Promise<Response>,
    read: (response: Response) => Promise<Answer>,
    signal: AbortSignal,
    token?: string,
    milliseconds = timeoutMilliseconds,
  ): Promise<Answer> => {
    const headers: Record<string, string> = token === undefined
      ? {}
      : { authorization: `Bearer ${token}` };
    const limit = timeLimit(milliseconds);
    const init = { signal: AbortSignal.any([signal, limit]) };
    try {
      signal.throwIfAborted();
      const response = await send({ headers, init });
      if (!response.ok) throw await failure(response);
      return await read(response);
    } catch (error) {
      signal.throwIfAborted();
      if (limit.aborted) {
        throw new LostAnswerError(
          `no answer within ${milliseconds / 1000} s: ${url}`,
        );
      }
      throw asUnreachable(error, url);
    }
  };

  /** A slow line needs its time: 16 KiB a second will do. */
  const uploadMilliseconds = ({ byteLength }: ArrayBuffer) =>
    timeoutMilliseconds + Math.ceil(byteLength / 16);

  const lease = api.leases[":leaseId"];
  return {
    register: (json, signal) =>
      call(
        (sending) => api.workers.$post({ json }, sending),
        reader(RegisterResponse),
        signal,
      ),
    acquire: (token, json, signal) =>
      call(
        (sending) => api.leases.$post({ json }, sending),
        async (response) =>
          response.status === 204
            ? noLease(response)
            : { lease: await reader(Lease)(response) },
        signal,
        token,
      ),
    renew: (token, leaseId, json, signal) =>
      call(
        (sending) => lease.renew.$post({ param: { leaseId }, json }, sending),
        reader(RenewResponse),
        signal,
        token,
      ),
    report: (token, leaseId, json, signal) =>
      call(
        (sending) => lease.report.$post({ param: { leaseId }, json }, sending),
        reader(RenewResponse),
        signal,
        token,
      ),
    uploadWeights: (token, leaseId, { attempt, bytes }, signal) =>
      call(
        ({ headers, init }) =>
          lease.weights.$put({
            param: { leaseId },
            query: { attempt: String(attempt) },
          }, {
            headers: { ...headers, "content-type": WEIGHTS_TYPE },
            init: { ...init, body: bytes },
          }),
        nothing,
        signal,
        token,
        uploadMilliseconds(bytes),
      ),
    complete: (token, leaseId, json, signal) =>
      call(
        (sending) =>
          lease.complete.$post({ param: { leaseId }, json }, sending),
        reader(CompleteResponse),
        signal,
        token,
      ),
    release: (token, leaseId, json, signal) =>
      call(
        (sending) => lease.release.$post({ param: { leaseId }, json }, sending),
        nothing,
        signal,
        token,
      ),
    leave: (token, signal) =>
      call(
        ({ headers, init }) =>
          // Sent even while the page is being closed.
          api.workers.me.$delete({}, {
            headers,
            init: { ...init, keepalive: true },
          }),
        nothing,
        signal,
        token,
      ),
    data: (file, onBytes, signal) =>
      download(fetcher, url, file, stallMilliseconds, onBytes, signal),
  };
}

/**
 * Every call of a worker stays at the address that the volunteer named: a
 * redirect could make it call other machines of the volunteer's network.
 */
function withoutRedirects(fetcher: typeof fetch): typeof fetch {
  return async (input, init) => {
    const response = await fetcher(input, { ...init, redirect: "manual" });
    // Pages are not told the status, nor where the redirect leads.
    const redirects = response.type === "opaqueredirect" ||
      [301, 302, 303, 307, 308].includes(response.status);
    if (!redirects) return response;
    await nothing(response);
    const asked = input instanceof Request ? input.url : String(input);
    const to = response.headers.get("location");
    throw new ForeignAnswerError(
      `${asked} redirects ${to === null ? "elsewhere" : `to ${to}`}, which a ` +
        "worker does not follow; if the coordinator is there, join it there",
    );
  };
}

/** Most bytes of an answer that is JSON; the longest real one has a few kB. */
const MOST_ANSWER = 1 << 20;

/** @throws {SyntaxError} if the body is no JSON, or longer than that. */
async function readJson({ body }: Response): Promise<unknown> {
  const bytes = body === null
    ? new Uint8Array()
    : await readBytes(body, MOST_ANSWER);
  if (bytes === null) throw new SyntaxError("too long");
  return JSON.parse(new TextDecoder().decode(bytes));
}

/** Reads a JSON body by its schema. */
function reader<Schema extends z.ZodType>(schema: Schema) {
  return async (response: Response): Promise<z.infer<Schema>> => {
    const body = await readJson(response).catch((error) => {
      if (error instanceof SyntaxError) throw foreign(response, "no JSON");
      throw error;
    });
    const parsed = schema.safeParse(body);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    throw foreign(
      response,
      `JSON of another form (${issue?.path.join(".") || "body"})`,
    );
  };
}

async function nothing(response: Response): Promise<void> {
  await response.body?.cancel();
}

async function noLease(response: Response) {
  await nothing(response);
  const reason = NoLeaseReason.safeParse(response.headers.get(REASON_HEADER));
  if (!reason.success) throw foreign(response, `no header ${REASON_HEADER}`);
  const retryAfterSeconds = retryAfter(response) ?? 5;
  return { lease: null, reason: reason.data, retryAfterSeconds };
}

/** The error that a status of 400 or more stands for. */
async function failure(response: Response): Promise<Error> {
  const body = await readJson(response).catch(() => null);
  const problem = Problem.safeParse(body);
  if (problem.success) {
    return new ProblemError(problem.data, retryAfter(response));
  }
  if (response.status === 429 || response.status >= 500) {
    // A proxy in between speaks for a coordinator that it cannot reach.
    return new LostAnswerError(
      `${response.url} answered with ${statusText(response)}`,
      retryAfter(response),
    );
  }
  return foreign(response, statusText(response));
}

function foreign(response: Response, what: string): ForeignAnswerError {
  const isPage = response.headers.get("content-type")?.includes("html");
  return new ForeignAnswerError(
    `${response.url} answered with ${isPage ? "a web page, " : ""}${what}; ` +
      "check the address and its port",
  );
}

/** What a server or a proxy that is no coordinator means by its status. */
const statuses: ReadonlyMap<number, string> = new Map([
  [401, "it wants a password"],
  [403, "it forbids that"],
  [404, "it has no such address"],
  ...[502, 503, 504].map((status) =>
    [status, "a proxy does not reach what is behind it; try later"] as const
  ),
]);

function statusText({ status }: Response): string {
  const meaning = statuses.get(status);
  return `HTTP ${status}${meaning === undefined ? "" : ` (${meaning})`}`;
}

/** Seconds; null without the header, or with a date in it. */
function retryAfter(response: Response): number | null {
  const seconds = Number(response.headers.get("retry-after") ?? "");
  return seconds > 0 ? Math.min(Math.max(seconds, 1), 3600) : null;
}

/** What engines throw for a network that fails, as one of our errors. */
function asUnreachable(error: unknown, url: string): unknown {
  if (error instanceof UnreachableError || error instanceof ProblemError) {
    return error;
  }
  // Deno and browsers alike; other errors are faults of the program.
  if (!(error instanceof TypeError)) return error;
  const said = `${url}: ${networkReason(error)}`;
  return isUnconnected(error)
    ? new UnreachableError(said)
    : new LostAnswerError(said);
}

/** Whether there was no connection. Deno says so; browsers never tell. */
function isUnconnected({ message, cause }: TypeError): boolean {
  const words = cause instanceof Error ? cause.message : message;
  return words.includes("client error (Connect)");
}

/**
 * The same content can come in another size: compressed by another program,
 * from another coordinator of a fleet. gzip never makes it much longer.
 */
function lengthOf(
  { headers }: Response,
  { compressedBytes, bytes }: ServedFile,
): number {
  const length = Number(headers.get("content-length") ?? "");
  const plausible = length > 0 && length <= 1024 + 1.01 * bytes;
  return plausible ? length : compressedBytes;
}

async function download(
  fetcher: typeof fetch,
  url: string,
  file: ServedFile,
  stallMilliseconds: number,
  onBytes: (received: number) => void,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const stall = new AbortController();
  const rearm = () =>
    setTimeout(
      () => stall.abort(new UnreachableError(`${file.path}: no data comes`)),
      stallMilliseconds,
    );
  let timer = rearm();
  try {
    const response = await fetcher(urlAt(url, file.path), {
      signal: AbortSignal.any([signal, stall.signal]),
    });
    if (!response.ok || response.body === null) throw await failure(response);
    const length = lengthOf(response, file);
    const bytes = await readBytes(response.body, length, {
      onBytes(received) {
        clearTimeout(timer);
        timer = rearm();
        onBytes(received);
      },
    });
    if (bytes === null) throw foreign(response, `more than ${length} bytes`);
    if (bytes.length === length) return bytes;
    throw new UnreachableError(
      `${file.path}: ${bytes.length} of ${length} bytes came`,
    );
  } catch (error) {
    signal.throwIfAborted();
    if (stall.signal.aborted) throw stall.signal.reason;
    throw asUnreachable(error, url);
  } finally {
    clearTimeout(timer);
  }
}

/** What to do about a reason that Deno gives for a failed `fetch`. */
const networkAdvice: readonly (readonly [reason: RegExp, advice: string])[] = [
  [/corrupt message/, "it does not speak https; use http://"],
  [
    /invalid HTTP version/,
    "it does not speak http; use https:// or another port",
  ],
  [/unexpected message/, "it does not speak http; check the port"],
  [/NotValidForName/, "its certificate is another name's; check the address"],
  [/Expired/, "its certificate has expired, or this machine's clock is wrong"],
  [/peer certificate/, "this machine does not trust its certificate"],
  [
    /Connection refused/,
    "no program listens there; check the port, which is 80 or 443 where none " +
    "is given",
  ],
  [
    /Connection reset|closed before message completed/,
    "it ended the connection; check the port, and whether it is http:// or " +
    "https://",
  ],
  [/dns error/, "no machine has this name; check the address"],
  [/ports? \d+ (is|are) blocked/, "neither Deno nor a browser calls this port"],
  [/number of redirects/, "it redirects in a circle; check the address"],
  [/unreachable|No route/, "this machine has no way there; check the network"],
  [/timed out/, "no machine answers there; check the address"],
];

/**
 * Why a `fetch` failed, in the fewest words: Deno puts the reason into the
 * cause, behind the address and its own layers; browsers tell no reason.
 */
export function networkReason(error: Error): string {
  const { message } = error.cause instanceof Error ? error.cause : error;
  const reason = systemReason(message)
    .replace(/^.*client error \(\w+\): |^Fetch failed: /, "")
    .replace(/^tcp connect error: /, "");
  const advice = networkAdvice.find(([pattern]) => pattern.test(reason))?.[1];
  return advice === undefined ? reason : `${advice} (${reason})`;
}
