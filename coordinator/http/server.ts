import { systemReason } from "../../protocol/error_text.ts";
import type { Log } from "../service/log.ts";

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

/** Milliseconds between tries to listen again. */
const AGAIN = 100;

/** Milliseconds for running answers before all connections are closed. */
const GRACE = 1000;

/**
 * Serves HTTP, or says why it cannot. Deno's server ends when the system has no
 * file descriptor for a new connection. This one then waits a moment for
 * running answers, closes every connection and listens again on the same port.
 * Closing only idle connections is not enough: a client that requests a large
 * file and never reads it can hold a connection forever.
 *
 * @param port 0: any free port
 * @param log Receives a line for each restart.
 * @throws {StartError} if the address or the port is unavailable
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
