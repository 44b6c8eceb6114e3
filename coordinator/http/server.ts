import { systemReason } from "../../protocol/error_text.ts";
import type { Log } from "../service/log.ts";
import {
  type ConnectionLimits,
  createConnections,
  defaultConnectionLimits,
} from "./limits/connections.ts";

/** The program cannot start. The message is one line that says what to do. */
export class StartError extends Error {
  override readonly name = "StartError";
}

/** A listening server. */
export interface Listening {
  /** The address for this machine: `http://127.0.0.1:8000`. */
  readonly url: string;
  shutdown(): Promise<void>;
}

/** Answers a request from a remote address. */
export type Handler = (
  request: Request,
  info: { readonly remoteAddr: { readonly hostname: string } },
) => Response | Promise<Response>;

export interface ListenOptions {
  /** Whose a connection is; null: it is not limited. Default: all are one's. */
  readonly ownerOf?: (hostname: string) => string | null;
  readonly limits?: Partial<ConnectionLimits>;
  /** Default: Deno's, if it has one. Null: without control of connections. */
  readonly serveOn?: ServeOn | null;
}

/**
 * Serves HTTP, or says why it cannot.
 *
 * @param port 0: any free port
 * @param log Receives a line when connections are cut.
 * @throws {StartError} if the address or the port is unavailable
 */
export function listen(
  host: string,
  port: number,
  handler: Handler,
  log: Log = () => {},
  options: ListenOptions = {},
): Listening {
  const { serveOn = findServeOn() } = options;
  try {
    const { port: bound, shutdown } = serveOn === null
      ? serveUncontrolled(host, port, handler, log)
      : serveControlled(host, port, handler, log, { ...options, serveOn });
    return { url: `http://${localHost(host)}:${bound}`, shutdown };
  } catch (error) {
    throw startError(host, port, error) ?? error;
  }
}

function localHost(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return host.includes(":") ? `[${host}]` : host;
}

interface Bound {
  readonly port: number;
  shutdown(): Promise<void>;
}

/**
 * Serves HTTP on one connection, as `Deno.serve` does on those that it accepts.
 * Deno exports it only to its own libraries. It is used because nothing else
 * closes a connection without closing all, at the same speed: `Deno.serve` has
 * no limit and no timeout for connections, and `node:http`, which has both,
 * answers a third of the requests.
 */
export type ServeOn = (
  connection: Deno.TcpConn,
  /** Its listener closes the connection at once, and throws if it is closed. */
  signal: {
    addEventListener(type: "abort", listener: () => void): void;
  },
  handler: (
    request: Request,
    info: { readonly completed: Promise<void> },
  ) => Promise<Response>,
  onError: (error: unknown) => Response,
  onListen: () => void,
) => { readonly finished: Promise<void>; shutdown(): Promise<void> };

/** Null if this version of Deno does not have it any more. */
function findServeOn(): ServeOn | null {
  const internals = Reflect.get(Deno, Reflect.get(Deno, "internal") ?? "");
  const found: unknown = typeof internals === "object" && internals !== null
    ? Reflect.get(internals, "serveHttpOnConnection")
    : null;
  return typeof found === "function" ? found as ServeOn : null;
}

/** Milliseconds between looks for connections that waited too long. */
const SWEEP = 1000;
/** Milliseconds until connections are accepted again after a failure. */
const PAUSE = 20;
/** Milliseconds between two log lines about descriptors. */
const QUIET = 60_000;

/** Accepts connections itself, and decides which are kept. */
function serveControlled(
  hostname: string,
  port: number,
  handler: Handler,
  log: Log,
  { serveOn, ownerOf = () => "", limits = {} }: ListenOptions & {
    readonly serveOn: ServeOn;
  },
): Bound {
  const listener = Deno.listen({ hostname, port });
  const connections = createConnections(
    { ...defaultConnectionLimits, ...limits },
    () => performance.now(),
  );
  const servers = new Set<ReturnType<ServeOn>>();
  let stopping = false;
  let toldAt = -Infinity;

  function open(connection: Deno.TcpConn): void {
    const { remoteAddr } = connection;
    let close = () => connection.close();
    const admitted = connections.admit(ownerOf(remoteAddr.hostname), () => {
      try {
        close();
      } catch {
        // It is closed already.
      }
    });
    if (admitted === null) return connection.close();
    const server = serveOn(
      connection,
      { addEventListener: (_, listener) => close = listener },
      async (request, { completed }) => {
        admitted.began();
        let last = false;
        const answered = () => admitted.answered(last);
        completed.then(answered, answered);
        const response = await handler(request, { remoteAddr });
        last = response.status >= 400 &&
          response.headers.get("connection") === "close";
        admitted.sending();
        return response;
      },
      (error) => {
        log("error", "request failed", { error: `${error}` });
        return new Response(null, { status: 500 });
      },
      () => {},
    );
    servers.add(server);
    server.finished.catch(() => {}).finally(() => {
      servers.delete(server);
      admitted.ended();
    });
  }

  async function accept(): Promise<void> {
    while (!stopping) {
      try {
        open(await listener.accept());
      } catch (error) {
        if (stopping) return;
        if (isExhausted(error)) {
          const before = connections.open;
          connections.exhausted();
          if (performance.now() - toldAt > QUIET) {
            toldAt = performance.now();
            log("warn", "no file descriptor is left: connections are cut", {
              open: before,
              kept: connections.open,
              remedy: "raise the limit, see ulimit -n",
            });
          }
        }
        // Or the other end has closed the connection again.
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
    }
  }

  const timer = setInterval(connections.sweep, SWEEP);
  Deno.unrefTimer(timer);
  accept();
  return {
    port: listener.addr.port,
    async shutdown() {
      if (stopping) return;
      stopping = true;
      clearInterval(timer);
      listener.close();
      await Promise.all([...servers].map((server) => server.shutdown()));
    },
  };
}

function isExhausted(error: unknown): boolean {
  return error instanceof Error && "code" in error &&
    (error.code === "EMFILE" || error.code === "ENFILE");
}

/** Milliseconds between tries to listen again. */
const AGAIN = 100;

/** Milliseconds for running answers before all connections are closed. */
const GRACE = 1000;

/**
 * Serves with `Deno.serve`, which ends when the system has no file descriptor
 * for a new connection. This then waits a moment for running answers, closes
 * every connection and listens again on the same port: among them may be many
 * of clients that request a large file and never read it.
 */
function serveUncontrolled(
  hostname: string,
  port: number,
  handler: Handler,
  log: Log,
): Bound {
  const serve = (port: number) => {
    const cut = new AbortController();
    const { signal } = cut;
    const options = { hostname, port, onListen: () => {}, signal };
    return { server: Deno.serve(options, handler), cut: () => cut.abort() };
  };
  let current = serve(port);
  const bound = current.server.addr.port;
  let stopping = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const later = (milliseconds: number, run: () => void) => {
    clearTimeout(timer);
    if (!stopping) timer = setTimeout(run, milliseconds);
  };

  function watch(): void {
    const { server, cut } = current;
    server.finished.catch((error) => {
      if (stopping) return;
      later(GRACE, () => {
        cut();
        again();
      });
      log("error", "server ended, listening again", { error: `${error}` });
    });
  }

  function again(): void {
    try {
      current = serve(bound);
    } catch {
      return later(AGAIN, again);
    }
    watch();
  }

  log("warn", "this version of Deno does not let connections be limited");
  watch();
  return {
    port: bound,
    async shutdown() {
      stopping = true;
      clearTimeout(timer);
      // It may already have ended.
      await current.server.shutdown().catch(() => {});
    },
  };
}

function startError(
  host: string,
  port: number,
  error: unknown,
): StartError | null {
  if (error instanceof Deno.errors.AddrInUse) {
    return new StartError(
      `port ${port} is in use on ${host}: stop the other program, ` +
        "or choose another port with --port (0: any free one)",
    );
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return new StartError(
      `this user may not use port ${port}: ` +
        "choose a port from 1024 up with --port",
    );
  }
  if (error instanceof Error) {
    const reason = systemReason(error);
    const why = /lookup address/.test(reason)
      ? "no machine has this name"
      : /assign requested address/.test(reason)
      ? "this machine does not have this address"
      : reason;
    return new StartError(
      `cannot listen on ${host}: ${why}; ` +
        "choose an address of this machine with --host, 0.0.0.0 for all",
    );
  }
  return null;
}
