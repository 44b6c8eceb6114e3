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

/**
 * Serves HTTP, or says why it cannot.
 *
 * @param port 0: any free one
 * @throws {StartError} where the address or the port is not to be had
 */
export function listen(
  host: string,
  port: number,
  handler: (request: Request) => Response | Promise<Response>,
): Listening {
  try {
    const server = Deno.serve(
      { hostname: host, port, onListen: () => {} },
      (request) => handler(request),
    );
    const local = host === "0.0.0.0"
      ? "127.0.0.1"
      : host === "::"
      ? "[::1]"
      : host.includes(":")
      ? `[${host}]`
      : host;
    return {
      url: `http://${local}:${server.addr.port}`,
      shutdown: () => server.shutdown(),
    };
  } catch (error) {
    throw startError(host, port, error) ?? error;
  }
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
