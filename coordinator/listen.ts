import type { Log } from "./swarm/log.ts";

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

/**
 * Serves HTTP, or says why it cannot. Where the system has no file descriptor
 * left for a new connection, Deno's server ends; this one ends the connections
 * that are idle, listens again on the same port, and goes on. Calls that are
 * under way come to their end meanwhile.
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
  const serve = (port: number) =>
    Deno.serve({ hostname: host, port, onListen: () => {} }, handler);
  let server: ReturnType<typeof serve>;
  try {
    server = serve(port);
  } catch (error) {
    throw startError(host, port, error) ?? error;
  }
  const bound = server.addr.port;
  const ended: Promise<void>[] = [];
  let stopping = false;
  let retry: ReturnType<typeof setTimeout> | undefined;

  function watch(): void {
    const mine = server;
    mine.finished.catch((error) => {
      if (stopping) return;
      log("error", "server ended, listening again", { error: `${error}` });
      // Closes what is idle; what is being answered is answered first.
      ended.push(mine.shutdown().catch(() => {}));
      again();
    });
  }

  function again(): void {
    retry = setTimeout(() => {
      try {
        server = serve(bound);
      } catch {
        return again();
      }
      watch();
    }, AGAIN);
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
      clearTimeout(retry);
      await Promise.all([server.shutdown(), ...ended]);
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
