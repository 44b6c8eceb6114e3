import type { Log } from "../service/log.ts";

/** Cannot start: one line that says what to do, and no stack trace. */
export class StartError extends Error {
  override readonly name = "StartError";
}

/** A server that listens. */
export interface Listening {
  /** As this machine reaches it: `http://127.0.0.1:8000`. */
  readonly url: string;
  shutdown(): Promise<void>;
}

/** Answers a request; told who calls. */
export type Handler = (
  request: Request,
  info: { readonly remoteAddr: { readonly hostname: string } },
) => Response | Promise<Response>;

/** Milliseconds between tries to listen again. */
const AGAIN = 100;

/** Milliseconds that answers under way have before all connections are cut. */
const GRACE = 1000;

/**
 * Serves HTTP, or says why it cannot. Where the system has no file descriptor
 * left for a new connection, Deno's server ends; this one waits a moment for
 * the answers that are under way, cuts every connection, and listens again on
 * the same port. Cutting the idle ones alone is not enough: who asks for a
 * large file and never reads it holds a connection for as long as it likes.
 *
 * @param port 0: any free one
 * @param log Told of each such end.
 * @throws {StartError} where the address or the port is not to be had
 */
export function listen(
  host: string,
  port: number,
  handler: Handler,
  log: Log = () => {},
): Listening {
  const serve = (port: number) => {
    const cut = new AbortController();
    const { signal } = cut;
    const options = { hostname: host, port, onListen: () => {}, signal };
    return { server: Deno.serve(options, handler), cut: () => cut.abort() };
  };
  let current: ReturnType<typeof serve>;
  try {
    current = serve(port);
  } catch (error) {
    throw startError(host, port, error) ?? error;
  }
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
      log("error", "server ended, listening again", { error: `${error}` });
      later(GRACE, () => {
        cut();
        again();
      });
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

  watch();
  const local = host === "0.0.0.0"
    ? "127.0.0.1"
    : host === "::"
    ? "[::1]"
    : host.includes(":")
    ? `[${host}]`
    : host;
  return {
    url: `http://${local}:${bound}`,
    async shutdown() {
      stopping = true;
      clearTimeout(timer);
      // It may have ended just now.
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
      `port ${port} is taken on ${host}: stop what listens there, ` +
        "or name another with --port (0: any free one)",
    );
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return new StartError(
      `port ${port} is not allowed to this user: ` +
        "name one from 1024 up with --port",
    );
  }
  if (error instanceof Error) {
    return new StartError(
      `cannot listen on ${host}: ${error.message}; ` +
        "name an address of this machine with --host, 0.0.0.0 for all",
    );
  }
  return null;
}
